"""Every rule file that callint ships has the form that schemas/rule.json describes, and the schema refuses others."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from callint import rule
from callint.catalogue import STAGES
from callint.checks.registry import CHECKS
from callint.source import parse

REPOSITORY = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((REPOSITORY / "schemas" / "rule.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
FILES = sorted((REPOSITORY / "rules").rglob("*.yaml"))

RULE: list[Any] = [
    {"id": "LAN001", "name": "pool-in-lan", "summary": "a pool lies in the LAN", "severity": "error", "check": "pool"},
    {
        "why": "because",
        "fix": "move it",
        "references": ["here"],
        "examples": [{"title": "one", "bad": "a: 1  # expect: LAN001", "good": "a: 2"}],
    },
]


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_rule_file_is_found() -> None:
    assert {Path(one.file).name for one in rule.load()} == {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rule_file_has_the_form(path: Path) -> None:
    documents = [document.value for document in parse(path.read_text("utf-8"), str(path)).documents]
    assert len(documents) == 2
    assert [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in VALIDATOR.iter_errors(documents)
    ] == []
    assert documents[0]["check"] in (*CHECKS, *STAGES)


def test_form_may_lack_the_explanation() -> None:
    assert VALIDATOR.is_valid(RULE)
    assert VALIDATOR.is_valid(RULE[:1])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((0, "id"), "lan1"),
        ((0, "id"), "LAN1"),
        ((0, "name"), "Pool in LAN"),
        ((0, "summary"), "a pool lies in the LAN."),
        ((0, "severity"), "fatal"),
        ((0, "with"), ["kind"]),
        ((0, "when"), "always"),
        ((0, "check"), None),
        ((1, "why"), " \n"),
        ((1, "references"), []),
        ((1, "examples"), []),
        ((1, "examples", 0, "good"), ""),
        ((1, "examples", 0, "format"), "toml"),
        ((1, "examples", 0, "expect"), "LAN001"),
    ],
)
def test_form_refuses(path: tuple[Any, ...], value: Any) -> None:
    documents = copy.deepcopy(RULE)
    *way, last = path
    holder: Any = documents
    for step in way:
        holder = holder[step]
    holder[last] = value
    assert not VALIDATOR.is_valid(documents)


@pytest.mark.parametrize("key", ["id", "name", "summary", "severity", "check"])
def test_form_needs_each_key_of_the_first_document(key: str) -> None:
    assert not VALIDATOR.is_valid([{name: value for name, value in RULE[0].items() if name != key}])


def test_a_hundred_slips_of_the_pen_are_looked_up_and_no_more() -> None:
    catalogue = rule.load()
    meant = [catalogue.meant(f"filter-missin{place}") for place in range(200)]
    assert meant[:100] == [', did you mean "filter-missing"'] * 100
    assert meant[100:] == [", `callint rules` lists them"] * 100
    assert catalogue.meant("filter-missin7") == ', did you mean "filter-missing"'
