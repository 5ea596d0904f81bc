"""Nodes with facts are taken together where their ways lead to the same nodes, and those of the same ones to them."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from callint.bgp.held import Held
from callint.bgp.network import Network, network
from callint.bgp.session import Session
from calls import calls
from manifests import calico, cluster_of

ROUTES = ["0.0.0.0/0", "10.0.0.0/23", "10.0.0.0/24", "10.0.1.0/24", "10.0.0.2/32", "10.0.1.3/32", "10.9.0.0/16"]
PEERS = [
    {"peerSelector": "all()"},
    {"nodeSelector": "has(rr)", "peerSelector": "!has(rr)"},
    {"peerIP": "10.0.0.2", "asNumber": 64512},
    {"peerIP": "10.0.1.9", "asNumber": 64512},
]


class Node(NamedTuple):
    """A node of one of two racks; `routes` None are not known, `length` is that of its network."""

    rack: int
    length: int
    routes: list[str] | None
    reflects: bool


NODES = st.builds(
    Node,
    st.sampled_from([0, 1]),
    st.sampled_from([24, 32]),
    st.none() | st.lists(st.sampled_from(ROUTES), max_size=2),
    st.sampled_from([False, False, True]),
)


def made(nodes: list[Node], peers: list[dict[str, Any]], *, mesh: bool) -> Network:
    objects = [calico("BGPConfiguration", "default", {"nodeToNodeMeshEnabled": mesh})]
    objects += [calico("BGPPeer", f"p{number}", spec) for number, spec in enumerate(peers)]
    facts = []
    for number, one in enumerate(nodes):
        own = f"10.0.{one.rack}.{number + 1}"
        labels = {"rr": "yes"} if one.reflects else {}
        objects.append(calico("Node", f"n{number}", {"bgp": {"ipv4Address": f"{own}/24"}}, labels=labels))
        if one.routes is not None:
            routes = ", ".join(f"{{to: {to}, interface: eth0}}" for to in one.routes)
            interfaces = f"[{{name: eth0, addresses: [{own}/{one.length}]}}]"
            facts.append(f"{{version: 1, node: n{number}, interfaces: {interfaces}, routes: [{routes}]}}\n")
    return network(cluster_of(objects, facts="---\n".join(facts)))


def leads(nodes: list[Node], session: Session) -> bool:
    number = int(session.local.name[1:])
    one = nodes[number]
    held = [f"10.0.{one.rack}.{number + 1}/{one.length}", *(one.routes or [])]
    far = ip_address(str(session.address))
    return one.routes is None or any(far in ip_network(each, strict=False) for each in held)


@settings(deadline=None)
@given(st.lists(NODES, min_size=2, max_size=7), st.lists(st.sampled_from(PEERS), max_size=2), st.booleans())
def test_nodes_taken_together_reach_the_same(nodes: list[Node], peers: list[dict[str, Any]], mesh: bool) -> None:
    model = made(nodes, peers, mesh=mesh)
    assert sum(map(len, model.kinds(4))) == len(model)
    for kind in model.kinds(4):
        for session in kind:
            assert session.status.state == kind.state
            if leads(nodes, session):
                assert kind.state != "unreachable"
            else:
                assert kind.state in ("unreachable", "idle")


def test_nodes_that_reach_all_are_one_kind_whatever_their_routes() -> None:
    nodes = [Node(number % 2, (24, 32)[number % 2], ["0.0.0.0/0"], reflects=False) for number in range(40)]
    (kind,) = made(nodes, [], mesh=True).kinds(4)
    assert (len(kind), kind.state) == (40 * 39, "up")


def test_routers_that_no_node_has_the_address_of_divide_no_mesh() -> None:
    nodes = [Node(0, 24, ["0.0.0.0/0"], reflects=False)] * 40
    peers = [{"node": f"n{number}", "peerIP": f"10.0.0.{number + 101}", "asNumber": 64999} for number in range(40)]
    model = made(nodes, peers, mesh=True)
    assert [(len(kind), kind.state) for kind in model.kinds(4) if kind.form.kind == "mesh"] == [(40 * 39, "up")]


def test_nodes_that_reach_nobody_are_one_kind() -> None:
    (kind,) = made([Node(0, 32, [], reflects=False)] * 40, [], mesh=True).kinds(4)
    assert (len(kind), kind.state) == (40 * 39, "unreachable")


def test_racks_without_a_way_to_each_other_are_as_many_kinds_as_pairs_of_racks() -> None:
    nodes = [Node(number // 20, 24, [], reflects=False) for number in range(40)]
    states = [(len(kind), kind.state) for kind in made(nodes, [], mesh=True).kinds(4)]
    assert sorted(states) == [(380, "up"), (380, "up"), (400, "unreachable"), (400, "unreachable")]


def test_many_dead_ends_cost_no_more_each_than_few() -> None:
    def work(number: int) -> int:
        nets = [f"10.{at >> 8}.{at & 255}" for at in range(number)]
        ends = ", ".join(f"{{to: {one}.0/24, via: 10.0.0.9}}, {{to: {one}.9/32, type: blackhole}}" for one in nets)
        node = calico("Node", "n0", {"bgp": {"ipv4Address": "10.0.0.1/24"}})
        facts = f"{{version: 1, node: n0, interfaces: [{{name: eth0, addresses: [10.0.0.1/24]}}], routes: [{ends}]}}"
        model = network(cluster_of([node], facts=facts))
        return calls(lambda: Held(model.speakers.values()))

    assert work(2000) < 5 * work(500)
