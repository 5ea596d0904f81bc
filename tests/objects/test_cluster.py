"""What definitions of one stored object are: the last one counts, and each further one is a duplicate."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target, parse_release
from callint.calico.kinds import V1
from callint.objects import Intent
from manifests import calico, cluster_of


def policy(name: str, **spec: Any) -> dict[str, Any]:
    return calico("GlobalNetworkPolicy", name, {"types": ["Ingress"], **spec})


@pytest.mark.parametrize(
    ("release", "first", "second", "one"),
    [
        ("v3.28", policy("web"), {**policy("default.web"), "apiVersion": V1}, True),
        ("v3.29", policy("web"), policy("default.web"), True),
        ("v3.31", policy("default.web", tier="default"), policy("web"), True),
        ("v3.31", policy("web"), policy("default.web", tier="security"), False),
        ("v3.31", calico("GlobalNetworkSet", "web", {}), calico("GlobalNetworkSet", "default.web", {}), False),
        ("v3.32", policy("web"), policy("default.web"), False),
    ],
)
def test_a_policy_is_one_with_that_of_its_name_behind_its_tier(
    release: str, first: dict[str, Any], second: dict[str, Any], one: bool
) -> None:
    cluster = cluster_of([first, second], Target(parse_release(release)))
    assert [(later.name, earlier.name) for later, earlier in cluster.duplicates] == (
        [(second["metadata"]["name"], first["metadata"]["name"])] if one else []
    )
    names = [first["metadata"]["name"], second["metadata"]["name"]]
    assert [found.name for found in cluster.of(first["kind"])] == (names[1:] if one else names)


def test_a_node_has_the_labels_that_the_kubelet_gives_it() -> None:
    manifests = """
apiVersion: v1
kind: Node
metadata: {name: one, labels: {rack: a}}
---
apiVersion: v1
kind: Node
metadata: {name: two, labels: {kubernetes.io/os: windows}}
---
apiVersion: v1
kind: Node
metadata: {name: three, uid: "1"}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: four}
"""
    nodes = cluster_of(manifests).nodes
    systems = {"kubernetes.io/os": "linux", "beta.kubernetes.io/os": "linux"}
    assert nodes["one"].labels == {"kubernetes.io/hostname": "one", "rack": "a", **systems}
    assert nodes["two"].labels == {"kubernetes.io/hostname": "two", **dict.fromkeys(systems, "windows")}
    assert not nodes["three"].labels, "the API server tells all of them"
    assert not nodes["four"].labels


@pytest.mark.parametrize(("name", "complete"), [("two", True), ("${NODE}", False), ("$(NODE)", False)])
def test_which_nodes_there_are_is_open_where_a_name_is(name: str, complete: bool) -> None:
    nodes = [calico("Node", one, {}) for one in ("one", name)]
    assert cluster_of(nodes, intent=Intent(complete=("Node",))).nodes_complete is complete
    assert not cluster_of(nodes).nodes_complete
