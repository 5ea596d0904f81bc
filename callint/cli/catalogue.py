"""The rules that a command is about, with the user's own, or a decent ending."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from callint.cli import output

if TYPE_CHECKING:
    from callint.catalogue import Catalogue
    from callint.config import Config


def loaded(config_file: str | None) -> tuple[Catalogue, Config]:
    """The catalogue under the configuration given or found; ends with exit code 2 when one of them cannot be used."""
    from callint import config, rule
    from callint.catalogue import RuleError

    try:
        found = config.load(config_file) if config_file else config.sought(".")
        return rule.load(found.rule_paths), found
    except (config.ConfigError, RuleError) as error:
        output.fail(str(error))


def known(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """The ids and names with which a shell may go on from what is typed."""
    try:
        rules, _config = loaded(None)
    except (click.ClickException, OSError):  # nobody who types wants to be told of a configuration
        from callint.rule import load

        rules = load()
    names = [rule.id for rule in rules] + [rule.name for rule in rules]
    return [name for name in names if name.lower().startswith(begun.lower())]


def known_last(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """The same behind what is typed of a list up to its last comma."""
    before, comma, last = begun.rpartition(",")
    return [before + comma + name for name in known(context, parameter, last)]
