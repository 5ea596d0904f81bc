"""`callint rules`: the catalogue."""

from __future__ import annotations

import click

from callint.cli import output


@click.command("rules")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--config", "config_file", metavar="FILE", help="Configuration; else callint.yaml is searched upwards.")
def command(form: str, config_file: str | None) -> None:
    """List the rules that callint ships and those of the configuration."""
    from callint.cli.catalogue import loaded
    from callint.report.catalogue import render_rules, render_rules_json

    rules = loaded(config_file)
    output.write(render_rules_json(rules) if form == "json" else render_rules(rules))
