"""`callint rules`: the catalogue."""

from __future__ import annotations

import click

from callint.cli import inputs, output
from callint.cli.catalogue import loaded


@click.command("rules")
@inputs.FORM
@inputs.CONFIGURATION
def command(form: str, config_file: str | None) -> None:
    """List the rules that callint ships and those of the configuration, each as the configuration sets it."""
    from callint.config import ConfigError
    from callint.engine import Plan
    from callint.report.catalogue import render_rules, render_rules_json

    catalogue, config = loaded(config_file)
    plan, wrong = Plan(catalogue), None
    try:
        plan = Plan(catalogue, config.settings(catalogue))
    except ConfigError as error:  # it may name a rule that is none: the list helps to find the right one
        wrong = str(error)
    rules = [
        rule._replace(severity=plan.severity(rule), parameters=plan.parameters(rule), enabled=plan.enabled(rule))
        for rule in catalogue
    ]
    output.write(render_rules_json(rules) if form == "json" else render_rules(rules))
    if wrong:
        output.fail(wrong)
