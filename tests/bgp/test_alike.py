"""Nodes that are taken for alike are selected alike."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callint.bgp.network import network
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
