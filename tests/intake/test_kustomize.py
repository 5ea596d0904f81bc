"""Patches of kustomize are no objects, and that they are not applied is said; namespaces of kustomizations are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from callint import rule
from callint.config import Config
from callint.engine import Plan
from callint.finding import Finding
from callint.intake.judge import unjudged
from callint.intake.kustomize import built, kustomizations, namespaces, patches
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
        ("base/kustomization.yml", "patches: [{path: a.yaml}]", {"base/a.yaml"}),
        (
            "any.yaml",
            HEAD.replace("v1beta1", "v1alpha1").replace("Kustomization", "Component") + "patches: [{path: a}]",
            {"a"},
        ),
        ("any.yaml", HEAD + 'patches: [{patch: "- op: remove"}]\npatchesStrategicMerge: ["a: 1\\nb: 2"]', set()),
        ("any.yaml", "patches: [{path: a.yaml}]", None),
        ("any.yaml", HEAD + "resources: [a.yaml]\npatches: []", None),
        ("any.yaml", HEAD + "patches: {path: a.yaml}", None),
        ("any.yaml", HEAD + "replacements: [{source: {kind: ConfigMap}, targets: []}]", set()),
        ("any.yaml", HEAD + "patches: [5, null, [a.yaml], {path: [a.yaml]}]", set()),
    ],
)
def test_files_that_are_patches(file: str, text: str, files: set[str] | None) -> None:
    found, problems = patches(kustomizations(parse(text, file).documents))
    assert found == (files or set())
    assert [one.span.column for one in problems] == [1] * (files is not None)


def test_what_is_not_done_is_called_by_its_name() -> None:
    texts = "patches: [{path: a}]", "replacements: [{path: a}]", "replacements: [{path: a}]\npatches: [{path: b}]"
    found = [patches(kustomizations(parse(HEAD + text, "k.yaml").documents))[1] for text in texts]
    said = [one.message.split(",")[0] for problems in found for one in problems]
    assert said == ["these patches are not applied", "these replacements are not made", "these patches are not applied"]


def test_what_is_not_done_in_several_kustomizations_is_told_once() -> None:
    text = "---\n".join(HEAD + more for more in ("resources: [a]\n", *["patches: [{path: b}]\n"] * 3))
    (problem,) = patches(kustomizations(parse(text, "k.yaml").documents))[1]
    assert problem.message.endswith("is checked as it was before; so it is with 2 other kustomizations")


def test_a_patch_is_no_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in {"base": POOL, "prod": PATCH}.items():
        Path(name).mkdir()
        Path(name, "pool.yaml").write_text(text)
    found = {one.rule for one in report()}
    Path("prod", "kustomization.yaml").write_text("resources: [../base]\npatches: [{path: pool.yaml}]\n")
    assert (found, {one.rule for one in report()}) == ({"OBJ003", "REF001"}, {"SRC027"})


@pytest.mark.parametrize(
    ("tree", "found"),
    [
        ({"a": "namespace: shop\nresources: [x.yaml]"}, {"a/x.yaml": "shop"}),
        (
            {".": "namespace: shop\nresources: [x.yaml, a]", "a": "resources: [y.yaml]"},
            {"x.yaml": "shop", "a/y.yaml": "shop"},
        ),
        (
            {"a": "namespace: shop\nresources: [../b]", "b": "namespace: base\nresources: [x.yaml]"},
            {"b/x.yaml": "shop"},
        ),
        ({"a": "resources: [../b]", "b": "namespace: base\nresources: [x.yaml]"}, {"b/x.yaml": "base"}),
        (
            {
                "a": "namespace: one\nresources: [../b]",
                "b": "resources: [x.yaml]",
                "c": "resources: [../b]\nnamespace: two",
            },
            {},
        ),
        ({"a": "namespace: one\nresources: [../b]", "b": "resources: [x.yaml]", "c": "bases: [../b]"}, {}),
        ({"a": "namespace: shop\nresources: [../b]", "b": "resources: [../a, x.yaml]"}, {}),
        (
            {
                "a": "namespace: shop\nresources: [../b]",
                "b": "resources: [../c]",
                "c": "namespace: own\nresources: [../b, x.yaml]",
            },
            {"c/x.yaml": "shop"},
        ),
        ({"a": "namespace: ${SPACE}\nresources: [x.yaml]"}, {}),
        ({"a": "namespace: [shop]\nresources: {a: x.yaml}\ncomponents: [5, null]"}, {}),
    ],
)
def test_the_namespace_of_files(tree: dict[str, str], found: dict[str, str]) -> None:
    documents = [one for folder, text in tree.items() for one in parse(text, named(folder)).documents]
    taken = namespaces(kustomizations(documents))
    assert {path: namespace for path, namespace in taken.items() if path.endswith(".yaml")} == found


def named(folder: str) -> str:
    return "kustomization.yaml" if folder == "." else f"{folder}/kustomization.yaml"


NAMES = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: names}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {matchLabels: {k8s-app: kube-dns}}}]
      ports: [{port: 53, protocol: UDP}, {port: 53}]
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: names}
spec:
  selector: app == 'db'
  types: [Egress]
  egress:
    - {action: Allow, protocol: UDP, destination: {selector: k8s-app == 'kube-dns', ports: [53]}}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {name: friends, labels: {list: friends}}
spec: {nets: [192.0.2.0/24]}
"""


@pytest.mark.parametrize(("namespace", "said"), [("kube-system", []), ("shop", ["shop", "shop"])])
def test_objects_are_where_their_kustomization_puts_them(
    namespace: str, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policy.yaml").write_text(NAMES)
    Path("kustomization.yaml").write_text(f"namespace: {namespace}\nresources: [policy.yaml]\n")
    assert [one.object.namespace for one in report() if one.rule == "POL035" and one.object] == said
    assert not [one for one in report() if one.rule.startswith("OBJ")]


@pytest.mark.parametrize(
    ("kind", "namespaced"),
    [
        *((f"v1 {kind}", True) for kind in ("Pod", "Service", "ServiceAccount", "Secret", "ConfigMap")),
        *((f"apps/v1 {kind}", True) for kind in ("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet")),
        *((f"batch/v1 {kind}", True) for kind in ("Job", "CronJob")),
        *((f"rbac.authorization.k8s.io/v1 {kind}", True) for kind in ("Role", "RoleBinding")),
        *(("discovery.k8s.io/v1 EndpointSlice", True), ("networking.k8s.io/v1 NetworkPolicy", True)),
        *(("v1 Namespace", False), ("v1 Node", False), ("rbac.authorization.k8s.io/v1 ClusterRole", False)),
        *(("projectcalico.org/v3 NetworkSet", True), ("projectcalico.org/v3 GlobalNetworkSet", False)),
    ],
)
def test_what_is_put_into_a_namespace(kind: str, namespaced: bool) -> None:
    api, name = kind.split()
    document = parse(f"apiVersion: {api}\nkind: {name}\nmetadata: {{name: a}}\n", "a.yaml").documents
    (one,) = built(unjudged(document), frozenset(), {"a.yaml": "shop"})
    assert one.resource.namespace == ("shop" if namespaced else None)


@pytest.mark.parametrize(("working", "paths"), [(".", ["."]), ("base", [".", "../shop"]), ("shop", [".", "../base"])])
def test_what_a_kustomization_takes_in_is_the_same_from_everywhere(
    working: str, paths: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("base", "shop"):
        (tmp_path / folder).mkdir()
    (tmp_path / "base" / "policy.yaml").write_text(NAMES)
    (tmp_path / "base" / "patch.yaml").write_text("apiVersion: projectcalico.org/v3\nkind: IPPool\n")
    (tmp_path / "base" / "kustomization.yaml").write_text("resources: [policy.yaml]\n")
    taken = "namespace: kube-system\nresources: [../base]\npatches: [{path: ../base/patch.yaml}]\n"
    (tmp_path / "shop" / "kustomization.yaml").write_text(taken)
    monkeypatch.chdir(tmp_path / working)
    assert {one.rule for one in report(paths) if one.rule.startswith(("OBJ", "POL035", "SRC"))} == {"SRC027"}


def report(paths: Sequence[str] = (".",)) -> tuple[Finding, ...]:
    return lint(load(paths), Config(), Plan(rule.load())).report.findings
