"""The rules that a command is about, with the user's own, or a decent ending."""

from __future__ import annotations

from callint.cli import output
from callint.rule import Catalogue


def loaded(config_file: str | None) -> Catalogue:
    """The catalogue under the configuration given or found; ends with exit code 2 when one of them cannot be used."""
    from callint import config, rule

    try:
        file = config_file or config.find(".")
        return rule.load(config.load(file).rule_paths if file else ())
    except (config.ConfigError, rule.RuleError) as error:
        output.fail(str(error))
