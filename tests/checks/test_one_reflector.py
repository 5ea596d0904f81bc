"""Clusters that hang on one route reflector, and those that only look so."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import Breach, find
from manifests import calico, cluster_of

POOL = calico("IPPool", "pods", {"cidr": "10.244.0.0/16"})
VXLAN = calico("IPPool", "pods", {"cidr": "10.244.0.0/16", "vxlanMode": "Always"})
ALL_TO_HUBS = calico("BGPPeer", "hubs", {"nodeSelector": "all()", "peerSelector": "has(hub)"})


def mesh(on: bool) -> dict[str, Any]:
    return calico("BGPConfiguration", "default", {"nodeToNodeMeshEnabled": on})


def nodes(count: int, hubs: int = 1, **labels: str) -> list[dict[str, Any]]:
    return [
        calico(
            "Node",
            f"n{number}",
            {"bgp": {"ipv4Address": f"10.0.0.{number}/24", **({"routeReflectorClusterID": "1.1.1.1"} if hub else {})}},
            labels={**labels, "name": f"n{number}", **({"hub": ""} if hub else {})},
        )
        for number in range(1, count + 1)
        for hub in (number <= hubs,)
    ]


def peer(**spec: Any) -> dict[str, Any]:
    return calico("BGPPeer", "more", spec)


def told(*objects: Any) -> list[Breach]:
    return list(find("connectivity")(cluster_of(objects), {"problem": "one-reflector"}))


@pytest.mark.parametrize(("count", "hubs"), [(2, 1), (3, 1), (4, 1), (9, 1), (4, 2), (4, 0), (1, 1)])
def test_three_nodes_that_hang_on_one(count: int, hubs: int) -> None:
    found = told(POOL, mesh(False), *nodes(count, hubs), ALL_TO_HUBS)
    assert [one.object.name for one in found if one.object] == (["n1"] if count >= 4 and hubs == 1 else [])
    assert [one.witness.as_dict()["clients"] for one in found if one.witness] == [count - 1] * len(found)


def test_with_the_mesh_the_others_have_each_other() -> None:
    assert told(POOL, mesh(True), *nodes(5), ALL_TO_HUBS) == []


def test_tunnels_of_felix_need_no_reflector() -> None:
    assert told(VXLAN, mesh(False), *nodes(5), ALL_TO_HUBS) == []


@pytest.mark.parametrize(
    "spec",
    [
        {"nodeSelector": "!has(hub)", "peerSelector": "!has(hub)"},
        {"nodeSelector": "name == 'n2'", "peerSelector": "name == 'n3'"},
        {"peerIP": "10.0.0.254", "asNumber": 65001},
        {"nodeSelector": "name == 'n3'", "peerIP": "10.0.0.254", "asNumber": 64512},
    ],
)
def test_sessions_beside_those_with_the_reflector(spec: dict[str, Any]) -> None:
    assert told(POOL, mesh(False), *nodes(5), ALL_TO_HUBS, peer(**spec)) == []


def test_a_router_outside_of_the_reflector_alone_helps_nobody() -> None:
    only_hub = peer(nodeSelector="has(hub)", peerIP="10.0.0.254", asNumber=65001)
    assert len(told(POOL, mesh(False), *nodes(5), ALL_TO_HUBS, only_hub)) == 1


def test_nodes_that_have_no_session_are_another_matter() -> None:
    some = calico("BGPPeer", "hubs", {"nodeSelector": "name != 'n5'", "peerSelector": "has(hub)"})
    assert told(POOL, mesh(False), *nodes(5), some) == []


def test_a_node_whose_address_is_not_known_leaves_it_open() -> None:
    unknown = calico("Node", "n9", {}, labels={"name": "n9"})
    assert told(POOL, mesh(False), *nodes(5), unknown, ALL_TO_HUBS) == []


def selected(*names: str) -> dict[str, Any]:
    return calico("BGPPeer", "hubs", {"nodeSelector": "all()", "peerSelector": f"name in {{{str(names)[1:-1]}}}"})


def test_a_second_one_without_the_cluster_id_passes_nothing_on() -> None:
    (found,) = told(POOL, mesh(False), *nodes(4), selected("n1", "n2"))
    assert found.message == (
        'node "n1" is the only route reflector, and 2 others learn their routes over it: when it is away, no pod '
        'reaches those on other nodes; node "n2", which all have sessions with as well, has no '
        "`routeReflectorClusterID`"
    )
    assert found.help == 'give node "n2" the `routeReflectorClusterID` of "n1"'
    assert told(POOL, mesh(False), *nodes(4, hubs=2), selected("n1", "n2")) == []
    assert told(POOL, mesh(False), *nodes(3), selected("n1", "n2")) == [], "two have each other"
    assert told(POOL, mesh(False), *nodes(4), selected("n1", "n2", "n3")) == [], "the one that is left has all of them"
    assert told(POOL, mesh(False), *nodes(5), selected("n1", "n2", "n3", "n4", "n5")) == [], "a mesh of its own"
