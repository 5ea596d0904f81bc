"""FelixConfigurations for some nodes: those that overlap, those for no node, and ends of tunnels that differ."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import Breach, find
from callint.objects import Intent
from manifests import calico, calico_node, cluster_of

NEW = Target(release=(3, 32))
ALL_NODES = Intent(complete=("Node",))


def node(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}


def felix(name: str, selector: str | None = None, made: str | None = None, **spec: Any) -> dict[str, Any]:
    when = {"creationTimestamp": made} if made else {}
    return calico("FelixConfiguration", name, {**({"nodeSelector": selector} if selector else {}), **spec}, **when)


NODES = [node("a", rack="r1", disk="x"), node("b", rack="r2")]
VXLAN = calico("IPPool", "pods", {"cidr": "10.244.0.0/16", "vxlanMode": "Always"})


def told(problem: str, *objects: dict[str, Any], target: Target = NEW, check: str = "felix_scopes") -> list[Breach]:
    cluster = cluster_of([*NODES, *objects], target, ALL_NODES)
    return list(find(check)(cluster, {"problem": problem}))


@pytest.mark.parametrize(
    ("objects", "names"),
    [
        ([felix("x", "has(disk)", vxlanPort=1), felix("y", "has(rack)", vxlanPort=2)], ["y"]),
        ([felix("x", "has(rack)", vxlanPort=1), felix("y", "has(rack)", vxlanPort=2)], ["y"]),
        ([felix("x", "has(disk)", vxlanPort=1), felix("y", "has(rack)", vxlanPort=1)], []),
        ([felix("x", "has(disk)", vxlanPort=1), felix("y", "rack == 'r2'", vxlanPort=2)], []),
        ([felix("x", "has(disk)", vxlanPort=1), felix("y", "has(", vxlanPort=2)], []),
        ([felix("default", vxlanPort=1), felix("node.a", vxlanPort=2), felix("y", "has(rack)", vxlanPort=3)], []),
        (
            [
                felix("x", "has(disk)", "2026-01-02T00:00:00Z", vxlanPort=1),
                felix("y", "has(disk)", "2026-01-01T00:00:00Z", vxlanPort=2),
            ],
            ["x"],
        ),
    ],
)
def test_nodes_that_two_select(objects: list[dict[str, Any]], names: list[str]) -> None:
    assert [one.object and one.object.name for one in told("overlap", *objects)] == names
    assert told("overlap", *objects, target=Target(release=(3, 31))) == []


@pytest.mark.parametrize(
    ("objects", "path"),
    [
        ([felix("node.a", vxlanPort=8472)], ("spec", "vxlanPort")),
        ([felix("node.a", vxlanVNI=1)], ("spec", "vxlanVNI")),
        ([felix("x", "has(disk)", vxlanVNI=1)], ("spec", "vxlanVNI")),
        ([felix("x", "has(rack)", vxlanVNI=1)], None),
        ([felix("node.a", vxlanPort=4789)], None),
        ([felix("default", vxlanPort=8472), felix("node.a", vxlanPort=4789)], ("spec", "vxlanPort")),
        ([felix("default", vxlanPort=8472)], None),
        ([felix("node.c", vxlanPort=8472)], None),
        ([felix("node.a", vxlanPort=8472), calico_node(FELIX_VXLANPORT="4789")], None),
        ([felix("node.a", vxlanPort=8472), calico_node(FELIX_VXLANPORT="${PORT}")], None),
        ([felix("default", vxlanEnabled=False), felix("node.a", vxlanPort=8472)], None),
        ([felix("default", vxlanEnabled=True), felix("node.a", vxlanPort=8472)], ("spec", "vxlanPort")),
        ([felix("default", wireguardEnabled=True), felix("node.a", vxlanPort=8472)], None),
        ([felix("node.a", wireguardEnabled=True, vxlanPort=8472)], None),
        ([felix("node.a", wireguardListeningPort=1)], None),
        (
            [felix("default", wireguardEnabled=True), felix("node.a", wireguardListeningPort=1)],
            ("spec", "wireguardListeningPort"),
        ),
        ([felix("node.a", wireguardEnabled=True, wireguardListeningPort=1)], None),
        ([felix("default", wireguardEnabledV6=True), felix("node.a", wireguardListeningPort=1)], None),
    ],
)
def test_ends_of_a_tunnel(objects: list[dict[str, Any]], path: tuple[str, str] | None) -> None:
    assert [one.path for one in told("tunnel", VXLAN, *objects)] == [path] * bool(path)


@pytest.mark.parametrize(
    "spec", [{}, {"vxlanMode": "CrossSubnet"}, {"vxlanMode": "Always", "nodeSelector": "has(disk)"}]
)
def test_without_a_tunnel_for_sure_nothing_is_said(spec: dict[str, Any]) -> None:
    pool = calico("IPPool", "pods", {"cidr": "10.244.0.0/16", **spec})
    assert told("tunnel", pool, felix("node.a", vxlanPort=8472)) == []


@pytest.mark.parametrize(
    ("name", "selector", "release", "count"),
    [
        ("node.c", None, (3, 31), 1),
        ("node.a", None, (3, 31), 0),
        ("default", None, (3, 31), 0),
        ("x", "rack == 'r3'", (3, 32), 1),
        ("x", "rack == 'r2'", (3, 32), 0),
        ("x", "rack == 'r3'", (3, 31), 0),
    ],
)
def test_for_no_node(name: str, selector: str | None, release: tuple[int, int], count: int) -> None:
    found = told("felix", felix(name, selector), target=Target(release=release), check="usage")
    assert len(found) == count
    assert list(find("usage")(cluster_of([*NODES, felix("x", "rack == 'r3'")], NEW), {"problem": "felix"})) == []


def test_of_what_is_left_to_be_filled_in_nothing_is_said() -> None:
    open_ones = [felix("x", "rack != '${RACK}'", vxlanPort=1), felix("y", "rack != '${OTHER}'", vxlanPort=2)]
    nowhere = [felix("z", "rack == '${RACK}'"), felix("node.${NODE}")]
    for objects, check, problem in ((open_ones, "felix_scopes", "overlap"), (nowhere, "usage", "felix")):
        cluster = cluster_of([*NODES, *objects], NEW, ALL_NODES, judged=True)
        assert list(find(check)(cluster, {"problem": problem})) == []
