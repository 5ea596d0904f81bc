"""Nodes that are taken for alike are selected alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.bgp.lone import CROWD
from callint.bgp.network import Network, network
from callint.objects import Cluster
from callint.selector import parse
from manifests import cluster_of

VALUES = ["a", "b", "ab", "ba", "c"]
V3 = "projectcalico.org/v3"


def with_selector(selector: str, labels: list[dict[str, str]]) -> Cluster:
    peer = {"nodeSelector": selector, "peerSelector": "all()"}
    objects = [{"apiVersion": V3, "kind": "BGPPeer", "metadata": {"name": "p"}, "spec": peer}]
    for number, own in enumerate(labels):
        metadata = {"name": f"n{number}", "labels": own}
        spec = {"bgp": {"ipv4Address": f"10.0.0.{number + 1}/24"}}
        objects.append({"apiVersion": V3, "kind": "Node", "metadata": metadata, "spec": spec})
    return cluster_of(objects)


@st.composite
def selectors(draw: st.DrawFn) -> str:
    value = draw(st.sampled_from(VALUES))
    atoms = ["has(k)", f"k in {{'{value}', 'c'}}", f"k not in {{'{value}'}}"]
    atoms += [f"k {operator} '{value}'" for operator in ("==", "!=", "contains", "starts with", "ends with")]
    found = draw(st.lists(st.sampled_from(atoms), min_size=1, max_size=3))
    return draw(st.sampled_from([" && ", " || "])).join(found)


@given(selectors(), st.lists(st.sampled_from([{}, *({"k": value} for value in VALUES)]), min_size=2, max_size=6))
def test_a_selector_takes_all_that_are_alike_or_none(selector: str, labels: list[dict[str, str]]) -> None:
    for alike in network(with_selector(selector, labels)).nodes.all:
        assert len({one.selected(parse(selector)) for one in alike.members}) == 1


def test_values_that_no_selector_names_are_alike() -> None:
    nodes = network(with_selector("k == 'a' && has(l)", [{"k": value} for value in VALUES])).nodes
    assert [len(alike.members) for alike in nodes.all] == [1, 4]


def test_values_into_which_a_selector_looks_are_not() -> None:
    nodes = network(with_selector("k contains 'a'", [{"k": value} for value in VALUES])).nodes
    assert len(nodes.all) == len(VALUES)


def with_own_as(count: int, *more: dict[str, Any]) -> Network:
    objects = list(more)
    for number in range(count):
        spec = {"bgp": {"ipv4Address": f"10.0.0.{number + 1}/24", "asNumber": 65001 + number}}
        objects.append({"apiVersion": V3, "kind": "Node", "metadata": {"name": f"n{number}"}, "spec": spec})
    return network(cluster_of(objects))


def test_a_crowd_of_nodes_that_each_have_an_as_is_one() -> None:
    model = with_own_as(CROWD)
    assert [len(alike.members) for alike in model.nodes.all] == [CROWD]
    (kind,) = model.kinds(4)
    forms = {one.form for one in kind}
    assert len(kind) == len(forms) == CROWD * (CROWD - 1)
    assert {(one.peer_type, one.local_as == one.remote_as) for one in forms} == {("eBGP", False)}


def test_few_nodes_with_an_as_of_their_own_are_told_apart() -> None:
    assert len(with_own_as(CROWD - 1).nodes.all) == CROWD - 1


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("BGPPeer", {"peerIP": "192.0.2.1", "asNumber": 65001}),
        ("BGPPeer", {"peerIP": "192.0.2.1", "asNumber": 64512, "localASNumber": 65001}),
        ("BGPConfiguration", {"asNumber": 65001}),
        ("BGPFilter", {"importV4": [{"action": "Accept", "asPathPrefix": [64512, 65001]}]}),
        ("BGPFilter", {"exportV6": [{"action": "Accept", "operations": [{"prependASPath": {"prefix": [65001]}}]}]}),
    ],
)
def test_an_as_that_something_names_is_told_from_others(kind: str, spec: dict[str, Any]) -> None:
    model = with_own_as(CROWD + 1, {"apiVersion": V3, "kind": kind, "metadata": {"name": "default"}, "spec": spec})
    assert [len(alike.members) for alike in model.nodes.all] == [1, CROWD]


def test_the_mesh_does_not_mind_whom_peers_of_some_as_lead_to() -> None:
    """Nodes that are told apart as ends of BGPPeers are one kind in the mesh, unless a filter names the AS of one."""
    peers = [
        {
            "apiVersion": V3,
            "kind": "BGPPeer",
            "metadata": {"name": f"p{number}"},
            "spec": {"node": f"n{number}", "peerIP": f"192.0.2.{number + 1}", "asNumber": 65001 + number},
        }
        for number in range(CROWD + 1)
    ]
    model = with_own_as(CROWD + 1, *peers)
    assert [len(one.members) for one in model.meshes[4].all] == [CROWD + 1]
    spec = {"importV4": [{"action": "Accept", "asPathPrefix": [65001]}]}
    named = {"apiVersion": V3, "kind": "BGPFilter", "metadata": {"name": "f"}, "spec": spec}
    assert [len(one.members) for one in with_own_as(CROWD + 1, *peers, named).meshes[4].all] == [1, CROWD]


@pytest.mark.parametrize(("count", "kinds"), [(CROWD, [CROWD]), (CROWD - 1, [1] * (CROWD - 1))])
def test_the_mesh_takes_a_crowd_of_nodes_that_each_have_a_port_together(count: int, kinds: list[int]) -> None:
    objects = []
    for number in range(count):
        spec = {"bgp": {"ipv4Address": f"10.0.0.{number + 1}/24"}}
        objects.append({"apiVersion": V3, "kind": "Node", "metadata": {"name": f"n{number}"}, "spec": spec})
        about = {"metadata": {"name": f"node.n{number}"}, "spec": {"listenPort": 1000 + number}}
        objects.append({"apiVersion": V3, "kind": "BGPConfiguration", **about})
    model = network(cluster_of(objects))
    assert [len(one.members) for one in model.meshes[4].all] == kinds
    sessions = [one for kind in model.kinds(4) for one in kind]
    assert len(sessions) == count * (count - 1)
    assert all(one.form.port == one.remote.port for one in sessions if one.remote is not None)


def test_a_node_that_only_a_peer_names_has_sessions_of_its_own() -> None:
    peer = {"node": "gone", "peerSelector": "all()"}
    node = {"metadata": {"name": "n"}, "spec": {"bgp": {"ipv4Address": "10.0.0.1/24"}}}
    model = network(
        cluster_of(
            [
                {"apiVersion": V3, "kind": "BGPPeer", "metadata": {"name": "p"}, "spec": peer},
                {"apiVersion": V3, "kind": "Node", **node},
            ]
        )
    )
    (gone,) = {one.here.first for one in model.peerings if not one.form.reverse}
    assert {one.state for one in model.kinds_of(gone, 4)} == {"no-such-node"}
