"""What nodes need: where it is evident, who is at the far end, and whether all of its packets get through."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callint import rule
from callint.checks import Breach, CheckError, find
from callint.checks.traffic.need import read_needs
from callint.checks.traffic.place import abouts
from callint.checks.traffic.question import Question, question
from callint.checks.traffic.sites import sites
from callint.objects import Cluster, Intent
from callint.policy import Packet, evaluate, model_of
from manifests import calico, cluster_of, hosts

CATALOGUE = rule.load()
HOSTS = hosts(wan="192.168.0.2", lan="10.0.0.1")
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
FACTS = """
version: 1
node: router
interfaces:
  - {name: wan0, addresses: [192.168.0.2/24], forwarding: true}
  - {name: lan0, addresses: [10.0.0.1/24], forwarding: true}
routes:
  - {to: default, via: 192.168.0.1, interface: wan0}
"""


def asked(cluster: Cluster, identifier: str) -> Iterator[Question]:
    """What a rule that callint ships asks about a cluster."""
    one = next(one for one in CATALOGUE if one.id == identifier)
    nodes = abouts(model_of(cluster))
    for need in read_needs(cluster, one.parameters):
        for site in sites(nodes.values(), need):
            found = question(nodes, need, site)
            if found is not None:
                yield found


def places(cluster: Cluster, identifier: str) -> set[tuple[str, str]]:
    return {(one.site.interface, one.need.direction) for one in asked(cluster, identifier)}


CLIENTS = {"POL001": {("wan0", "out")}, "POL003": {("wan0", "out")}}


def test_every_node_asks_dns_and_the_api_server() -> None:
    for identifier in CLIENTS:
        (found,) = asked(cluster_of(HOSTS), identifier)
        at = {point.interface for connection in found.connections for point in connection.points}
        assert (at, found.need.direction, found.anybody) == ({"wan0", "lan0"}, "out", True)


@pytest.mark.parametrize(
    ("sockets", "needed"),
    [
        ("", True),
        ("listening: [{protocol: tcp, port: 22}]", False),
        ("listening: [{protocol: udp, port: 10250}]", False),
        ("listening: [{protocol: tcp, port: 22}, {protocol: tcp, port: 10250}]", True),
    ],
)
def test_a_host_where_no_kubelet_listens_needs_none(sockets: str, needed: bool) -> None:
    assert places(cluster_of(HOSTS + NODES, facts=FACTS + sockets), "HEP014") == ({("lan0", "in")} if needed else set())


def test_what_no_profile_allows_is_told_in_whole_words() -> None:
    closed = calico("FelixConfiguration", "default", {"failsafeOutboundHostPorts": []})
    endpoint = calico("HostEndpoint", "lan", {"node": "router", "interfaceName": "lan0", "expectedIPs": ["10.0.0.1"]})
    one = next(one for one in CATALOGUE if one.id == "POL003")
    (breach,) = find(one.check)(cluster_of([closed, endpoint]), one.parameters)
    assert "is dropped by the end of all policy, for no profile allows it, though" in breach.message


def test_with_routes_it_asks_where_the_default_route_leaves() -> None:
    cluster = cluster_of(HOSTS, facts=FACTS)
    assert {one: places(cluster, one) for one in CLIENTS} == CLIENTS


def test_the_way_to_the_api_server_is_that_to_its_node() -> None:
    hosts, facts = (text.replace("router", "worker").replace("10.0.0.1", "10.0.0.2") for text in (HOSTS, FACTS))
    cluster = cluster_of(hosts + NODES, facts=facts)
    (found,) = asked(cluster, "POL003")
    assert (found.site.interface, found.need.direction, found.anybody) == ("lan0", "out", False)
    assert found.connections[0].destination == (((0x0A000001, 0x0A000001),), ())


def test_a_control_plane_node_offers_the_api_server_at_its_own_address() -> None:
    (found,) = [one for one in asked(cluster_of(HOSTS + NODES), "POL003") if one.need.direction == "in"]
    assert found.site.interface == "lan0"
    assert found.connections[0].source == (((0x0A000002, 0x0A000002),), ())


def test_nodes_without_host_endpoints_need_nothing_of_calico() -> None:
    assert places(cluster_of(NODES), "POL003") == set()


def test_a_node_that_is_a_placeholder_is_none_yet() -> None:
    assert places(cluster_of(HOSTS.replace("router", "<node>")), "POL003") == set()


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
    cluster = cluster_of(HOSTS, facts=FACTS + f"listening: [{socket}]\n")
    assert places(cluster, identifier) - CLIENTS.get(identifier, set()) == expected


def test_a_socket_for_every_address_tells_nothing_while_routes_are_unknown() -> None:
    about = FACTS.split("routes:")[0] + "listening: [{protocol: udp, port: 53}]\n"
    assert ("lan0", "in") not in places(cluster_of(HOSTS, facts=about), "POL001")


def test_facts_declare() -> None:
    about = FACTS + "services: {lan0: [dns, {name: api-server, port: 443}]}\n"
    cluster = cluster_of(HOSTS, facts=about)
    (served,) = [one for one in asked(cluster, "POL003") if one.need.direction == "in"]
    assert served.connections[0].packets.ports == ((443, 443),)
    assert served.site.span is not None
    assert ("lan0", "in") in places(cluster, "POL001")


def test_the_configuration_asks() -> None:
    intent = Intent({"router": {"*": {"dhcp": None}}}, api_server_port=8443)
    cluster = cluster_of(HOSTS, intent=intent)
    assert places(cluster, "POL002") == {(name, way) for name in ("wan0", "lan0") for way in ("in", "out")}
    assert {one.connections[0].packets.ports for one in asked(cluster, "POL003")} == {((8443, 8443),)}


def test_the_configuration_asks_at_a_port() -> None:
    cluster = cluster_of(HOSTS, intent=Intent({"router": {"lan0": {"typha": 5474}}}))
    (found,) = (one for one in asked(cluster, "POL006") if one.need.direction == "in")
    assert (found.site.interface, found.connections[0].packets.ports) == ("lan0", ((5474, 5474),))


def test_neighbours_are_all_of_the_network() -> None:
    cluster = cluster_of(HOSTS, facts=FACTS + "services: {lan0: [dns]}\n")
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
            breaches = find("flow-required")(cluster_of(HOSTS + policy), {**parameters, "peers": peers})
            assert bool(list(breaches)) is broken, (peers, nets)


def test_a_node_may_refuse_packets_that_claim_to_come_from_itself() -> None:
    rules = "[{action: Deny, source: {nets: [10.0.0.1/32, 192.168.0.2/32]}}, {action: Allow}]"
    parameters = {"at": "outward", "peers": "any", "protocol": "TCP", "ports": 8080}
    cluster = cluster_of(HOSTS + CLOSED.replace("ingress: []", f"ingress: {rules}"))
    assert list(find("flow-required")(cluster, parameters)) == []


def test_a_packet_between_two_that_nothing_tells_has_two_ends() -> None:
    spec = "{node: router, interfaceName: lan0}"
    bare = HOSTS.split("---")[0].split("spec:")[0] + f"spec: {spec}\n"
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
        ({"at": [], "protocol": "TCP"}, 'needs "at"'),
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
        ({"at": "outward", "protocol": "TCP", "port": 1}, 'knows no "port"'),
        ({"at": "outward", "protocol": "TCP", "name": 7}, '"name" must be text'),
        ({"at": [{"nodes": "a = b"}], "protocol": "TCP"}, "selector over labels"),
        ({"at": [{"listener": 53}], "protocol": "TCP"}, '"listener" is a map'),
    ],
)
def test_parameters_that_cannot_be_used(parameters: dict[str, Any], complaint: str) -> None:
    with pytest.raises(CheckError, match="flow-required") as error:
        list(find("flow-required")(cluster_of(HOSTS + NODES, facts=FACTS + "listening: []\n"), parameters))
    assert complaint in str(error.value)


CLOSED = """
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: hosts}
spec: {selector: all(), types: [Ingress, Egress], ingress: [], egress: [{action: Allow}]}
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: default}
spec: {failsafeInboundHostPorts: [], failsafeOutboundHostPorts: []}
"""


def hosts(**addresses: str) -> str:
    """Nodes with one open host endpoint each, by their labels and addresses, and a pool whose routes BGP brings."""
    found = ["apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: pods}\nspec: {cidr: 10.244.0.0/16}\n"]
    for name, address in addresses.items():
        found.append(
            f"apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, annotations: {{projectcalico.org/IPv4Address: "
            f"{address}/24}}}}\nstatus: {{addresses: [{{type: InternalIP, address: {address}}}]}}\n"
        )
        spec = f"node: {name}, interfaceName: eth0, expectedIPs: [{address}], profiles: [projectcalico-default-allow]"
        found.append(
            f"apiVersion: projectcalico.org/v3\nkind: HostEndpoint\n"
            f"metadata: {{name: {name}, labels: {{host: {name}}}}}\nspec: {{{spec}}}\n"
        )
    return "---\n".join(found)


def found(cluster: Cluster, identifier: str) -> list[Breach]:
    one = next(one for one in CATALOGUE if one.id == identifier)
    return list(find(one.check)(cluster, one.parameters))


def test_of_two_nodes_in_the_mesh_the_one_with_the_lesser_address_is_called() -> None:
    for closed, broken in (("a", True), ("b", False)):
        policy = CLOSED.replace("all()", f"host == '{closed}'")
        breaches = found(cluster_of(hosts(a="10.0.0.1", b="10.0.0.2") + policy), "POL007")
        assert bool(breaches) is broken, closed
    (breach,) = found(cluster_of(hosts(a="10.0.0.1", b="10.0.0.2", c="10.0.0.3") + CLOSED), "POL007")
    assert 'BGP to node "a" at "eth0" (TCP port 179) is dropped by the end of tier "default"' in breach.message
    assert breach.message.endswith("; 1 more flow ends there too")


TWO_DENY = CLOSED.replace(
    "ingress: []",
    "ingress: [{action: Deny, source: {nets: [10.0.0.2/32]}}, {action: Deny, source: {nets: [10.0.0.3/32]}},"
    " {action: Allow}]",
)


@pytest.mark.parametrize("node", ["a", "b", "c"])
def test_each_rule_that_drops_packets_of_a_need_is_named(node: str) -> None:
    addresses = {"a": "10.0.0.1", "b": "10.0.0.2", "c": "10.0.0.3"}
    policy = TWO_DENY.replace("all()", f"host == '{node}'")
    breaches = found(cluster_of(hosts(**addresses) + policy), "POL007")
    expected = {"a": [0, 1], "b": [1], "c": []}[node]  # the node with the lesser address is called
    assert [breach.path for breach in breaches] == [("spec", "ingress", rule, "action") for rule in expected]


def test_flows_are_counted_where_they_end() -> None:
    nodes = {"a": "10.0.0.1", **{f"b{number}": f"10.0.0.{number}" for number in range(2, 7)}}
    first, second = found(cluster_of(hosts(**nodes) + TWO_DENY.replace("10.0.0.3/32", "10.0.0.4/30")), "POL007")
    assert (first.path[2], second.path[2]) == (0, 1)
    assert "more flow" not in first.message
    assert second.message.endswith("; 4 more flows end there too")


PEER = """
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: upstream}
spec: {node: a, peerIP: "10.0.0.9:1790", asNumber: 64513}
---
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec: {nodeToNodeMeshEnabled: false}
"""


def test_with_a_router_outside_either_end_may_call() -> None:
    assert found(cluster_of(hosts(a="10.0.0.1") + PEER + CLOSED), "POL007") == []
    shut = CLOSED.replace("egress: [{action: Allow}]", "egress: [{action: Allow, protocol: UDP}]")
    (breach,) = found(cluster_of(hosts(a="10.0.0.1") + PEER + shut), "POL007")
    assert "as are connections the other way" in breach.message
    assert breach.related[0].label == "BGP: a BGP session needs it"


def test_calls_of_routers_that_end_at_several_rules_are_told_apart() -> None:
    peer, off = PEER.removeprefix("\n---").split("---")
    peers = [peer.replace("upstream", f"up{n}").replace("10.0.0.9:1790", f"10.0.0.{n}") for n in range(2, 7)]
    shut = TWO_DENY.replace(", egress: [{action: Allow}]", ", egress: []").replace("10.0.0.3/32", "10.0.0.4/30")
    manifests = "---".join([hosts(a="10.0.0.1"), *peers, off])
    first, second = found(cluster_of(manifests + shut), "POL007")
    assert (first.path[2], second.path[2]) == (0, 1)
    assert "more flow" not in first.message
    assert second.message.endswith("; 2 more flows end there too")


def test_tunnels_are_asked_for_where_pools_have_them() -> None:
    drop = CLOSED.replace("types:", "preDNAT: true, applyOnForward: true, types:").replace(
        "[Ingress, Egress], ingress: [], egress: [{action: Allow}]", "[Ingress], ingress: [{action: Deny}]"
    )
    for mode, expected in (("", []), ("ipipMode: Always, ", ["POL009"]), ("vxlanMode: CrossSubnet, ", ["POL008"])):
        manifests = hosts(a="10.0.0.1", b="10.0.0.2").replace("cidr: 10.244", f"{mode}cidr: 10.244") + drop
        assert [one for one in ("POL008", "POL009", "POL014") if found(cluster_of(manifests), one)] == expected


@pytest.mark.parametrize(
    ("listening", "doubts"),
    [
        ("", [True]),
        ("listening: []\n", []),
        ("listening: [{protocol: tcp, port: 2379, address: 10.0.0.1}]\n", [False]),
    ],
)
def test_etcd_is_in_doubt_until_facts_tell(listening: str, doubts: list[bool]) -> None:
    manifests = hosts(a="10.0.0.1", b="10.0.0.2").replace(
        "annotations:", 'labels: {node-role.kubernetes.io/control-plane: ""}, annotations:'
    )
    facts = f"version: 1\nnode: a\ninterfaces: [{{name: eth0, addresses: [10.0.0.1/24]}}]\n{listening}"
    breaches = found(cluster_of(manifests + CLOSED.replace("all()", "host == 'a'"), facts=facts), "POL005")
    assert [one.undecided for one in breaches] == doubts
    if not listening:
        assert breaches[0].message.endswith("and whether it is needed depends on whether etcd runs there")


V6 = """
version: 1
node: a
interfaces: [{name: eth0, addresses: [10.0.0.1/24, "fd00::1/64", "fe80::1/64"]}]
routes: [{to: "::/0", via: "fe80::9", interface: eth0, protocol: ra}]
"""


@pytest.mark.parametrize(
    ("allowed", "dropped"),
    [
        ("protocol: ICMPv6", set()),
        ("protocol: ICMPv6, icmp: {type: 135}", {134, 136}),
        ("protocol: ICMPv6, source: {nets: ['fd00::/64']}", {134, 135}),
        ("protocol: ICMP", {134, 135}),
    ],
)
def test_neighbours_are_found(allowed: str, dropped: set[int]) -> None:
    policy = CLOSED.replace("ingress: []", f"ingress: [{{action: Allow, {allowed}}}]")
    one = next(one for one in CATALOGUE if one.id == "POL016")
    cluster = cluster_of(hosts(a="10.0.0.1") + policy, facts=V6)
    types = set()
    for flow in one.parameters["flows"]:
        for breach in find(one.check)(cluster, {**one.parameters, "flows": [flow]}):
            assert breach.witness is not None
            types.add(breach.witness.as_dict()["icmp_type"])
    assert types == dropped


def test_a_doubt_names_the_missing_fact_once() -> None:
    policy = CLOSED.replace("ingress: []", "ingress: [{action: Allow, source: {namespaceSelector: team == 'red'}}]")
    parameters = {"at": "outward", "peers": {"addresses": ["10.244.0.7"]}, "protocol": "TCP", "ports": 80}
    cluster = cluster_of(hosts(a="10.0.0.1", b="10.0.0.2") + policy)
    (breach,) = find("flow-required")(cluster, parameters)
    assert breach.undecided
    assert 'whether traffic to node "a" at "eth0" (TCP port 80) is let through is not known' in breach.message
    assert "namespace" in breach.message or "pod" in breach.message


@pytest.mark.parametrize(
    ("denied", "broken"),
    [("nets: [10.0.0.66/32]", False), ("nets: [10.0.0.0/24]", True), ("ports: [40000]", True)],
)
def test_one_neighbour_may_be_shut_out_by_name(denied: str, broken: bool) -> None:
    rules = f"[{{action: Deny, protocol: UDP, source: {{{denied}}}}}, {{action: Allow}}]"
    policy = CLOSED.replace("ingress: []", f"ingress: {rules}")
    facts = FACTS + "services: {lan0: [dns]}\n"
    assert bool(found(cluster_of(HOSTS + policy, facts=facts), "POL001")) is broken


def test_a_tunnel_has_no_neighbours() -> None:
    link = V6.split("routes")[0]
    for text in (link, link.replace("addresses", "kind: wireguard, addresses")):
        breaches = found(cluster_of(hosts(a="10.0.0.1") + CLOSED, facts=text), "POL016")
        assert bool(breaches) is ("wireguard" not in text)
