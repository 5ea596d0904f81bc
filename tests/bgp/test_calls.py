"""Nodes that have several sessions with each other, at ports or addresses: which of them comes up, as seen in BIRD."""

from __future__ import annotations

from typing import Any

import pytest

from bgp_sessions import NO_MESH, A, B, C, configuration, node, peer, states, table


@pytest.mark.parametrize(
    ("far", "expected"),
    [
        ("10.0.0.1", {"global b 10.0.0.1": "as-mismatch", "mesh b 10.0.0.1": "up", "mesh a 10.0.0.2": "up"}),
        ("10.0.0.2", {"global a 10.0.0.2": "as-mismatch", "mesh a 10.0.0.2": "idle", "mesh b 10.0.0.1": "as-mismatch"}),
        ("10.0.0.2:5", {"global a 10.0.0.2": "as-mismatch", "mesh a 10.0.0.2": "down", "mesh b 10.0.0.1": "down"}),
    ],
)
def test_where_the_first_session_meets_another_as_the_next_one_has_to_call(
    made: Any, far: str, expected: dict[str, str]
) -> None:
    """Seen in BIRD 1.6.8: after the error the next one has the neighbour, whose calls still go to the first one."""
    assert states(made(A, B, peer("p", peerIP=far, asNumber=65000))) == expected


def test_nodes_that_call_and_nodes_that_wait_are_told_apart(made: Any) -> None:
    model = made(A, B, C, peer("p", peerIP="10.0.0.2", asNumber=65000))
    found = states(model)
    assert (found["mesh a 10.0.0.2"], found["mesh c 10.0.0.2"]) == ("idle", "up")
    assert all(one.status.state == kind.state for kind in model.kinds(4) for one in kind)


def test_nodes_that_call_a_node_with_ttl_security_are_not_like_those_that_wait(made: Any) -> None:
    secured = peer("p", peerIP="10.0.0.2", asNumber=64512, ttlSecurity=1, reversePeering="Manual")
    model = made(A, B, C, secured)
    found = states(model)
    assert (found["mesh a 10.0.0.2"], found["mesh c 10.0.0.2"]) == ("idle", "up")
    assert all(one.status.state == kind.state for kind in model.kinds(4) for one in kind)


@pytest.mark.parametrize("selector", ["has(r)", "has(r) || has(s)"])
def test_nodes_that_call_others_with_ttl_security_by_their_labels_are_told_apart(made: Any, selector: str) -> None:
    """Seen in BIRD 1.6.8 once the hold timer ends: `b` waits for `c` by the mesh, whose turn it then is at `c`."""
    nodes = [A, node("b", "10.0.0.2/24", r=""), C, node("d", "10.0.0.4/24", s=""), node("e", "10.0.0.5/24")]
    model = made(*nodes, peer("p", peerSelector=selector, ttlSecurity=1, reversePeering="Manual"))
    found = states(model)
    assert (found["mesh a 10.0.0.2"], found["mesh c 10.0.0.2"], found["mesh b 10.0.0.3"]) == ("idle", "up", "up")
    assert all(one.status.state == kind.state for kind in model.kinds(4) for one in kind)


def test_nodes_of_the_mesh_that_are_called_at_another_address_are_told_apart(made: Any) -> None:
    facts = "{version: 1, node: b, interfaces: [{name: eth0, addresses: [10.0.0.2/24, 10.9.0.2/24]}]}"
    model = made(A, B, C, peer("p", peerIP="10.9.0.2", asNumber=64512), facts=facts)
    found = states(model)
    assert (found["mesh c 10.0.0.2"], found["mesh c 10.0.0.1"]) == ("down", "up")
    assert all(one.status.state == kind.state for kind in model.kinds(4) for one in kind)


def test_another_address_of_a_node_is_part_of_the_cluster(made: Any) -> None:
    facts = "{version: 1, node: b, interfaces: [{name: eth0, addresses: [10.0.0.2/24, 10.9.0.2/24]}]}"
    there = peer("p", node="a", peerIP="10.9.0.2", asNumber=64512, reversePeering="Manual")
    back = peer("q", node="b", peerIP="10.0.0.1", asNumber=64512, reversePeering="Manual")
    assert table(made(NO_MESH, A, B, there, back, facts=facts))["node a 10.9.0.2"] == ("up", "")


def test_a_node_is_called_at_another_of_its_addresses(made: Any) -> None:
    """M28: where BIRD listens on the BGP address alone, nobody hears a call to another one."""
    interfaces = "[{name: eth0, addresses: [10.0.0.2/24]}, {name: wg0, addresses: [10.9.0.2/24]}]"
    facts = f"{{version: 1, node: b, interfaces: {interfaces}}}"
    there = peer("p", node="a", peerIP="10.9.0.2", asNumber=64512)
    back = peer("q", node="b", peerIP="10.0.0.1", asNumber=64512, reversePeering="Manual")

    def found(*peers: Any, **spec: Any) -> dict[str, str]:
        return states(made(configuration(nodeToNodeMeshEnabled=False, **spec), A, B, *peers, facts=facts))

    assert found(there) == {"node a 10.9.0.2": "half-open"}
    assert set(found(there, back).values()) == {"up"}
    assert found(there, back, bindMode="NodeIP") == {"node a 10.9.0.2": "down", "node b 10.0.0.1": "half-open"}
    free = peer("q", node="b", peerIP="10.0.0.1", asNumber=64512, reversePeering="Manual", sourceAddress="None")
    assert found(there, free, bindMode="NodeIP") == {"node a 10.9.0.2": "down", "node b 10.0.0.1": "half-open"}
    facts = facts[:-1] + ", routes: [{to: 10.0.0.1/32, interface: wg0}]}"
    assert set(found(there, free, bindMode="NodeIP").values()) == {"up"}
    straight = peer("p", node="a", peerIP="10.0.0.2", asNumber=64512)
    assert set(found(straight, bindMode="NodeIP").values()) == {"up"}


def test_of_several_calls_for_one_session_each_ends_the_one_before(made: Any) -> None:
    """With graceful restart an end takes a new call for a session that it has in place of the old one."""
    interfaces = "[{name: eth0, addresses: [10.0.0.2/24]}, {name: wg0, addresses: [10.9.0.2/24]}]"
    facts = f"{{version: 1, node: b, interfaces: {interfaces}, routes: []}}"
    near = peer("near", node="a", peerIP="10.0.0.2", asNumber=64512)
    far = peer("far", node="a", peerIP="10.9.0.2", asNumber=64512)

    def found(*peers: Any) -> dict[str, str]:
        return states(made(NO_MESH, A, B, *peers, facts=facts))

    # Both of node a call the one of node b.
    assert set(found(near, far).values()) == {"down"}
    # The global one waits to be called, so that the other one has the only session of node b.
    waits = peer("near", peerIP="10.0.0.2", asNumber=64512)
    called = {"global a 10.0.0.2": "down", "node a 10.9.0.2": "up", "node b 10.0.0.1": "up"}
    assert found(waits, far) == called
    # What ends at the AS gives way to the next one.
    refused = peer("refused", peerIP="10.9.0.2:179", asNumber=65000)
    ended = {"global a 10.9.0.2": "as-mismatch", "global b 10.9.0.2": "down"}
    assert found(waits, far, refused) == called | ended
    # What waits to be called keeps the neighbour, whoever comes after it by name.
    beside = peer("beside", node="a", peerIP="10.0.0.2:179", asNumber=64512)
    assert found(waits, beside, far) == called | {"node a 10.0.0.2": "idle"}


def test_of_several_ports_only_the_one_that_is_listened_on_is_called(made: Any) -> None:
    """A call of the far end is one for the first session by name, which has none once the far end is called itself."""
    wrong = peer("p", node="a", peerIP="10.0.0.2:100", asNumber=64512, reversePeering="Manual")
    right = peer("q", node="a", peerIP="10.0.0.2:179", asNumber=64512, reversePeering="Manual")
    back = peer("r", node="b", peerIP="10.0.0.1", asNumber=64512, reversePeering="Manual")
    found = {(one.local.name, one.form.port): one.status.state for one in made(NO_MESH, A, B, wrong, right, back)}
    assert found == {("a", 100): "down", ("a", 179): "up", ("b", None): "up"}


def test_a_call_from_another_as_ends_the_session_that_takes_it(made: Any) -> None:
    """The one that waits for the same neighbour has the next turn; where none does, all begins anew."""
    facts = "{version: 1, node: b, interfaces: [{name: eth0, addresses: [10.0.0.2/24, 10.9.0.2/24]}]}"
    refused = peer("p", node="a", peerIP="10.9.0.2", asNumber=65000)
    model = made(A, B, refused, facts=facts)
    down = {"mesh a 10.0.0.2": "down", "mesh b 10.0.0.1": "down"}
    assert states(model) == down | {"node a 10.9.0.2": "as-mismatch"}
    assert [one.status.ends for one in model] == [False, True, True]
    behind = peer("q", node="b", peerIP="10.0.0.1", asNumber=64512, reversePeering="Manual")
    found = states(made(A, B, refused, behind, facts=facts))
    up = {"mesh a 10.0.0.2": "up", "node b 10.0.0.1": "up"}
    assert found == up | {"node a 10.9.0.2": "as-mismatch", "mesh b 10.0.0.1": "as-mismatch"}


def test_which_node_calls_first_may_decide(made: Any) -> None:
    """Seen in BIRD 1.6.8: whom the far end has called does not call, and its call would have ended at the AS."""
    facts = "{version: 1, node: b, interfaces: [{name: eth0, addresses: [10.0.0.2/24, 10.9.0.2/24]}]}"
    refuses = peer("p", peerIP="10.0.0.2", asNumber=64512, localASNumber=65000)
    calls = peer("q", node="a", peerIP="10.9.0.2", asNumber=64512)
    model = made(A, B, refuses, calls, facts=facts)
    found = {key: state for key, state in states(model).items() if state == "unknown"}
    assert set(found) == {"node a 10.9.0.2", "mesh b 10.0.0.1"}
    assert {one.status.missing for one in model} == {"", 'which of node "a" and node "b" calls first'}


def test_a_call_with_another_ttl_ends_the_session_that_takes_it(made: Any) -> None:
    """Seen in BIRD 1.6.8: the call is taken, and what the far end sends then is dropped."""
    facts = "{version: 1, node: b, interfaces: [{name: eth0, addresses: [10.0.0.2/24, 10.9.0.2/24]}]}"
    limited = peer("p", node="a", peerIP="10.9.0.2", asNumber=64512, ttlSecurity=1)
    found = {key: why for key, (state, why) in table(made(A, B, limited, facts=facts)).items() if state == "down"}
    assert found == {
        "node a 10.9.0.2": "the ends differ in ttlSecurity",
        "mesh a 10.0.0.2": 'node "b" has one session for it and that with 10.9.0.2, and each call ends the other',
        "mesh b 10.0.0.1": 'node "a" calls it by several sessions, and each call ends the one before',
    }


def test_the_address_from_which_the_kernel_calls_may_be_no_neighbour(made: Any) -> None:
    there = peer("p", node="a", peerIP="10.0.0.2", asNumber=64512, sourceAddress="None", reversePeering="Manual")
    waits = peer("q", peerIP="10.0.0.1:100", asNumber=64512, reversePeering="Manual")
    addresses = "interfaces: [{name: eth0, addresses: [10.0.0.1/24]}, {name: wg0, addresses: [10.9.0.1/24]}]"
    facts = f"{{version: 1, node: a, {addresses}, routes: [{{to: 10.0.0.2/32, interface: WAY}}]}}"
    for way, state in (("eth0", "up"), ("wg0", "half-open")):
        found = states(made(NO_MESH, A, B, there, waits, facts=facts.replace("WAY", way)))
        assert found["node a 10.0.0.2"] == state


def test_a_node_has_no_session_with_an_address_of_its_own(made: Any) -> None:
    interfaces = "[{name: eth0, addresses: [10.0.0.2/24]}, {name: wg0, addresses: [10.9.0.2/24]}]"
    model = made(
        NO_MESH,
        A,
        B,
        peer("p", nodeSelector="all()", peerIP="10.9.0.2", asNumber=64512),
        facts=f"{{version: 1, node: b, interfaces: {interfaces}}}",
    )
    assert states(model) == {"node a 10.9.0.2": "half-open", "node b 10.9.0.2": "down"}
