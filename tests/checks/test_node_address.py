"""BGP addresses on the wrong interface: which bridges are no way to a node, and which networks others are in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.checks import Breach, find
from manifests import calico, cluster_of

OTHER = calico("Node", "other", {"bgp": {"ipv4Address": "10.0.0.9/24"}})


def node(name: str, held: str = "", *internal: str) -> dict[str, Any]:
    annotations = {f"projectcalico.org/IPv{6 if ':' in held else 4}Address": held} if held else {}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "annotations": annotations},
        "status": {"addresses": [{"type": "InternalIP", "address": one} for one in internal]},
    }


def told(problem: str, *objects: Any, facts: str = "") -> list[Breach]:
    return list(find("node_address")(cluster_of(objects, facts=facts), {"problem": problem}))


def facts(interface: str, address: str, name: str = "one") -> str:
    return f"""\
version: 1
node: {name}
interfaces:
  - {{name: {interface}, addresses: ["{address}"]}}
  - {{name: eth0, addresses: [10.0.0.1/24]}}
"""


ENGINES = ("docker0", "br-0123456789ab", "virbr1", "lxdbr0", "podman2", "cni-podman0", "cni0", "cbr0")
OWN = ("br0", "br-lan", "vmbr0", "bridge0", "eth1", "wg0", "bond0.7", "docker", "br-0123456789")


@pytest.mark.parametrize("address", ["172.18.0.1/16", "fd00:18::1/64"])
@pytest.mark.parametrize("interface", [*ENGINES, *OWN])
def test_facts_tell_which_interface_has_the_address(interface: str, address: str) -> None:
    found = told("bridge", node("one", address), OTHER, facts=facts(interface, address))
    assert [interface in one.message for one in found] == ([True] if interface in ENGINES else [])


def test_machines_behind_the_bridge_reach_it() -> None:
    host, told_by = node("one", "192.168.122.1/24"), facts("virbr0", "192.168.122.1/24")
    assert len(told("bridge", host, OTHER, facts=told_by)) == 1
    assert told("bridge", host, node("guest", "192.168.122.7/24"), facts=told_by) == []
    assert told("bridge", host, node("guest", "10.0.0.7/24", "192.168.122.7"), facts=told_by) == []


def test_a_node_alone_needs_no_way_to_it() -> None:
    assert told("bridge", node("one", "172.17.0.1/16")) == []


@pytest.mark.parametrize("address", ["172.17.0.1/24", "172.17.0.2/16", "172.18.0.1/16", "172.17.0.1"])
def test_without_facts_only_the_usual_address_of_docker_is_known(address: str) -> None:
    assert told("bridge", node("one", address), OTHER) == []
    assert len(told("bridge", node("one", "172.17.0.1/16"), OTHER)) == 1


def test_the_usual_address_of_docker_may_be_the_nodes_own() -> None:
    assert told("bridge", node("one", "172.17.0.1/16", "172.17.0.1"), OTHER) == []
    assert told("bridge", node("one", "172.17.0.1/16"), OTHER, facts=facts("eth1", "172.17.0.1/16")) == []
    assert told("bridge", node("one", "172.17.0.1/16"), node("two", "172.17.0.2/16"), OTHER) == []


def test_several_nodes_are_told_of_at_the_first() -> None:
    found = told("bridge", *(node(name, "172.17.0.1/16") for name in ("one", "two", "three")), OTHER)
    assert [(one.object.name if one.object else "", len(one.related)) for one in found] == [("one", 2)]
    assert "with 2 more" in found[0].message


NETS = st.sampled_from(("10.0.0", "10.9.0", "10.8.0"))


@given(places=st.lists(st.tuples(NETS, NETS), max_size=6))
def test_networks_that_most_are_not_in(places: list[tuple[str, str]]) -> None:
    """Node by node, with the BGP address in one network and the InternalIP in another."""
    objects = [node(f"n{n}", f"{held}.{n + 1}/24", f"{inner}.{n + 1}") for n, (held, inner) in enumerate(places)]
    most = [net for net in {held for held, _ in places} if sum(held == net for held, _ in places) * 2 > len(places)]
    common = most[0] if most and sum(held == most[0] for held, _ in places) > 1 else None
    at_own = [held for held, inner in places if held == inner]
    if len(places) == 2 and len(at_own) == 1:
        common = at_own[0]
    expected = [f"n{n}" for n, (held, inner) in enumerate(places) if held != common and inner == common]
    assert [one.object.name for one in told("apart", *objects) if one.object] == expected


def test_an_address_that_kubernetes_knows_is_no_mistake() -> None:
    most = [node(f"n{n}", f"10.0.0.{n}/24") for n in (1, 2, 3)]
    assert len(told("apart", *most, node("four", "10.9.0.4/24", "10.0.0.4"))) == 1
    assert told("apart", *most, node("four", "10.9.0.4/24", "10.9.0.4", "10.0.0.4")) == []
    assert told("apart", *most, node("four", "172.17.0.1/16", "10.0.0.4")) == []
    assert told("apart", *most, node("four", "10.0.0.4", "10.0.0.4")) == []
    assert told("apart", *most, node("four", "", "10.0.0.4")) == []


def test_of_two_nodes_the_one_that_is_not_at_its_own_address() -> None:
    home = node("home", "192.168.1.10/24", "10.200.0.1")
    server = node("server", "10.200.0.2/24", "10.200.0.2")
    (found,) = told("apart", home, server)
    assert found.message == (
        'the BGP address "192.168.1.10/24" of node "home" is not in 10.200.0.0/24, where the other node has its own '
        "and this one has its InternalIP, 10.200.0.1"
    )
    assert told("apart", node("home", "192.168.1.10/24", "192.168.1.10"), server) == []
    assert told("apart", home, node("server", "10.200.0.2/24")) == []
    assert told("apart", home, node("server", "10.200.0.2/24", "203.0.113.9")) == []
    assert told("apart", node("home", "192.168.1.10/24", "10.201.0.1"), server) == []
