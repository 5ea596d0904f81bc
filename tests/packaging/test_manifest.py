"""What the files that other programs read must say, without running those programs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import callint

KEYS = {"id", "name", "description", "entry", "language", "types_or", "always_run", "pass_filenames", "require_serial"}


@pytest.fixture(scope="module")
def hooks(repository: Path) -> dict[str, dict[str, Any]]:
    plain = yaml.safe_load((repository / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    return {hook["id"]: hook for hook in plain}


def test_both_hooks_check_the_whole_tree_in_one_process(hooks: dict[str, dict[str, Any]]) -> None:
    assert set(hooks) == {"callint", "callint-always"}
    for hook in hooks.values():
        assert set(hook) <= KEYS, "pre-commit only warns of a key that it does not know"
        assert (hook["entry"], hook["language"]) == ("callint check", "python")
        assert hook["pass_filenames"] is False
        assert hook["require_serial"] is True


def test_only_one_of_them_waits_for_a_manifest_to_change(hooks: dict[str, dict[str, Any]]) -> None:
    assert hooks["callint"]["types_or"] == ["yaml", "json"]
    assert "always_run" not in hooks["callint"]
    assert hooks["callint-always"]["always_run"] is True


def test_the_changelog_has_this_version(repository: Path) -> None:
    assert f"\n## {callint.__version__}" in (repository / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_dependency_is_explained_in_one_line(repository: Path) -> None:
    project = (repository / "pyproject.toml").read_text(encoding="utf-8")
    explained = (repository / "docs" / "dependencies.md").read_text(encoding="utf-8")
    named = {
        requirement.split(">=")[0]
        for line in project.splitlines()
        if line.startswith(("requires = ", "dependencies = ", "cel = ", "test = ", "dev = "))
        for requirement in re.findall(r'"([^"]+)"', line)
        if not requirement.startswith("callint[")
    }
    assert named >= {"click", "jsonschema", "PyYAML", "hatchling", "pytest", "mypy"}
    assert {name for name in named if f"\n| {name} |" not in explained} == set()
