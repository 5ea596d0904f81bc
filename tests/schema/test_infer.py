"""The release that manifests show of themselves."""

from __future__ import annotations

import pytest

from callint.schema.infer import inferred_release
from callint.source import parse

NODE = """
kind: DaemonSet
spec: {{template: {{spec: {{containers: [{{image: {image}}}]}}}}}}
"""


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("kind: ClusterInformation\nspec: {calicoVersion: v3.29.1}", (3, 29, 1)),
        ("kind: Installation\nstatus: {calicoVersion: v3.30.0}", (3, 30, 0)),
        (NODE.format(image="docker.io/calico/node:v3.28.2"), (3, 28, 2)),
        (NODE.format(image="quay.io/calico/node:v3.28"), (3, 28)),
        (NODE.format(image="calico/cni:v3.27.0") + "---" + NODE.format(image="calico/node:v3.28.0"), (3, 28, 0)),
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
    ],
)
def test_release(text: str, release: tuple[int, ...] | None) -> None:
    assert inferred_release(parse(text).documents) == release
