"""The rules that a command is about, with the user's own, or a decent ending."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from callint.cli import output

if TYPE_CHECKING:
    from callint.catalogue import Catalogue
    from callint.config import Config
    from callint.engine import Plan


def loaded(config_file: str | None) -> tuple[Catalogue, Config]:
    """The catalogue under the configuration given or found; ends with exit code 2 when one of them cannot be used."""
    from callint import config, rule
    from callint.catalogue import RuleError

    try:
        found = config.load(config_file) if config_file else config.sought(".")
        return rule.load(found.rule_paths), found
    except (config.ConfigError, RuleError) as error:
        output.fail(str(error))


def plan_of(config: Config, select: tuple[str, ...], disable: tuple[str, ...]) -> Plan:
    """Which rules run, by the configuration and then by what the command line selects and disables."""
    from callint.catalogue import RuleError
    from callint.config import ConfigError
    from callint.engine import Plan, Setting
    from callint.rule import load

    try:
        catalogue = load(config.rule_paths)
        settings = config.settings(catalogue)
    except (RuleError, ConfigError) as error:
        output.fail(str(error))

    def named(values: tuple[str, ...]) -> set[str]:
        found = set()
        for name in (name.strip() for value in values for name in value.split(",") if name.strip()):
            matching = {rule.id for rule in catalogue if name.lower() == rule.name or rule.id.startswith(name.upper())}
            if not matching:
                output.fail(f'"{name}" is no rule{catalogue.meant(name)}')
            found |= matching
        if values and not found:
            output.fail("a list of rules is empty, `callint rules` lists those there are")
        return found

    chosen, refused = named(select), named(disable)
    if chosen or refused:
        for rule in catalogue:
            setting = settings.get(rule.id, Setting())
            if rule.id in refused:
                settings[rule.id] = setting._replace(enabled=False)
            elif rule.id in chosen:
                settings[rule.id] = setting._replace(enabled=True)
            elif chosen:
                settings[rule.id] = setting._replace(selected=False)
    return Plan(catalogue, settings)


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
