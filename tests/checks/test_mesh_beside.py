"""A mesh beside route reflectors: where it adds nothing, and where it brings what they do not."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import Breach, find
from manifests import calico, calico_node, cluster_of

HUB = calico("Node", "hub", {"bgp": {"ipv4Address": "10.0.0.1/24", "routeReflectorClusterID": "1.0.0.1"}})
OTHER_HUB = calico("Node", "other-hub", {"bgp": {"ipv4Address": "10.0.0.9/24", "routeReflectorClusterID": "1.0.0.2"}})
PEER = calico("BGPPeer", "hub", {"nodeSelector": "has(k)", "peerSelector": "!has(k)"})


def node(name: str, number: int, **bgp: str) -> dict[str, Any]:
    return calico("Node", name, {"bgp": {"ipv4Address": f"10.0.0.{number}/24", **bgp}}, labels={"k": name})


def default(**spec: Any) -> dict[str, Any]:
    return calico("BGPConfiguration", "default", spec)


NODES = [node(name, number) for number, name in enumerate("abc", 2)]


def told(*objects: dict[str, Any]) -> list[Breach]:
    return list(find("mesh_beside")(cluster_of(objects), {}))


def test_it_is_said_where_the_mesh_is_switched_on() -> None:
    (by_default,) = told(HUB, *NODES, PEER)
    assert (by_default.object and by_default.object.name, by_default.path[-1]) == ("hub", "routeReflectorClusterID")
    (beside,) = told({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "hub"}}, HUB, *NODES, PEER)
    assert beside.path == by_default.path
    (written,) = told(HUB, *NODES, PEER, default(nodeToNodeMeshEnabled=True))
    assert (written.object and written.object.name, written.path) == ("default", ("spec", "nodeToNodeMeshEnabled"))
    assert '"hub"' in written.message
    assert "all 3 nodes" in written.message


@pytest.mark.parametrize(
    "objects",
    [
        [HUB, *NODES, PEER, default(nodeToNodeMeshEnabled=False)],
        [HUB, *NODES],
        [HUB, *NODES[:2], PEER],
        [*NODES, PEER],
        [HUB, *NODES, calico("BGPPeer", "hub", {"nodeSelector": "k in {'a', 'b'}", "peerSelector": "!has(k)"})],
        [HUB, *NODES, calico("Node", "d", {}, labels={"k": "d"}), PEER],  # whose address nobody knows
        [HUB, *(node(name, number, ipv6Address=f"fd00::{number}/64") for number, name in enumerate("abc", 2)), PEER],
        [HUB, *NODES, PEER, calico_node(CALICO_NETWORKING_BACKEND="vxlan")],
        [
            HUB,
            OTHER_HUB,
            *NODES,
            calico("BGPPeer", "one", {"nodeSelector": "k == 'a'", "peerIP": "10.0.0.1", "asNumber": 64512}),
            calico("BGPPeer", "two", {"nodeSelector": "k in {'b', 'c'}", "peerIP": "10.0.0.9", "asNumber": 64512}),
        ],
        [HUB, *NODES, {**PEER, "spec": {**PEER["spec"], "reversePeering": "Manual"}}],
        [HUB, *NODES, {**PEER, "spec": {**PEER["spec"], "filters": ["f"]}}],
        [HUB, *NODES, {**PEER, "spec": {**PEER["spec"], "nextHopMode": "Self"}}],
    ],
)
def test_a_mesh_that_brings_routes_is_needed(objects: list[dict[str, Any]]) -> None:
    assert told(*objects) == []


PODS = {"matchOperator": "In", "cidr": "10.244.0.0/16"}
TAGGED = default(prefixAdvertisements=[{"cidr": "10.244.0.0/16", "communities": ["64512:1"]}])


@pytest.mark.parametrize(
    ("rules", "more", "said"),
    [
        ({"exportV4": []}, [], True),
        ({"exportV4": [{"action": "Accept", **PODS}, {"action": "Reject"}]}, [], True),
        ({"exportV4": [{"action": "Accept", **PODS}, {"action": "Reject"}]}, [TAGGED], False),
        ({"importV4": [{"action": "Accept", **PODS}, {"action": "Reject"}]}, [TAGGED], True),
        ({"importV4": [{"action": "Reject", "matchOperator": "Equal", "cidr": "0.0.0.0/0"}]}, [], True),
        ({"importV4": [{"action": "Reject", "matchOperator": "In", "cidr": "10.244.7.0/24"}]}, [], False),
        ({"importV4": [{"action": "Reject", "matchOperator": "In", "cidr": "192.0.2.0/24"}]}, [], True),
        (
            {"importV4": [{"action": "Reject", "matchOperator": "In", "cidr": "192.0.2.0/24"}]},
            [default(serviceLoadBalancerIPs=[{"cidr": "192.0.2.0/24"}])],
            False,
        ),
        ({"importV4": [{"action": "Reject", "peerType": "eBGP"}], "importV6": [{"action": "Reject"}]}, [], True),
        ({"exportV4": [{"action": "Accept", "operations": [{"setPriority": {"value": 512}}], **PODS}]}, [], False),
        ({"exportV4": [{"action": "${ACTION}"}]}, [], False),
    ],
)
def test_filters_that_change_nothing_of_what_the_mesh_brings(rules: Any, more: list[Any], said: bool) -> None:
    peer = {**PEER, "spec": {**PEER["spec"], "filters": ["f"]}}
    pool = calico("IPPool", "pods", {"cidr": "10.244.0.0/16"})
    objects = [HUB, *NODES, peer, calico("BGPFilter", "f", rules)]
    found = list(find("mesh_beside")(cluster_of([*objects, pool, *more], judged=True), {}))
    assert bool(found) is said
    if not more and "exportV4" in rules and rules["exportV4"][1:]:
        assert told(*objects) == [], "nobody knows of which pools pods are"


def test_routers_of_other_autonomous_systems_are_no_reflectors() -> None:
    hub = calico("Node", "hub", {"bgp": {**HUB["spec"]["bgp"], "asNumber": "65000"}})
    assert told(hub, *NODES, PEER) == []


def test_more_places_than_are_followed_are_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    from callint.checks.bgp import mesh_beside

    monkeypatch.setattr(mesh_beside, "_MOST", 1)
    assert told(HUB, *NODES, PEER) == []
