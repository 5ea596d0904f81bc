"""Patches of kustomize are no objects, and that they are not applied is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from callint import rule
from callint.config import Config
from callint.engine import Plan
from callint.intake.kustomize import patches
from callint.lint import lint
from callint.source import load, parse

PATCH = "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: pods}\nspec: {natOutgoing: false}\n"
POOL = PATCH.replace("natOutgoing: false", "cidr: 10.244.0.0/16")
HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


@pytest.mark.parametrize(
    ("file", "text", "files"),
    [
        ("prod/any.yaml", HEAD + "patches: [{path: a.yaml}, {path: ../b.yaml}]", {"prod/a.yaml", "b.yaml"}),
        ("prod/any.yaml", HEAD + "patchesStrategicMerge: [./a.yaml]", {"prod/a.yaml"}),
        ("prod/any.yaml", HEAD + "patchesJson6902: [{target: {kind: IPPool}, path: a.yaml}]", {"prod/a.yaml"}),
        ("kustomization.yaml", "patches: [{path: a.yaml}]", {"a.yaml"}),
        (
            "any.yaml",
            HEAD.replace("v1beta1", "v1alpha1").replace("Kustomization", "Component") + "patches: [{path: a}]",
            {"a"},
        ),
        ("any.yaml", HEAD + 'patches: [{patch: "- op: remove"}]\npatchesStrategicMerge: ["a: 1\\nb: 2"]', set()),
        ("any.yaml", "patches: [{path: a.yaml}]", None),
        ("any.yaml", HEAD + "resources: [a.yaml]\npatches: []", None),
        ("any.yaml", HEAD + "patches: {path: a.yaml}", None),
        ("any.yaml", HEAD + "patches: [5, null, [a.yaml], {path: [a.yaml]}]", set()),
    ],
)
def test_files_that_are_patches(file: str, text: str, files: set[str] | None) -> None:
    found, problems = patches(parse(text, file).documents)
    assert found == (files or set())
    assert len(problems) == (files is not None)


def test_a_patch_is_no_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in {"base": POOL, "prod": PATCH}.items():
        Path(name).mkdir()
        Path(name, "pool.yaml").write_text(text)
    found = {one.rule for one in report()}
    Path("prod", "kustomization.yaml").write_text("resources: [../base]\npatches: [{path: pool.yaml}]\n")
    assert (found, {one.rule for one in report()}) == ({"OBJ003", "REF001"}, {"SRC027"})


def report() -> tuple[object, ...]:
    return lint(load(["."]), Config(), Plan(rule.load())).report.findings
