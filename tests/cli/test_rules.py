"""`callint rules` lists what a run with the configuration found would do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from callint.cli import main


def listed(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["rules", *arguments])


def row(text: str, identifier: str) -> list[str]:
    return next(line.split()[:3] for line in text.splitlines() if line.startswith(identifier))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_rule_as_the_configuration_sets_it(here: Path) -> None:
    shipped = listed().output
    assert row(shipped, "BGP001") == ["BGP001", "error", "filter-missing"]
    (here / "callint.yaml").write_text("rules: {BGP001: off, defined-twice: info}\n")
    found = listed().output
    assert row(found, "BGP001") == ["BGP001", "off", "filter-missing"]
    assert row(found, "REF001") == ["REF001", "info", "defined-twice"]
    assert len(found.splitlines()) == len(shipped.splitlines())


def test_programs_are_told_the_same(here: Path) -> None:
    (here / "mine.yaml").write_text("rules: {BGP001: off, NAT002: {severity: info, problem: x}}\n")
    found = {one["id"]: one for one in json.loads(listed("--format", "json", "--config", "mine.yaml").stdout)}
    told = [(found[name]["enabled"], found[name]["severity"]) for name in ("BGP001", "NAT002", "NAT001")]
    assert told[:2] == [(False, "error"), (True, "info")]
    assert found["NAT002"]["parameters"] == {"problem": "x"}
    assert told[2][0] is True


def test_the_list_helps_where_the_configuration_names_no_rule(here: Path) -> None:
    (here / "callint.yaml").write_text("rules: {FORGED: off, BGP001: off}\n")
    found = listed()
    assert row(found.stdout, "BGP001") == ["BGP001", "error", "filter-missing"]
    assert found.stderr == 'callint: callint.yaml:1:9: "FORGED" is no rule, `callint rules` lists them\n'
    assert found.exit_code == 2
