"""Which sessions exist and whether they come up: bgp-semantics, section 1 and the session rows of its table M."""

from __future__ import annotations

from typing import Any

import pytest

from bgp_sessions import NO_MESH, A, B, C, configuration, node, peer, states, table
from callint.bgp.network import Network
from callint.bgp.session import Session
from callint.objects import Intent


def only(model: Network, kind: str, local: str) -> Session:
    (found,) = [one for one in model if one.form.kind == kind and one.local.name == local]
    return found


def test_mesh_is_every_ordered_pair(made: Any) -> None:
    model = made(A, B, C)
    assert states(model) == {
        f"mesh {one} 10.0.0.{other}": "up"
        for one, others in (("a", "23"), ("b", "13"), ("c", "12"))
        for other in others
    }
    assert len(model) == 6


def test_mesh_leaves_out_reflectors_and_nodes_without_address(made: Any) -> None:
    reflector, addressless = node("r", "10.0.0.9/24", cluster_id="1.0.0.1"), node("n", None)
    addressless["spec"]["bgp"]["ipv6Address"] = "fd00::5/64"
    assert set(states(made(A, B, reflector, addressless))) == {"mesh a 10.0.0.2", "mesh b 10.0.0.1"}
    assert len(made(A, reflector, addressless)) == 0
    assert len(made(NO_MESH, A, B)) == 0


def test_mesh_leaves_out_nodes_that_share_an_address(made: Any) -> None:
    model = made(A, B, node("twin", "10.0.0.1/24"))
    assert len(model) == len(list(model)) == 4


def test_mesh_expects_the_own_as_of_nodes_without_one(made: Any) -> None:
    """M17: from v3.32 on the AS of the node itself takes the place of the cluster's."""
    objects = (configuration(asNumber=64600), node("x", "10.0.0.1/24", 65001), node("y", "10.0.0.2/24"))
    assert set(states(made(*objects)).values()) == {"as-mismatch"}
    assert set(states(made(*objects, release=(3, 31))).values()) == {"up"}


def test_unknown_addresses_are_named(made: Any) -> None:
    model = made(A, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "k"}})
    assert states(model) == {"mesh a k": "unknown", "mesh k 10.0.0.1": "unknown"}
    assert only(model, "mesh", "a").status.missing == 'the IPv4 BGP address of node "k"'


def test_a_session_that_may_be_there_keeps_no_other_one_down(made: Any) -> None:
    text = "{version: 1, node: %s, interfaces: [{name: eth0, addresses: [10.0.0.%d/24]}]}"
    facts = "\n---\n".join(text % one for one in (("a", 1), ("b", 2)))
    found = states(made(peer("p", peerSelector="x == 'y'"), facts=facts))
    assert (found["global a 10.0.0.2"], found["mesh a 10.0.0.2"], found["mesh b 10.0.0.1"]) == ("unknown",) * 3


def test_facts_say_the_only_address(made: Any) -> None:
    facts = "{version: 1, node: k, interfaces: [{name: lo}, {name: eth0, addresses: [10.0.0.7/24]}]}"
    model = made(A, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "k"}}, facts=facts)
    assert states(model) == {"mesh a 10.0.0.7": "up", "mesh k 10.0.0.1": "up"}


def test_kubernetes_annotations_count(made: Any) -> None:
    about = {"projectcalico.org/IPv4Address": "10.0.0.7/24", "projectcalico.org/ASNumber": "nonsense"}
    kubernetes = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "k", "annotations": about}}
    model = made(configuration(asNumber=64600), A, kubernetes)
    assert model.speakers["k"].as_number == 64600
    assert states(model) == {"mesh a 10.0.0.7": "up", "mesh k 10.0.0.1": "up"}


def test_without_nodes_any_node_stands_for_them(made: Any) -> None:
    model = made(peer("tor", peerIP="192.0.2.1", asNumber=65000))
    assert states(model) == {"global * 192.0.2.1": "unknown", "mesh * *": "unknown"}
    assert len(model) == 2


def test_external_peer_of_all_and_of_some(made: Any) -> None:
    model = made(NO_MESH, A, node("b", "10.0.0.2/24", rack="1"), peer("tor", peerIP="10.0.0.254", asNumber=65000))
    assert states(model) == {"global a 10.0.0.254": "up", "global b 10.0.0.254": "up"}
    chosen = peer("tor", peerIP="10.0.0.254:1179", asNumber=65000, nodeSelector="rack == '1'")
    model = made(NO_MESH, A, node("b", "10.0.0.2/24", rack="1"), chosen)
    assert states(model) == {"node b 10.0.0.254": "up"}
    assert only(model, "node", "b").form.port == 1179


def test_reflector_by_selector_has_reverse_sessions(made: Any) -> None:
    reflector = node("r", "10.0.0.9/24", cluster_id="1.0.0.1", role="rr")
    model = made(NO_MESH, A, B, reflector, peer("rr", nodeSelector="!has(role)", peerSelector="has(role)"))
    assert states(model) == {
        "node a 10.0.0.9": "up",
        "node b 10.0.0.9": "up",
        "node r 10.0.0.1": "up",
        "node r 10.0.0.2": "up",
    }
    by_node = {(one.local.name, one.form.reverse, one.form.rr_client) for one in model}
    assert by_node == {("a", False, False), ("b", False, False), ("r", True, True)}


def test_manual_reverse_peering_is_half_open(made: Any) -> None:
    """M32."""
    one_way = peer("p", node="a", peerSelector="has(role)", reversePeering="Manual")
    model = made(NO_MESH, A, node("b", "10.0.0.2/24", role="x"), one_way)
    assert states(model) == {"node a 10.0.0.2": "half-open"}
    back = peer("q", node="b", peerIP="10.0.0.1", asNumber=64512, reversePeering="Manual")
    assert set(states(made(NO_MESH, A, node("b", "10.0.0.2/24", role="x"), one_way, back)).values()) == {"up"}


def test_address_of_a_node_answers_only_in_its_as(made: Any) -> None:
    """M16: no reverse peering, and a far end in another AS."""
    assert set(states(made(NO_MESH, A, B, peer("p", node="a", peerIP="10.0.0.2", asNumber=64512)))) == {
        "node a 10.0.0.2",
        "node b 10.0.0.1",
    }
    model = made(NO_MESH, A, B, peer("p", node="a", peerIP="10.0.0.2", asNumber=65009))
    assert table(model) == {"node a 10.0.0.2": ("as-mismatch", '10.0.0.2 (node "b") is in AS 64512, not 65009')}


def test_a_far_end_that_is_told_no_as(made: Any) -> None:
    model = made(
        NO_MESH, A, B, peer("p", node="a", peerIP="10.0.0.2", asNumber=64512), peer("q", node="b", peerIP="10.0.0.1")
    )
    assert table(model)["node a 10.0.0.2"] == ("as-mismatch", 'node "b" expects no AS, not 64512')


def test_both_ports_must_agree_for_a_reverse_peering(made: Any) -> None:
    own = configuration("node.b", listenPort=1790)
    default = configuration(nodeToNodeMeshEnabled=False, listenPort=1791)
    described = peer("p", node="a", peerIP="10.0.0.2:1790", asNumber=64512)
    assert states(made(default, own, A, B, described)) == {"node a 10.0.0.2": "half-open"}
    assert set(states(made(NO_MESH, own, A, B, described)).values()) == {"up"}


def test_port_of_a_node_is_filled_in(made: Any) -> None:
    model = made(NO_MESH, configuration("node.b", listenPort=500), A, B, peer("p", node="a", peerSelector="all()"))
    ports = {(one.local.name, one.remote.name): one.form.port for one in model if one.remote is not None}
    assert ports == {("a", "b"): 500, ("b", "a"): None}


def test_missing_as_number_refuses_everything(made: Any) -> None:
    """M15."""
    for number in ({}, {"asNumber": 0}):
        model = made(NO_MESH, A, peer("p", peerIP="192.0.2.1", **number))
        assert states(model) == {"global a 192.0.2.1": "down"}


def test_unknown_node(made: Any) -> None:
    model = made(NO_MESH, A, peer("p", node="gone", peerIP="192.0.2.1", asNumber=65000))
    assert states(model) == {"node gone 192.0.2.1": "no-such-node"}


def test_selector_over_unknown_labels(made: Any) -> None:
    facts = "{version: 1, node: k, interfaces: [{name: eth0, addresses: [10.0.0.7/24]}]}"
    model = made(NO_MESH, peer("p", nodeSelector="has(x)", peerIP="192.0.2.1", asNumber=65000), facts=facts)
    session = only(model, "node", "k")
    assert (session.status.state, session.status.missing) == ("unknown", 'labels of node "k"')


def test_global_peer_displaces_the_one_of_a_node(made: Any) -> None:
    """M19, and M18 where both are alike."""
    everywhere = peer("all", peerIP="192.0.2.1", asNumber=65000, filters=["f"])
    mine = peer("mine", node="a", peerIP="192.0.2.1", asNumber=65001)
    model = made(NO_MESH, A, everywhere, mine)
    assert only(model, "global", "a").form.remote_as == 65000
    ((winner, loser, drawn),) = model.conflicts
    assert (winner.peer.resource.name, loser.peer.resource.name, drawn) == ("all", "mine", False)
    ((_, _, drawn),) = made(NO_MESH, A, mine, peer("twin", node="a", peerIP="192.0.2.1", asNumber=65000)).conflicts
    assert drawn


def test_peering_inside_the_mesh(made: Any) -> None:
    """M20: of two protocols to one neighbour the first one by name runs."""
    model = states(made(A, B, peer("p", node="a", peerIP="10.0.0.2", asNumber=64512)))
    assert (model["mesh a 10.0.0.2"], model["node a 10.0.0.2"]) == ("up", "idle")
    model = states(made(A, B, peer("p", peerSelector="all()")))
    assert (model["mesh a 10.0.0.2"], model["global a 10.0.0.2"]) == ("idle", "up")
    model = states(made(A, B, peer("p", peerSelector="all()"), release=(3, 31)))
    assert (model["mesh a 10.0.0.2"], model["global a 10.0.0.2"]) == ("up", "idle")


def test_local_as_counts_for_the_type_and_for_the_far_end(made: Any) -> None:
    model = made(NO_MESH, A, peer("p", node="a", peerIP="192.0.2.1", asNumber=65001, localASNumber=65001))
    assert only(model, "node", "a").peer_type == "iBGP"
    model = made(NO_MESH, A, B, peer("p", node="a", peerIP="10.0.0.2", asNumber=64512, localASNumber=65001))
    assert set(states(model).values()) == {"as-mismatch"}
    selected = peer("p", node="a", peerSelector="all()", localASNumber=65001)
    assert {one.form.local_as for one in made(NO_MESH, A, B, selected)} == {64512}


def test_ends_that_contradict_each_other(made: Any) -> None:
    """M29, M30."""
    secret = {"secretKeyRef": {"name": "bgp", "key": "password"}}
    for name, value in (("password", secret), ("ttlSecurity", 1)):
        there = peer("p", node="a", peerIP="10.0.0.2", asNumber=64512, reversePeering="Manual", **{name: value})
        back = peer("q", node="b", peerIP="10.0.0.1", asNumber=64512, reversePeering="Manual")
        found = table(made(NO_MESH, A, B, there, back))
        assert {state for state, _ in found.values()} == {"down"}
        assert all(name in why for _, why in found.values())


@pytest.mark.parametrize(
    ("namespace", "key", "state"),
    [
        ("calico-system", "password", "down"),
        ("calico-system", "passwd", "up"),
        ("default", "password", "up"),
        ("default", "passwd", "down"),
    ],
)
def test_a_password_that_is_not_found_is_none(made: Any, namespace: str, key: str, state: str) -> None:
    """Such a session has none (client.go getPassword); a Secret elsewhere without the key is another one."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bgp", "namespace": namespace}}
    source = {"secretKeyRef": {"name": "bgp", "key": "password"}}
    there = peer("p", node="a", peerIP="10.0.0.2", asNumber=64512, reversePeering="Manual", password=source)
    back = peer("q", node="b", peerIP="10.0.0.1", asNumber=64512, reversePeering="Manual")
    model = made(NO_MESH, A, B, there, back, secret | {"stringData": {key: "x"}})
    assert set(states(model).values()) == {state}


def test_a_session_that_waits_is_called_at_its_port(made: Any) -> None:
    there = peer("p", node="a", peerIP="10.0.0.2", asNumber=64512, reversePeering="Manual")
    back = peer("q", peerIP="10.0.0.1:5", asNumber=64512, reversePeering="Manual")
    assert states(made(NO_MESH, A, B, there, back)) == {"node a 10.0.0.2": "up", "global b 10.0.0.1": "up"}
    back = peer("q", node="b", peerIP="10.0.0.1:5", asNumber=64512, reversePeering="Manual")
    there = peer("p", peerIP="10.0.0.2", asNumber=64512, reversePeering="Manual")
    assert states(made(NO_MESH, A, B, there, back)) == {"global a 10.0.0.2": "down", "node b 10.0.0.1": "down"}


@pytest.mark.parametrize(("other", "found"), [("cni0", True), ("flannel.1", True), ("docker0", True), ("eth1", False)])
def test_calico_node_finds_the_address_of_the_only_interface_at_which_it_looks(
    made: Any, other: str, found: bool
) -> None:
    interfaces = f"{{name: eth0, addresses: [10.0.0.1/24]}}, {{name: {other}, addresses: [10.9.0.1/24]}}"
    model = made(NO_MESH, facts=f"{{version: 1, node: a, interfaces: [{interfaces}]}}")
    assert model.speakers["a"].speaks(4) is (True if found else None)


def test_facts_without_a_way_there(made: Any) -> None:
    facts = "{version: 1, node: a, interfaces: [{name: eth0, addresses: [10.0.0.1/24]}], routes: []}"
    model = made(NO_MESH, A, peer("p", peerIP="192.0.2.1", asNumber=65000), facts=facts)
    assert states(model) == {"global a 192.0.2.1": "unreachable"}
    routed = facts.replace("routes: []", "routes: [{to: default, via: 10.0.0.254}]")
    model = made(NO_MESH, A, peer("p", peerIP="192.0.2.1", asNumber=65000), facts=routed)
    assert states(model) == {"global a 192.0.2.1": "up"}


@pytest.mark.parametrize(("up", "state"), [("true", "up"), ("false", "unreachable")])
def test_an_interface_that_is_down_leads_nowhere(made: Any, up: str, state: str) -> None:
    interfaces = f"{{name: eth0, addresses: [10.0.0.1/24]}}, {{name: eth1, up: {up}, addresses: [192.0.2.9/24]}}"
    facts = f"{{version: 1, node: a, interfaces: [{interfaces}], routes: []}}"
    model = made(NO_MESH, A, peer("p", peerIP="192.0.2.1", asNumber=65000), facts=facts)
    assert states(model) == {"global a 192.0.2.1": state}


@pytest.mark.parametrize(
    ("routes", "state"),
    [
        ("{to: default, via: 10.0.0.254}, {to: 192.0.0.0/16, type: blackhole}", "unreachable"),
        ("{to: default, via: 10.0.0.254}, {to: 192.0.0.0/16, type: throw}", "up"),
        ("{to: default, via: 10.0.0.254}, {to: 192.0.0.0/16, type: blackhole, table: '7'}", "up"),
        ("{to: default, via: 10.0.0.254}, {to: 192.0.2.1/32, type: unreachable, protocol: bird}", "up"),
        ("{to: 192.0.2.0/24, via: 10.0.0.254}, {to: 192.0.0.0/16, type: blackhole}", "up"),
        ("{to: 192.0.2.0/25, via: 10.0.0.254}, {to: 192.0.2.0/30, type: prohibit}", "unreachable"),
        ("{to: default, via: 10.0.0.254}, {to: default, type: unreachable, metric: 4294967295}", "up"),
        ("{to: default, via: 10.0.0.254, metric: 100}, {to: default, type: unreachable}", "unreachable"),
        ("{to: default, type: unreachable, metric: 4294967295}", "unreachable"),
    ],
)
def test_dead_ends_are_no_way_there(made: Any, routes: str, state: str) -> None:
    facts = f"{{version: 1, node: a, interfaces: [{{name: eth0, addresses: [10.0.0.1/24]}}], routes: [{routes}]}}"
    model = made(NO_MESH, A, peer("p", peerIP="192.0.2.1", asNumber=65000), facts=facts)
    assert states(model) == {"global a 192.0.2.1": state}


def test_workload_peers_and_unreadable_ones(made: Any) -> None:
    model = made(NO_MESH, A, peer("w", localWorkloadSelector="app == 'x'", asNumber=65000), peer("bad", peerIP="here"))
    assert {(one.form.kind, one.status.missing) for one in model} == {("workload", "the workloads of the node")}
    assert not list(made(NO_MESH, A, peer("bad", nodeSelector="((", peerIP="192.0.2.1", asNumber=65000)))


def test_next_hop_modes_old_and_new(made: Any) -> None:
    def mode(**spec: Any) -> str:
        return only(made(NO_MESH, A, peer("p", peerIP="192.0.2.1", **spec)), "global", "a").form.next_hop

    assert mode(asNumber=65000, keepOriginalNextHop=True) == "keep"
    assert mode(asNumber=64512, keepOriginalNextHop=True) == "default"
    assert mode(asNumber=65000, keepOriginalNextHop=True, nextHopMode="Self") == "self"
    assert mode(asNumber=65000, nextHopMode="Auto") == "default"


def test_ipv6_needs_an_address(made: Any) -> None:
    both = node("d", "10.0.0.4/24")
    both["spec"]["bgp"]["ipv6Address"] = "fd00::4/64"
    model = made(NO_MESH, A, both, peer("p", peerIP="fd00::1", asNumber=65000))
    assert states(model) == {"global d fd00::1": "up"}


def pod(name: str, on: str, address: str | None, **labels: str) -> Any:
    status = {"podIPs": [{"ip": address}]} if address else {}
    about = {"name": name, "namespace": "default", "labels": labels, "uid": name}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": {"nodeName": on}, "status": status}


def test_workloads_one_by_one(made: Any) -> None:
    """Of several peers that select a workload the first by name has it; on other nodes there may be more of them."""
    first = peer("a", localWorkloadSelector="router == 'yes'", asNumber=65000)
    second = peer("b", localWorkloadSelector="has(router)", asNumber=65001, nodeSelector="all()")
    pods = (
        pod("one", "a", "10.244.0.5", router="yes"),
        pod("two", "b", "10.244.1.5", router="no"),
        pod("three", "a", "10.244.0.6"),
    )
    model = made(NO_MESH, A, B, first, second, *pods)
    found = {(one.peer.resource.name, one.local.name, str(one.address)): one.status.state for one in model}
    assert found == {
        ("a", "a", "10.244.0.5"): "up",
        ("b", "b", "10.244.1.5"): "up",
        ("a", "a", "None"): "unknown",
        ("a", "b", "None"): "unknown",
        ("b", "a", "None"): "unknown",
        ("b", "b", "None"): "unknown",
    }
    complete = {"intent": Intent(complete=("Pod",))}
    model = made(NO_MESH, A, B, first, second, *pods, **complete)
    assert states(model) == {"workload a 10.244.0.5": "up", "workload b 10.244.1.5": "up"}
    waiting = pod("four", "", None, router="yes")
    assert len(made(NO_MESH, A, B, first, *pods, waiting, **complete)) == 3


def test_workloads_call_another_address_than_bird_listens_on(made: Any) -> None:
    """M28: the node only waits for workloads."""
    selects = peer("w", localWorkloadSelector="has(router)", asNumber=65000)
    calls = {"localWorkloadPeeringIPV4": "169.254.1.179", "nodeToNodeMeshEnabled": False}
    for mode, state in (("NodeIP", "down"), ("None", "up")):
        model = made(configuration(bindMode=mode, **calls), A, selects, pod("one", "a", "10.244.0.5", router="yes"))
        assert states(model)["workload a 10.244.0.5"] == state
