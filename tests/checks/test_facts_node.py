"""Facts whose node the manifests call otherwise."""

from __future__ import annotations

import pytest

from callint.checks.facts_node import check
from manifests import cluster_of

ENDPOINT = """
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: lan}
spec: {node: NAME, interfaceName: lan0}
"""
NODE = """
---
apiVersion: v1
kind: Node
metadata: {name: NAME}
"""


def said(named: str, *facts: str, nodes: str = "") -> list[str]:
    cluster = cluster_of(
        ENDPOINT.replace("NAME", named) + nodes,
        facts="\n---\n".join(f"version: 1\nnode: {name}" for name in facts),
    )
    return [breach.message for breach in check(cluster, {})]


@pytest.mark.parametrize(
    ("named", "facts"),
    [
        ("router", "ruoter"),
        ("router", "routr"),
        ("router", "rourter"),
        ("router", "router.home.arpa"),
        ("router.home.arpa", "router"),
        ("router.home.arpa", "router.local"),
    ],
)
def test_nearly_the_name(named: str, facts: str) -> None:
    (message,) = said(named, facts)
    assert message == (
        f'these are facts of node "{facts}", which neither a Node nor a HostEndpoint names, did you mean "{named}"'
    )


@pytest.mark.parametrize(
    ("named", "facts"),
    [
        ("router", "router"),
        ("router", "jump"),
        ("worker1", "worker2"),
        ("worker12", "worker21"),
        ("worker1", "worker11"),
        ("edge-a", "edge-b"),
        ("north", "south"),
    ],
)
def test_another_node(named: str, facts: str) -> None:
    assert said(named, facts) == []


def test_a_node_that_has_facts_lacks_none() -> None:
    assert said("router", "router", "ruoter") == []


def test_a_name_that_a_node_bears_is_right() -> None:
    assert said("router", "ruoter", nodes=NODE.replace("NAME", "ruoter")) == []


def test_the_place_that_lacks_them_is_shown() -> None:
    (breach,) = check(cluster_of(ENDPOINT.replace("NAME", "router"), facts="version: 1\nnode: ruoter"), {})
    assert [(one.span.line, one.label) for one in breach.related] == [(5, "this node has no facts")]
