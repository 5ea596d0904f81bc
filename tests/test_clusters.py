"""Which of the configuration's clusters a file belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from callint import config, rule
from callint.engine import Plan
from callint.lint import DEFAULT, describe
from callint.source import load

POOL = "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: a}\nspec: {cidr: 10.0.0.0/16}\n"


def divided(folder: Path, configuration: str, files: list[str]) -> dict[str, list[str]]:
    """The files of each cluster."""
    (folder / "callint.yaml").write_text(configuration)
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(POOL)
    clusters = describe(load(files), config.load("callint.yaml"), DEFAULT, Plan(rule.load())).clusters
    return {cluster.name: [one.span().file for one in cluster.all] for cluster in clusters}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_deepest_folder_counts(folder: Path) -> None:
    text = "clusters:\n  all: {manifests: [.]}\n  a: {manifests: [a/]}\n  ab: {manifests: [a/b, c/x.yaml]}\n"
    files = ["a/b/x.yaml", "a/bb/x.yaml", "a/x.yaml", "b/x.yaml", "c/x.yaml", "c/y.yaml", "x.yaml"]
    assert divided(folder, text, files) == {
        "all": ["b/x.yaml", "c/y.yaml", "x.yaml"],
        "a": ["a/bb/x.yaml", "a/x.yaml"],
        "ab": ["a/b/x.yaml", "c/x.yaml"],
    }


def test_what_no_cluster_holds_is_a_cluster_of_its_own(folder: Path) -> None:
    text = "clusters:\n  a: {manifests: [a]}\n  b: {manifests: [b]}\n"
    assert divided(folder, text, ["a/x.yaml", "c/x.yaml"]) == {"a": ["a/x.yaml"], "default": ["c/x.yaml"]}


def test_one_cluster_holds_everything(folder: Path) -> None:
    assert divided(folder, "clusters: {a: {manifests: [a]}}\n", ["c/x.yaml"]) == {"a": ["c/x.yaml"]}


def test_manifests_by_pattern_and_by_absolute_path(folder: Path) -> None:
    text = f"clusters:\n  a: {{manifests: ['a/**/*.yaml']}}\n  b: {{manifests: ['?/b-*.yaml', {folder}/c]}}\n"
    files = ["a/d/x.yaml", "a/x.yaml", "b/b-x.yaml", "b/x.yaml", "c/x.yaml"]
    assert divided(folder, text, files) == {
        "a": ["a/d/x.yaml", "a/x.yaml"],
        "b": ["b/b-x.yaml", "c/x.yaml"],
        "default": ["b/x.yaml"],
    }
