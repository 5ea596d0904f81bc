"""Why a session does not come up, in words."""

from __future__ import annotations

from typing import Any

from callint.bgp.network import network
from callint.bgp.session import Session
from manifests import calico, cluster_of

A, B = (calico("Node", name, {"bgp": {"ipv4Address": f"10.0.0.{end}/24"}}) for name, end in (("a", 1), ("b", 2)))
TWO_LINKS = """\
version: 1
node: b
interfaces:
  - {name: eth0, addresses: [10.0.0.2/24]}
  - {name: wg0, addresses: [10.9.0.2/24]}
routes: []
"""


def peer(name: str, address: str, as_number: int = 64512, **more: Any) -> dict[str, Any]:
    return calico("BGPPeer", name, {"peerIP": address, "asNumber": as_number, **more})


def sessions(*objects: dict[str, Any], facts: str = "", **settings: Any) -> dict[str, Session]:
    """All sessions of two nodes without a mesh, unless it is asked for, by the names of a node and its neighbour."""
    default = calico("BGPConfiguration", "default", {"nodeToNodeMeshEnabled": False, **settings})
    found = network(cluster_of([default, A, B, *objects], facts=facts))
    return {f"{one.local.name} {one.address}": one for one in found}


def states(found: dict[str, Session]) -> dict[str, tuple[str, str]]:
    return {name: (one.status.state, one.status.why) for name, one in found.items()}


def test_two_calls_for_one_session() -> None:
    found = sessions(peer("near", "10.0.0.2", node="a"), peer("far", "10.9.0.2", node="a"), facts=TWO_LINKS)
    assert states(found) == {
        "a 10.0.0.2": ("down", 'node "b" has one session for it and that with 10.9.0.2, and each call ends the other'),
        "a 10.9.0.2": ("down", 'node "b" has one session for it and that with 10.0.0.2, and each call ends the other'),
        "b 10.0.0.1": ("down", 'node "a" calls it by several sessions, and each call ends the one before'),
    }


def test_ends_of_other_as_at_a_further_address() -> None:
    there = peer("there", "10.9.0.2", 65000, node="a", reversePeering="Manual")
    back = peer("back", "10.0.0.1", node="b", reversePeering="Manual")
    assert states(sessions(there, back, facts=TWO_LINKS)) == {
        "a 10.9.0.2": ("as-mismatch", '10.9.0.2 (node "b") is in AS 64512, not 65000'),
        "b 10.0.0.1": ("as-mismatch", 'node "a" expects AS 65000, not 64512'),
    }


def test_who_calls_a_further_address_from_an_unknown_one() -> None:
    there = peer("there", "10.9.0.2", node="a", sourceAddress="None")
    back = peer("back", "10.9.0.1", node="b", sourceAddress="None")
    found = sessions(there, back, facts=TWO_LINKS)
    assert states(found)["a 10.9.0.2"] == ("unknown", 'from which address node "a" calls is not known')
    assert found["a 10.9.0.2"].status.missing == 'the routes and addresses of node "a"'


def test_who_waits_is_not_called_where_he_listens() -> None:
    waits = peer("waits", "10.0.0.2", reversePeering="Manual")
    calls = peer("calls", "10.0.0.1:5", node="b", reversePeering="Manual")
    assert states(sessions(waits, calls)) == {
        "a 10.0.0.2": ("down", 'node "a" waits to be called, and listens on port 179'),
        "b 10.0.0.1": ("down", 'node "a" listens on port 179'),
    }


def test_the_address_that_workloads_call_is_nothing_to_nodes() -> None:
    settings = {"bindMode": "NodeIP", "localWorkloadPeeringIPV4": "169.254.1.179", "nodeToNodeMeshEnabled": True}
    assert set(states(sessions(**settings)).values()) == {("up", "")}


def test_a_gateway_that_a_peer_names_is_a_way_there() -> None:
    facts = TWO_LINKS.replace("node: b", "node: a").replace("10.0.0.2", "10.0.0.1")
    known = {"node": "a"}
    (found,) = sessions(peer("p", "192.0.2.1", 65000, **known), facts=facts).values()
    assert found.status.state == "unreachable"
    (found,) = sessions(peer("p", "192.0.2.1", 65000, reachableBy="10.0.0.254", **known), facts=facts).values()
    assert found.status.state == "up"
    (found,) = sessions(peer("p", "192.0.2.1", 65000, reachableBy="10.7.0.254", **known), facts=facts).values()
    assert found.status.state == "unreachable"
    assert found.status.why.endswith("leads to 192.0.2.1, nor to 10.7.0.254, which `reachableBy` names")


def test_the_address_that_a_session_calls_from() -> None:
    def source(**spec: Any) -> str:
        (found,) = sessions(peer("p", "192.0.2.1", 65000, node="a", **spec)).values()
        return str(found.source)

    assert [source(), source(sourceAddress="UseNodeIP"), source(sourceAddress="None")] == [
        "10.0.0.1",
        "10.0.0.1",
        "None",
    ]
