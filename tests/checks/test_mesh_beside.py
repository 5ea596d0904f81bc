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
        [HUB, *NODES, {**PEER, "spec": {**PEER["spec"], "filters": ["f"]}}, calico("BGPFilter", "f", {"exportV4": []})],
        [HUB, *NODES, {**PEER, "spec": {**PEER["spec"], "nextHopMode": "Self"}}],
    ],
)
def test_a_mesh_that_brings_routes_is_needed(objects: list[dict[str, Any]]) -> None:
    assert told(*objects) == []


def test_routers_of_other_autonomous_systems_are_no_reflectors() -> None:
    hub = calico("Node", "hub", {"bgp": {**HUB["spec"]["bgp"], "asNumber": "65000"}})
    assert told(hub, *NODES, PEER) == []


def test_more_places_than_are_followed_are_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    from callint.checks.bgp import mesh_beside

    monkeypatch.setattr(mesh_beside, "_MOST", 1)
    assert told(HUB, *NODES, PEER) == []
