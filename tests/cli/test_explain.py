"""`callint explain` of a check: what it looks for, which parameters it takes, and which rules name it."""

from __future__ import annotations

import json
import re
from importlib import import_module

import pytest
from click.testing import CliRunner

from callint import rule
from callint.checks.registry import CHECKS
from callint.cli import main


def explained(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["explain", *arguments], prog_name="callint")
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


def test_a_check_is_explained() -> None:
    head, _, rest = explained("reference").partition("\n\n")
    assert head == "reference"
    assert rest.startswith("Names in `field` of each `kind` that no object of kind `to` bears.\n")
    assert rest.endswith("\nRules: BGP001\n")


def test_programs_are_told_the_same() -> None:
    told = json.loads(explained("usage", "--format", "json"))
    assert told.keys() == {"check", "about", "rules"}
    assert set(told["rules"]) == {one.id for one in rule.load() if one.check == "usage"}
    assert told["about"] in explained("usage")


@pytest.mark.parametrize("name", CHECKS)
def test_every_parameter_is_told(name: str) -> None:
    module = import_module(f"{CHECKS[name][0]}.{name.partition('-')[0]}")
    text = explained(name)
    for parameter in (*(getattr(module, "PARAMETERS", None) or ()), *getattr(module, "QUESTIONS", ())):
        assert re.search(rf"`{parameter}[`:]", text)


def test_no_rule_is_called_as_a_check() -> None:
    assert CHECKS.keys().isdisjoint(one.name for one in rule.load())
