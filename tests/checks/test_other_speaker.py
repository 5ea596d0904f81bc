"""Routers that MetalLB and Calico call from one node."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import find
from callint.checks.breach import Breach
from callint.source import Limits
from manifests import calico, cluster_of

ROUTER = "192.168.1.1"


def metallb(version: str = "v1beta2", **spec: Any) -> dict[str, Any]:
    head = {"apiVersion": f"metallb.io/{version}", "kind": "BGPPeer", "metadata": {"name": "speaker"}}
    return {**head, "spec": {"myASN": 64512, "peerASN": 64513, "peerAddress": ROUTER, **spec}}


def peer(**spec: Any) -> dict[str, Any]:
    return calico("BGPPeer", "tor", {"peerIP": ROUTER, "asNumber": 64513, **spec})


def node(name: str, address: str = "", **labels: str) -> dict[str, Any]:
    annotations = {"projectcalico.org/IPv4Address": address} if address else {}
    metadata = {"name": name, "labels": {"name": name, **labels}, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata}


def told(*objects: dict[str, Any]) -> list[Breach]:
    return list(find("other_speaker")(cluster_of(objects), {}))


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ({}, {}),
        ({"peerIP": f"{ROUTER}:179"}, {"peerPort": 179}),
        ({"peerIP": f"{ROUTER}:1179"}, {"peerPort": 1179}),
        ({"peerIP": "fd00::1"}, {"peerAddress": "fd00:0::1"}),
        ({"sourceAddress": "None"}, {"version": "v1beta1"}),
    ],
)
def test_one_router(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    (found,) = told(peer(**mine), metallb(**theirs))
    assert found.path == ("spec", "peerIP")
    assert "from each node" in found.message


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ({}, {"peerAddress": "192.168.1.2"}),
        ({}, {"peerPort": 1179}),
        ({}, {"sourceAddress": "192.168.2.9"}),
        ({}, {"vrf": "red"}),
        ({"nodeSelector": "rack == '1'"}, {"nodeSelectors": [{"matchLabels": {"rack": "1"}}]}),
        ({}, {"nodeSelectors": [{"matchLabels": {"rack": "1"}}]}),
        ({"peerIP": "x"}, {"peerAddress": "x"}),
        ({"peerSelector": "all()"}, {}),
    ],
)
def test_two_routers_two_addresses_or_nodes_that_are_not_known(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert told(peer(**mine), metallb(**theirs)) == []


@pytest.mark.parametrize(
    ("mine", "theirs", "name"),
    [
        ({}, {}, "a"),
        ({"node": "b"}, {}, "b"),
        ({"nodeSelector": "rack == '2'"}, {}, "b"),
        ({}, {"nodeSelectors": [{"matchLabels": {"rack": "9"}}, {"matchLabels": {"rack": "2"}}]}, "b"),
        ({"node": "a"}, {"nodeSelectors": [{"matchLabels": {"rack": "2"}}]}, None),
        ({"nodeSelector": "rack == '1'"}, {"nodeSelectors": [{"matchLabels": {"rack": "2"}}]}, None),
        ({}, {"nodeSelectors": [{"matchExpressions": [{"key": "rack", "operator": "Gt", "values": ["1"]}]}]}, None),
    ],
)
def test_the_nodes_that_both_call_from(mine: dict[str, Any], theirs: dict[str, Any], name: str | None) -> None:
    found = told(peer(**mine), metallb(**theirs), node("a", rack="1"), node("b", rack="2"))
    assert [f'from node "{name}"' in one.message for one in found] == [True] * (name is not None)


@pytest.mark.parametrize(
    ("address", "source", "count"),
    [
        ("192.168.1.7/24", "UseNodeIP", 1),
        ("10.9.0.1/24", "UseNodeIP", 0),
        ("10.255.0.1/32", "UseNodeIP", 0),
        ("10.255.0.1/32", "None", 1),
    ],
)
def test_the_address_that_calico_calls_from(address: str, source: str, count: int) -> None:
    assert len(told(peer(sourceAddress=source), metallb(), node("a", address))) == count


def test_without_bird_only_metallb_calls() -> None:
    off = calico("Installation", "default", {"calicoNetwork": {"bgp": "Disabled"}})
    assert told(peer(), metallb(), {**off, "apiVersion": "operator.tigera.io/v1"}) == []


def test_one_finding_for_each_peer_of_calico() -> None:
    assert len(told(peer(), metallb(), metallb(myASN=64514))) == 1


def test_so_many_selectors_of_one_peer() -> None:
    labels = [{"matchLabels": {"rack": str(number)}} for number in range(50)]
    nodes = [node(f"n{number}", rack="x") for number in range(50)]
    cluster = cluster_of([peer(), metallb(nodeSelectors=labels), *nodes])
    cluster.limits = Limits(comparisons=2499)
    (found,) = find("other_speaker")(cluster, {})
    assert "2,499 comparisons of BGPPeers with those of MetalLB" in found.message
    cluster.limits = Limits(comparisons=2500)
    assert list(find("other_speaker")(cluster, {})) == []
