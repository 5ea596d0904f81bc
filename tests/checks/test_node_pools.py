"""Nodes without a pool, and those whose address is no network."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.checks import Breach, find
from callint.objects import Intent
from callint.selector import parse
from callint.source import Limits
from manifests import calico, cluster_of, installation

COMPLETE = Intent(complete=("IPPool",))
RACKS = ("attic", "garage", "cellar")
SELECTORS = ("all()", "!all()", "rack == 'attic'", "rack != 'attic'", "rack in {'attic', 'garage'}", "has(rack)")


def pool(name: str, **spec: Any) -> dict[str, Any]:
    return calico("IPPool", name, {"cidr": "10.244.0.0/16", **spec})


def node(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}


def speaker(name: str, address: str) -> dict[str, Any]:
    return calico("Node", name, {"bgp": {"ipv6Address" if ":" in address else "ipv4Address": address}})


def told(problem: str, *objects: Any, intent: Intent | None = None) -> list[Breach]:
    return list(find("node_pools")(cluster_of(objects, intent=intent), {"problem": problem}))


USES = st.sampled_from(({}, {"disabled": True}, {"allowedUses": ["LoadBalancer"]}, {"assignmentMode": "Manual"}))


@given(
    pools=st.lists(st.tuples(st.sampled_from(SELECTORS), USES), max_size=4),
    racks=st.lists(st.sampled_from((*RACKS, "")), max_size=4),
    complete=st.booleans(),
)
def test_nodes_that_no_pool_selects(pools: list[tuple[str, dict[str, Any]]], racks: list[str], complete: bool) -> None:
    """Node by node and pool by pool."""
    objects = [pool(f"p{n}", nodeSelector=text, **uses) for n, (text, uses) in enumerate(pools)]
    labels = [{"rack": rack} if rack else {} for rack in racks]
    objects += [node(f"n{n}", **one) for n, one in enumerate(labels)]
    usable = [parse(text) for text, uses in pools if not uses]
    by_hand = [parse(text) for text, uses in pools if "assignmentMode" in uses and text != "all()"]
    served = [any(one.matches(mine) for one in usable) for mine in labels]
    left = [n for n, mine in enumerate(labels) if not any(one.matches(mine) for one in (*usable, *by_hand))]
    expected = pools and left and (complete or True in served)
    sure = [n for n in left if racks[n]]
    found = told("unserved", *objects, intent=COMPLETE if complete else None)
    assert [one.object.name for one in found if one.object] == ([f"n{(sure or left)[0]}"] if expected else [])
    giving = any(not uses or "assignmentMode" in uses for _, uses in pools)
    assert not expected or found[0].undecided is (giving and not sure)
    assert not expected or (f"and {len(sure or left) - 1} more" in found[0].message) is (len(sure or left) > 1)


def test_nodes_without_any_label_may_have_them_from_elsewhere() -> None:
    assert [one.undecided for one in told("unserved", *SPLIT, node("two"))] == [True]
    found = told("unserved", *SPLIT, node("two"), node("three", rack="cellar"))
    assert [(one.undecided, one.object.name) for one in found if one.object] == [(False, "three")]


def test_where_no_pool_gives_anything_labels_do_not_matter() -> None:
    every = [pool("old", disabled=True), pool("new", cidr="10.128.0.0/14", disabled=True)]
    assert told("unserved", *every, node("one")) == []
    (found,) = told("unserved", *every, node("one"), intent=COMPLETE)
    assert found.message.endswith('the pods of node "one": both IPPools are disabled, or for other uses')
    assert not found.undecided


def test_pools_for_the_same_nodes_are_asked_together() -> None:
    pools = [pool(f"p{number}", cidr=f"10.{number}.0.0/16", nodeSelector="rack != 'r1'") for number in range(30)]
    nodes = [node(f"n{number}", rack=f"r{number % 2 + 1}") for number in range(30)]
    cluster = cluster_of([*pools, *nodes])
    cluster.limits = Limits(comparisons=60)
    (found,) = find("node_pools")(cluster, {"problem": "unserved"})
    assert "and 14 more" in found.message


def test_a_pool_given_by_hand_is_for_the_nodes_that_it_selects() -> None:
    by_hand = pool("static", nodeSelector="rack == 'cellar'", assignmentMode="Manual")
    assert told("unserved", *SPLIT, by_hand, node("two", rack="cellar")) == []
    assert len(told("unserved", *SPLIT, by_hand, node("two", rack="garage"))) == 1
    assert told("unserved", by_hand, node("two", rack="cellar"), node("three", rack="garage")) == []


SPLIT = (pool("attic", nodeSelector="rack == 'attic'"), node("one", rack="attic"))


def test_a_label_that_kubernetes_may_give_is_not_missed() -> None:
    zone = pool("zone", nodeSelector="topology.kubernetes.io/zone == 'b'")
    assert len(told("unserved", *SPLIT, node("two"))) == 1
    assert told("unserved", *SPLIT, zone, node("two")) == []
    assert len(told("unserved", *SPLIT, zone, node("two", **{"topology.kubernetes.io/zone": "c"}))) == 1


def test_with_host_local_addresses_pools_give_none() -> None:
    local = installation(cni={"type": "Calico", "ipam": {"type": "HostLocal"}})
    assert told("unserved", *SPLIT, node("two"), local) == []


def test_pools_of_an_installation_count() -> None:
    garage = installation({"cidr": "10.1.0.0/16", "nodeSelector": "rack == 'garage'"})
    assert len(told("unserved", *SPLIT, node("two", rack="cellar"), garage)) == 1
    assert told("unserved", *SPLIT, node("two", rack="garage"), garage) == []


@pytest.mark.parametrize(
    ("address", "others", "mode", "expected"),
    [
        ("10.0.0.2", ("10.0.0.1/24",), "CrossSubnet", True),
        ("10.0.0.2", (), "CrossSubnet", True),  # a slip even if nothing else is known
        ("10.0.0.2/32", ("10.0.0.1/24",), "CrossSubnet", True),
        ("10.0.0.2/32", ("10.0.1.1/24",), "CrossSubnet", False),  # some machines have such addresses
        ("10.0.0.2/32", ("10.0.0.1/32",), "CrossSubnet", False),
        ("10.0.0.2/24", ("10.0.0.1/24",), "CrossSubnet", False),
        ("10.0.0.2", ("10.0.0.1/24",), "Always", False),
        ("10.0.0.2", ("10.0.0.1/24",), "Never", False),
        ("2001:db8::2", ("2001:db8::1/64",), "CrossSubnet", False),  # the pool is of IPv4
    ],
)
def test_addresses_without_network(address: str, others: tuple[str, ...], mode: str, expected: bool) -> None:
    nodes = [speaker(f"other-{n}", text) for n, text in enumerate(others)]
    found = told("lone-address", pool("pods", vxlanMode=mode), speaker("lone", address), *nodes)
    assert [one.object.name for one in found if one.object] == (["lone"] if expected else [])


def test_ipv6() -> None:
    six = pool("six", cidr="fd00:1::/64", vxlanMode="CrossSubnet")
    found = told("lone-address", six, speaker("lone", "2001:db8::2"), speaker("other", "2001:db8::1/64"))
    assert "2001:db8::/64" in found[0].message


def test_the_annotation_of_a_kubernetes_node_is_found() -> None:
    annotated = node("lone")
    annotated["metadata"]["annotations"] = {"projectcalico.org/IPv4Address": "10.0.0.2"}
    found = told("lone-address", pool("pods", ipipMode="CrossSubnet"), annotated)
    assert found[0].path == ("metadata", "annotations", "projectcalico.org/IPv4Address")


def test_a_disabled_pool_is_left_to_nat005() -> None:
    assert told("lone-address", pool("lan", vxlanMode="CrossSubnet", disabled=True), speaker("a", "10.0.0.2")) == []


WINDOWS = (
    "apiVersion: v1\nkind: Node\nmetadata: {name: games, labels: {kubernetes.io/os: windows, room: cellar}}\n---\n"
)
TUNNELLED = """
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.244.0.0/16, ipipMode: Always}
"""
ADDRESSED = """
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: games}
spec: {bgp: {ipv4Address: 10.0.0.1/24}}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: other}
spec: {bgp: {ipv4Address: 10.0.0.2/24}}
---
"""
OF_OPERATOR = """
apiVersion: operator.tigera.io/v1
kind: Installation
metadata: {name: default}
spec: {calicoNetwork: {windowsDataplane: HNS, ipPools: [{cidr: 10.244.0.0/16}]}}
"""


@pytest.mark.parametrize(
    ("manifests", "told"),
    [
        (WINDOWS + TUNNELLED, True),
        (WINDOWS + TUNNELLED.replace("Always", "CrossSubnet, nodeSelector: room == 'cellar'"), True),
        (WINDOWS + ADDRESSED + TUNNELLED.replace("Always", "CrossSubnet"), False),
        (WINDOWS + ADDRESSED.replace("0.2/", "1.2/") + TUNNELLED.replace("Always", "CrossSubnet"), True),
        (WINDOWS + ADDRESSED + TUNNELLED, True),
        (WINDOWS + TUNNELLED.replace("Always", "Always, nodeSelector: kubernetes.io/os == 'linux'"), False),
        (WINDOWS + TUNNELLED.replace("Always", "Always, disabled: true"), False),
        (WINDOWS + TUNNELLED.replace("Always", "Always, assignmentMode: Manual"), False),
        (WINDOWS + TUNNELLED.replace("Always", "Always, namespaceSelector: has(linux)"), False),
        (WINDOWS + TUNNELLED.replace("ipipMode", "vxlanMode"), False),
        (WINDOWS.replace("windows", "linux") + TUNNELLED, False),
        (OF_OPERATOR, True),
        (OF_OPERATOR.replace("16}", "16, nodeSelector: kubernetes.io/os == 'linux'}"), False),
        (OF_OPERATOR.replace("HNS", "Disabled"), False),
        (OF_OPERATOR.replace("16}", "16, encapsulation: VXLAN}"), False),
    ],
)
def test_windows_has_no_ipip(manifests: str, told: bool) -> None:
    found = find("node_pools")(cluster_of(manifests), {"problem": "windows"})
    assert ["Windows has no IPIP" in one.message for one in found] == [True] * told
