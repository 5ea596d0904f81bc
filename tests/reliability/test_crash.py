"""A check that crashes is one finding, hides no other, and shows its traceback only to those who ask."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from callint import lint
from callint.checks.objects import duplicate
from callint.cli import main

TWICE = "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: a}\nspec: {cidr: 10.0.0.0/8, cird: 1}\n"


def crash(*_: object) -> None:
    raise RuntimeError("on purpose\n::error::second line")


@pytest.mark.parametrize("debug", [False, True])
def test_a_crash_is_one_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, debug: bool) -> None:
    monkeypatch.setattr(duplicate, "check", crash)
    file = tmp_path / "a.yaml"
    file.write_text(TWICE, encoding="utf-8")
    options = ["--debug"] if debug else []
    result = CliRunner().invoke(main, ["check", "--no-config", *options, str(file)])
    assert result.exit_code == 2
    assert result.stdout.count("check-crashed") == 1
    assert '"REF001 defined-twice" could not be checked: RuntimeError: on purpose' in result.stdout
    assert "unknown-field" in result.stdout
    assert ("Traceback" in result.output) is debug


@pytest.mark.parametrize(
    ("options", "environment", "debug"), [([], "", False), (["--debug"], "", True), ([], "1", True)]
)
def test_an_error_outside_of_checks_shows_its_traceback_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], environment: str, debug: bool
) -> None:
    monkeypatch.setattr(lint, "lint_together", crash)
    file = tmp_path / "a.yaml"
    file.write_text(TWICE, encoding="utf-8")
    arguments = ["check", "--no-config", "--no-cache", *options, str(file)]
    result = CliRunner().invoke(main, arguments, env={"CALLINT_DEBUG": environment})
    assert (result.exit_code, result.stdout) == (2, "")
    lines = result.stderr.splitlines()
    assert lines[-2] == r"callint: internal error: RuntimeError: on purpose\n::error::second line"
    assert ("Traceback (most recent call last):" in lines[:-2]) is debug
    assert (r"\::error::second line" in lines[:-2]) is debug
    assert lines[-1].startswith("callint: please report it, with ")


@pytest.mark.parametrize("reverse", [False, True])
def test_the_order_of_directory_listings_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reverse: bool
) -> None:
    for name in ("b/x.yaml", "a/y.yaml", "a/x.yaml", "c.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(TWICE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    expected = CliRunner().invoke(main, ["check", "--no-config", "."]).stdout
    listing = os.scandir

    class Listing:
        def __init__(self, path: str = ".") -> None:
            self.entries = iter(sorted(listing(path), key=lambda entry: entry.name, reverse=reverse))

        def __enter__(self) -> Listing:
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def __iter__(self) -> Iterator[os.DirEntry[str]]:
            return self.entries

        def __next__(self) -> os.DirEntry[str]:
            return next(self.entries)

        def close(self) -> None:
            return None

    monkeypatch.setattr(os, "scandir", Listing)
    assert CliRunner().invoke(main, ["check", "--no-config", "."]).stdout == expected
    assert "c.yaml" in expected
