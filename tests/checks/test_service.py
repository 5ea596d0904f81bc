"""What nodes need: where it is evident, who is at the far end, and whether all of its packets get through."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callint.checks import Breach, CheckError, find
from callint.checks.traffic.need import read_needs
from callint.checks.traffic.place import abouts
from callint.checks.traffic.question import Question, question
from callint.checks.traffic.sites import sites
from callint.objects import Cluster, Intent
from callint.policy import Packet, evaluate, model_of
from manifests import CLOSED, ROUTER, ROUTER_FACTS, calico, cluster_of
from shipped_rules import RULES, told_by

NODES = """
---
apiVersion: v1
kind: Node
metadata: {name: router, labels: {node-role.kubernetes.io/control-plane: ""}}
status: {addresses: [{type: InternalIP, address: 10.0.0.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: worker}
status: {addresses: [{type: InternalIP, address: 10.0.0.2}]}
"""
FACTS = (
    ROUTER_FACTS
    + """\
routes:
  - {to: default, via: 192.168.0.1, interface: wan0}
"""
)


def asked(cluster: Cluster, identifier: str) -> Iterator[Question]:
    """What a rule that callint ships asks about a cluster."""
    nodes = abouts(model_of(cluster))
    for need in read_needs(cluster, RULES[identifier].parameters):
        for site in sites(nodes.values(), need):
            found = question(nodes, need, site)
            if found is not None:
                yield found


def places(cluster: Cluster, identifier: str) -> set[tuple[str, str]]:
    return {(one.site.interface, one.need.direction) for one in asked(cluster, identifier)}


CLIENTS = {"POL001": {("wan0", "out")}, "POL003": {("wan0", "out")}}


def test_every_node_asks_dns_and_the_api_server() -> None:
    for identifier in CLIENTS:
        (found,) = asked(cluster_of(ROUTER), identifier)
        at = {point.interface for connection in found.connections for point in connection.points}
        assert (at, found.need.direction, found.anybody) == ({"wan0", "lan0"}, "out", True)


@pytest.mark.parametrize(
    ("profiles", "by"),
    [([], "the end of all policy, for no profile allows it,"), (["ghost"], "profile ghost, which does not exist,")],
)
def test_what_no_profile_allows_is_told_in_whole_words(profiles: list[str], by: str) -> None:
    closed = calico("FelixConfiguration", "default", {"failsafeOutboundHostPorts": []})
    spec = {"node": "router", "interfaceName": "lan0", "expectedIPs": ["10.0.0.1"], "profiles": profiles}
    (breach,) = told_by(cluster_of([closed, calico("HostEndpoint", "lan", spec)]), "POL003")
    assert f"is dropped by {by} though" in breach.message


def test_with_routes_it_asks_where_the_default_route_leaves() -> None:
    cluster = cluster_of(ROUTER, facts=FACTS)
    assert {one: places(cluster, one) for one in CLIENTS} == CLIENTS


def test_the_way_to_the_api_server_is_that_to_its_node() -> None:
    hosts, facts = (text.replace("router", "worker").replace("10.0.0.1", "10.0.0.2") for text in (ROUTER, FACTS))
    cluster = cluster_of(hosts + NODES, facts=facts)
    (found,) = asked(cluster, "POL003")
    assert (found.site.interface, found.need.direction, found.anybody) == ("lan0", "out", False)
    assert found.connections[0].destination == (((0x0A000001, 0x0A000001),), ())


def test_a_control_plane_node_offers_the_api_server_at_its_own_address() -> None:
    (found,) = [one for one in asked(cluster_of(ROUTER + NODES), "POL003") if one.need.direction == "in"]
    assert found.site.interface == "lan0"
    assert found.connections[0].source == (((0x0A000002, 0x0A000002),), ())


def test_nodes_without_host_endpoints_need_nothing_of_calico() -> None:
    assert places(cluster_of(NODES), "POL003") == set()


def test_a_node_that_is_a_placeholder_is_none_yet() -> None:
    assert places(cluster_of(ROUTER.replace("router", "<node>")), "POL003") == set()


@pytest.mark.parametrize(
    ("socket", "identifier", "expected"),
    [
        ("{protocol: udp, port: 53, address: 10.0.0.1}", "POL001", {("lan0", "in")}),
        ("{protocol: tcp, port: 53, interface: lan0}", "POL001", {("lan0", "in")}),
        ("{protocol: udp, port: 53}", "POL001", {("lan0", "in")}),
        ("{protocol: udp, port: 53, address: 127.0.0.53}", "POL001", set()),
        ("{protocol: udp, port: 67}", "POL002", {("lan0", "in"), ("lan0", "out")}),
        ("{protocol: udp, port: 68, interface: wan0}", "POL002", {("wan0", "in"), ("wan0", "out")}),
        ("{protocol: udp, port: 68}", "POL002", set()),
        ("{protocol: tcp, port: 6443}", "POL003", {("lan0", "in")}),
        ("{protocol: tcp, port: 8443, process: kube-apiserver, address: 10.0.0.1}", "POL003", {("lan0", "in")}),
        ("{protocol: tcp, port: 6443, process: nginx}", "POL003", set()),
        ("{protocol: tcp, port: 8443}", "POL003", set()),
    ],
)
def test_sockets_tell(socket: str, identifier: str, expected: set[tuple[str, str]]) -> None:
    cluster = cluster_of(ROUTER, facts=FACTS + f"listening: [{socket}]\n")
    assert places(cluster, identifier) - CLIENTS.get(identifier, set()) == expected


def test_a_socket_for_every_address_tells_nothing_while_routes_are_unknown() -> None:
    about = FACTS.split("routes:")[0] + "listening: [{protocol: udp, port: 53}]\n"
    assert ("lan0", "in") not in places(cluster_of(ROUTER, facts=about), "POL001")


def test_facts_declare() -> None:
    about = FACTS + "services: {lan0: [dns, {name: api-server, port: 443}]}\n"
    cluster = cluster_of(ROUTER, facts=about)
    (served,) = [one for one in asked(cluster, "POL003") if one.need.direction == "in"]
    assert served.connections[0].packets.ports == ((443, 443),)
    assert served.site.span is not None
    assert ("lan0", "in") in places(cluster, "POL001")


def test_the_configuration_asks() -> None:
    intent = Intent({"router": {"*": {"dhcp": None}}}, api_server_port=8443)
    cluster = cluster_of(ROUTER, intent=intent)
    assert places(cluster, "POL002") == {(name, way) for name in ("wan0", "lan0") for way in ("in", "out")}
    assert {one.connections[0].packets.ports for one in asked(cluster, "POL003")} == {((8443, 8443),)}


API_SERVER = """
---
apiVersion: v1
kind: Pod
metadata: {name: %s, namespace: kube-system}
spec: {containers: [{name: a, command: [kube-apiserver, --secure-port=%s]}]}
"""
KUBEADM = """
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {bindPort: 8443}
"""


@pytest.mark.parametrize(
    ("more", "port"),
    [
        (API_SERVER % ("kube-apiserver-a", 8443), 8443),
        (API_SERVER % ("kube-apiserver-a", 8443) + API_SERVER % ("kube-apiserver-b", 9443), 6443),
        (API_SERVER % ("web", 8443), 6443),
        (API_SERVER % ("kube-apiserver-a", 0), 6443),
        (KUBEADM, 8443),
        (KUBEADM + API_SERVER % ("kube-apiserver-a", 8443), 8443),
    ],
)
def test_the_manifests_say_where_the_api_server_listens(more: str, port: int) -> None:
    found = asked(cluster_of(ROUTER + NODES + more), "POL003")
    assert {one.connections[0].packets.ports for one in found} == {((port, port),)}


def test_the_configuration_asks_at_a_port() -> None:
    cluster = cluster_of(ROUTER, intent=Intent({"router": {"lan0": {"typha": 5474}}}))
    (found,) = (one for one in asked(cluster, "POL006") if one.need.direction == "in")
    assert (found.site.interface, found.connections[0].packets.ports) == ("lan0", ((5474, 5474),))


def test_neighbours_are_all_of_the_network() -> None:
    cluster = cluster_of(ROUTER, facts=FACTS + "services: {lan0: [dns]}\n")
    found = next(one for one in asked(cluster, "POL001") if one.need.direction == "in")
    assert found.connections[0].source == (((0x0A000002, 0x0A0000FE),), ())
    assert found.connections[0].destination == (((0x0A000001, 0x0A000001),), ())


ADDRESSES = ("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.9.9", "203.0.113.9")
NETS = ("10.0.0.0/24", "10.0.0.2/32", "10.0.0.2/31", "203.0.113.0/24", "0.0.0.0/0")


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {"action": draw(st.sampled_from(["Allow", "Deny", "Pass", "Log"]))}
    protocol = draw(st.sampled_from([None, "TCP", "UDP"]))
    if protocol:
        found["protocol"] = protocol
    for side in ("source", "destination"):
        entity: dict[str, Any] = {}
        if draw(st.booleans()):
            entity[draw(st.sampled_from(["nets", "notNets"]))] = [draw(st.sampled_from(NETS[:4]))]
        if draw(st.integers(0, 3)) == 0:
            entity["selector"] = draw(st.sampled_from(["set == 'a'", "zone == 'lan'"]))
        if protocol and draw(st.booleans()):
            entity["ports"] = [draw(st.sampled_from([53, 80, "60:90", "40000:40001"]))]
        if entity:
            found[side] = entity
    return found


@st.composite
def clusters(draw: st.DrawFn) -> list[dict[str, Any]]:
    profiles = draw(st.sampled_from([[], ["projectcalico-default-allow"]]))
    spec = {"node": "router", "interfaceName": "lan0", "expectedIPs": ["10.0.0.1"], "profiles": profiles}
    found = [calico("HostEndpoint", "lan", spec, labels={"zone": "lan"})]
    found.append(calico("GlobalNetworkSet", "a", {"nets": ["10.0.0.2/32", "203.0.113.0/28"]}, labels={"set": "a"}))
    for number in range(draw(st.integers(0, 3))):
        lists = {way: draw(st.lists(rules(), max_size=3)) for way in ("ingress", "egress")}
        spec = {"selector": draw(st.sampled_from(["zone == 'lan'", "zone == 'wan'"])), "types": ["Ingress", "Egress"]}
        spec |= {"tier": draw(st.sampled_from(["default", "first"])), "order": number, **lists}
        found.append(calico("GlobalNetworkPolicy", f"p{number}", spec))
    found.append(calico("Tier", "first", {"order": 1, "defaultAction": draw(st.sampled_from(["Deny", "Pass"]))}))
    felix = {"failsafeInboundHostPorts": [{"protocol": "tcp", "port": 80}]} if draw(st.booleans()) else {}
    found.append(calico("FelixConfiguration", "default", felix))
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    clusters(),
    st.sampled_from(["in", "out"]),
    st.sampled_from(["TCP", "UDP"]),
    st.lists(st.sampled_from([53, 80]), min_size=1, unique=True),
    st.one_of(st.none(), st.lists(st.sampled_from(ADDRESSES[1:]), min_size=1, unique=True)),
)
def test_sets_say_what_each_packet_says(
    objects: list[dict[str, Any]], direction: str, protocol: str, ports: list[int], peers: list[str] | None
) -> None:
    cluster = cluster_of(objects, intent=Intent(complete=("Pod",)))
    parameters = {
        "at": "outward",
        "direction": direction,
        "peers": "somebody" if peers is None else {"addresses": peers},
        "protocol": protocol,
        "ports": ports,
        "sourcePorts": 40000,
    }
    found = list(find("flow-required")(cluster, parameters))
    here = model_of(cluster).at("router")
    inward = direction == "in"
    # addresses of every kind that the policies can tell apart, and one of none
    universe = ("10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.9.9", "203.0.113.9", "203.0.113.99", "198.51.100.1")
    verdicts = []
    for far in universe if peers is None else peers:
        ends = (far, "10.0.0.1") if inward else ("10.0.0.1", far)
        for port in ports:
            interfaces = ("lan0", None) if inward else (None, "lan0")
            packet = Packet(*interfaces, *ends, protocol.lower(), 40000, port)
            verdicts.append(evaluate(here, packet))
    dropped = [verdict.outcome == "drop" for verdict in verdicts]
    assert bool(found) is (all(dropped) if peers is None else any(dropped))
    for breach in found:
        assert _counterexample(breach, cluster) == "drop"
    if peers is not None:  # one finding mended uncovers no other
        rules = {
            (*verdict.path, "action")
            for verdict in verdicts
            if verdict.outcome == "drop" and verdict.policy and isinstance(verdict.path[-1], int)
        }
        assert rules <= {breach.path for breach in found}


@pytest.mark.parametrize("way", ["in", "out"])
def test_a_node_that_may_talk_to_itself_alone_talks_to_nobody(way: str) -> None:
    end, types = ("source", "ingress") if way == "in" else ("destination", "egress")
    parameters = {"at": "outward", "direction": way, "protocol": "TCP", "ports": 8080}
    for peers in ("somebody", "any"):
        for nets, broken in (("10.0.0.1/32", True), ("10.0.0.0/31", peers == "any"), ("0.0.0.0/0, '::/0'", False)):
            policy = CLOSED.replace("ingress: [], egress: [{action: Allow}]", "ingress: [], egress: []")
            policy = policy.replace(f"{types}: []", f"{types}: [{{action: Allow, {end}: {{nets: [{nets}]}}}}]")
            breaches = find("flow-required")(cluster_of(ROUTER + policy), {**parameters, "peers": peers})
            assert bool(list(breaches)) is broken, (peers, nets)


def test_a_node_may_refuse_packets_that_claim_to_come_from_itself() -> None:
    rules = "[{action: Deny, source: {nets: [10.0.0.1/32, 192.168.0.2/32]}}, {action: Allow}]"
    parameters = {"at": "outward", "peers": "any", "protocol": "TCP", "ports": 8080}
    cluster = cluster_of(ROUTER + CLOSED.replace("ingress: []", f"ingress: {rules}"))
    assert list(find("flow-required")(cluster, parameters)) == []


def test_a_packet_between_two_that_nothing_tells_has_two_ends() -> None:
    spec = "{node: router, interfaceName: lan0}"
    bare = ROUTER.split("---")[0].split("spec:")[0] + f"spec: {spec}\n"
    (breach,) = find("flow-required")(
        cluster_of(bare + CLOSED), {"at": "outward", "protocol": "TCP", "ports": 8080, "peers": "somebody"}
    )
    assert breach.witness is not None
    assert (breach.witness.as_dict()["source"], breach.witness.as_dict()["destination"]) == ("192.0.2.1", "192.0.2.2")


def _counterexample(breach: Breach, cluster: Cluster) -> str:
    assert breach.witness is not None
    shown = breach.witness.as_dict()
    assert shown["trace"]
    fields = {name: shown.get(name) for name in Packet._fields if name in shown}
    assert ip_address(shown["source"]) != ip_address(shown["destination"])
    packet = Packet(**{"in_interface": None, "out_interface": None, **fields})
    return evaluate(model_of(cluster).at("router"), packet).outcome


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"at": [], "protocol": "TCP"}, '"at" is needed'),
        ({"flows": [{}]}, "no protocol"),
        ({"flows": []}, '"flows" must be a list'),
        ({"at": "everywhere", "protocol": "TCP"}, 'each of "at"'),
        ({"at": [{"role": "x", "nodes": "y"}], "protocol": "TCP"}, 'each of "at"'),
        ({"at": "outward", "protocol": "TCP", "direction": "up"}, '"direction"'),
        ({"at": "outward", "protocol": "TCP", "peers": "friends"}, '"peers" are'),
        ({"at": "outward", "protocol": "TCP", "peers": {"addresses": ["10.0.0.0/99"]}}, "prefix length"),
        ({"at": "outward", "protocol": "VRRP"}, '"VRRP" is no protocol'),
        ({"at": "outward", "protocol": 112, "ports": 1}, "ports need the protocol"),
        ({"at": "outward", "protocol": "TCP", "icmpTypes": 8}, '"icmpTypes" need'),
        ({"at": "outward", "protocol": "ICMP", "icmpTypes": 256}, "from 0 to 255"),
        ({"at": "outward", "protocol": "TCP", "port": 1}, 'there is no "port"'),
        ({"at": "outward", "protocol": "TCP", "name": 7}, '"name" must be text'),
        ({"at": [{"nodes": "a = b"}], "protocol": "TCP"}, "selector over labels"),
        ({"at": [{"listener": 53}], "protocol": "TCP"}, '"listener" is a map'),
    ],
)
def test_parameters_that_cannot_be_used(parameters: dict[str, Any], complaint: str) -> None:
    with pytest.raises(CheckError, match="flow-required") as error:
        list(find("flow-required")(cluster_of(ROUTER + NODES, facts=FACTS + "listening: []\n"), parameters))
    assert complaint in str(error.value)
