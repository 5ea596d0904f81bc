"""The release that manifests show of themselves."""

from __future__ import annotations

import pytest

from callint.schema.infer import inferred_release
from callint.source import parse

NODE = """
kind: DaemonSet
spec: {{template: {{spec: {{containers: [{{image: {image}}}]}}}}}}
"""


FLUX = "kind: HelmRelease\nspec: {{chart: {{spec: {{chart: {chart}, version: {version}}}}}}}"


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("kind: ClusterInformation\nspec: {calicoVersion: v3.29.1}", (3, 29, 1)),
        ("kind: Installation\nstatus: {calicoVersion: v3.30.0}", (3, 30, 0)),
        (NODE.format(image="docker.io/calico/node:v3.28.2"), (3, 28, 2)),
        (NODE.format(image="quay.io/calico/node:v3.28"), (3, 28)),
        (NODE.format(image="calico/cni:v3.27.0") + "---" + NODE.format(image="calico/node:v3.28.0"), (3, 28, 0)),
        (NODE.format(image="calico/node:v3.28") + "---" + NODE.format(image="calico/cni:v3.28.0"), (3, 28)),
        (NODE.format(image="calico/node:v3.28.2@sha256:0b"), (3, 28, 2)),
        (NODE.format(image="docker.io/notcalico/node:v3.28.2"), None),
        (NODE.format(image="docker.io/other/web:v3.28.2"), None),
        (NODE.format(image="calico/node:latest"), None),
        ("kind: List\nitems: [{kind: Node}, {kind: ClusterInformation, spec: {calicoVersion: v3.29.1}}]", (3, 29, 1)),
        ("kind: ClusterInformationList\nitems: [{spec: {calicoVersion: v3.29.1}}]", (3, 29, 1)),
        ("kind: NodeList\nitems: [{spec: {calicoVersion: v3.29.1}}]", None),
        ("- {kind: Installation, status: {calicoVersion: v3.30.0}}", (3, 30, 0)),
        ("kind: ClusterInformation\nspec: {calicoVersion: v4.0.0}", None),
        ("kind: ClusterInformation\nspec: [calicoVersion]", None),
        ("kind: DaemonSet\nspec: {template: {spec: {containers: {image: a}}}}", None),
        ("- a", None),
        (FLUX.format(chart="tigera-operator", version="v3.30.2"), (3, 30, 2)),
        (FLUX.format(chart="tigera-operator", version="3.30.2"), (3, 30, 2)),
        (FLUX.format(chart="tigera-operator", version="'>=3.30.2'"), None),
        (FLUX.format(chart="tigera-operator", version="3.x"), None),
        (FLUX.format(chart="tigera-operator", version="[3]"), None),
        (FLUX.format(chart="other", version="v3.30.2"), None),
        ("kind: HelmRelease\nspec: {chart: [tigera-operator]}", None),
        ("kind: HelmChart\nspec: {chart: tigera-operator, version: v3.31.0}", (3, 31, 0)),
        ("kind: Application\nspec: {source: {chart: tigera-operator, targetRevision: 3.29.1}}", (3, 29, 1)),
        ("kind: Application\nspec: {sources: [a, {chart: tigera-operator, targetRevision: 3.29.1}]}", (3, 29, 1)),
        ("kind: Application\nspec: {sources: {chart: tigera-operator, targetRevision: 3.29.1}}", None),
        ("kind: OCIRepository\nspec: {url: oci://a.example/b/tigera-operator, ref: {tag: v3.31.1}}", (3, 31, 1)),
        ("kind: OCIRepository\nspec: {url: oci://a.example/b/other, ref: {tag: v3.31.1}}", None),
    ],
)
def test_release(text: str, release: tuple[int, ...] | None) -> None:
    assert inferred_release(parse(text).documents) == release
