"""`callint explain`: one rule, from the file that defines it, or one check, from its docstring."""

from __future__ import annotations

import click

from callint.cli import inputs, output
from callint.cli.catalogue import known, loaded


@click.command("explain")
@click.argument("rule", shell_complete=known)
@inputs.FORM
@inputs.CONFIGURATION
def command(rule: str, form: str, config_file: str | None) -> None:
    """Explain RULE, an id such as BGP001 or a name such as filter-missing.

    For who writes rules: the name of a check, such as reference, says what it looks for and which parameters it takes.
    """
    from callint.checks import CHECKS, find
    from callint.report.catalogue import render_check, render_check_json, render_rule, render_rule_json
    from callint.rule import text_of

    catalogue, _ = loaded(config_file)
    found = catalogue.get(rule.upper()) or catalogue.get(rule.lower())
    if found is None and rule in CHECKS:
        from inspect import getdoc

        about, users = getdoc(find(rule)) or "", [one.id for one in catalogue if one.check == rule]
        output.write((render_check_json if form == "json" else render_check)(rule, about, users))
        return
    if found is None:
        output.fail(f'"{rule}" is no rule{catalogue.meant(rule.lower(), CHECKS)}')
    text = text_of(found)
    output.write(render_rule_json(text) if form == "json" else render_rule(text))
