"""`callint rules`: the catalogue."""

from __future__ import annotations

import click

from callint.cli import inputs, output
from callint.cli.catalogue import loaded


@click.command("rules")
@inputs.FORM
@inputs.CONFIGURATION
def command(form: str, config_file: str | None) -> None:
    """List the rules that callint ships and those of the configuration."""
    from callint.report.catalogue import render_rules, render_rules_json

    rules = loaded(config_file)
    output.write(render_rules_json(rules) if form == "json" else render_rules(rules))
