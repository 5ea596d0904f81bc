"""The engine over sets against the one for single packets: on every packet of a small universe, on every way."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callint.calico import Target
from callint.net.packets import Packet as Point
from callint.objects import Cluster, Intent
from callint.policy import Model, NodePolicy, Packet, Verdict, evaluate
from callint.policy.packet import read
from callint.policy.symbolic.engine import Engine
from callint.policy.symbolic.node import Node
from callint.policy.symbolic.partition import Partition
from callint.policy.symbolic.way import Wire
from manifests import calico, cluster_of
from random_cases import examples

INTERFACES = {"eth0": ["192.0.2.1", "2001:db8::1"], "eth1": ["198.51.100.1"], "lo": ["127.0.0.1"]}
HOSTS, PODS = ("eth0", "eth1"), ("cali1", "cali2")
ADDRESSES = {
    4: ("192.0.2.1", "10.0.0.1", "10.0.0.2", "203.0.113.9"),
    6: ("2001:db8::1", "fd00::1", "fd00::2", "fe80::9"),
}
NETS = ("10.0.0.0/24", "10.0.0.1/32", "192.0.2.0/24", "203.0.113.0/24", "fd00::/64", "2001:db8::/32", "fd00::2/128")
SELECTORS = ("all()", "a == 'x'", "a != 'x'", "has(b)", "b in {'y', 'z'}", "!has(a)", "a == 'set'")


def maybe(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), st.none(), value)


def cleaned(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, {}, [])}


@st.composite
def entities(draw: st.DrawFn, with_ports: bool) -> dict[str, Any]:
    ports = st.lists(st.sampled_from([53, "80:90", "web"]), min_size=1, max_size=2, unique=True)
    kind = draw(st.sampled_from(["", "", "nets", "selector", "namespace", "both"]))
    found: dict[str, Any] = {}
    if kind in ("nets", "both"):
        found["nets"] = draw(maybe(st.lists(st.sampled_from(NETS), min_size=1, max_size=2)))
        found["notNets"] = draw(maybe(st.lists(st.sampled_from(NETS), min_size=1, max_size=1)))
    if kind in ("selector", "both"):
        found["selector"] = draw(maybe(st.sampled_from(SELECTORS)))
        found["notSelector"] = draw(maybe(st.sampled_from(SELECTORS)))
    if kind == "namespace":
        found["namespaceSelector"] = draw(st.sampled_from(["all()", "global()", "team == 'red'", "team != 'red'"]))
    if with_ports:
        found["ports"] = draw(maybe(ports))
        found["notPorts"] = draw(maybe(ports))
    return cleaned(**found)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    protocol = draw(st.sampled_from([None, None, "TCP", "UDP", "ICMP", "ICMPv6", 4, 58]))
    icmp = st.sampled_from([{"type": 8}, {"type": 8, "code": 0}, {"type": 133}])
    with_ports = protocol in ("TCP", "UDP")
    rule = cleaned(
        protocol=protocol,
        notProtocol=draw(maybe(st.sampled_from(["TCP", "UDP"]))),
        ipVersion=draw(maybe(st.sampled_from([4, 6]))) if protocol not in ("ICMP", "ICMPv6") else None,
        icmp=draw(maybe(icmp)) if protocol in ("ICMP", "ICMPv6", 58) else None,
        notICMP=draw(maybe(icmp)) if protocol in ("ICMP", "ICMPv6", 58) else None,
        source=draw(entities(with_ports)),
        destination=draw(entities(with_ports)),
    )
    service = draw(st.sampled_from([None] * 8 + ["svc", "gone"]))
    if service and not with_ports and "source" not in rule:
        rule["source"] = {"services": {"name": service, "namespace": "default"}}
    return {"action": draw(st.sampled_from(["Allow", "Allow", "Deny", "Pass", "Log"])), **rule}


@st.composite
def policies(draw: st.DrawFn, name: str) -> dict[str, Any]:
    flags = draw(st.sampled_from([(), (), ("applyOnForward",), ("applyOnForward",), ("preDNAT",), ("doNotTrack",)]))
    lists = st.lists(rules(), max_size=3)
    types = (
        ["Ingress"] if "preDNAT" in flags else draw(st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]]))
    )
    spec: dict[str, Any] = {
        "tier": draw(st.sampled_from(["default", "default", "first", "last"])),
        "order": draw(st.sampled_from([1, 2, None])),
        "selector": draw(st.sampled_from(SELECTORS)),
        "types": types,
    }
    if draw(st.integers(0, 4)) == 0:
        spec["namespaceSelector"] = draw(st.sampled_from(["all()", "team == 'red'"]))
    for direction in types:
        spec[direction.lower()] = draw(lists)
    for flag in flags:
        spec |= {flag: True, "applyOnForward": True}
    staged = "Staged" if draw(st.integers(0, 9)) == 0 else ""
    return calico(f"{staged}GlobalNetworkPolicy", name, cleaned(**spec))


LABELS = st.fixed_dictionaries({}, optional={"a": st.sampled_from("xy"), "b": st.sampled_from("yz")})
PROFILES = st.sampled_from([[], [], ["projectcalico-default-allow"], ["own"], ["own", "gone"]])
PORTS = st.sampled_from([[], [{"name": "web", "protocol": "TCP", "port": 80}]])


@st.composite
def clusters(draw: st.DrawFn, complete: bool = True) -> list[dict[str, Any]]:
    action = st.sampled_from(["Deny", "Pass"])
    found = [calico("Tier", "first", {"order": 1, "defaultAction": draw(action)})]
    found.append(calico("Tier", "last", {"order": 2_000_000, "defaultAction": draw(action)}))
    found += [draw(policies(f"p{number}")) for number in range(draw(st.integers(0, 4)))]
    for name, interface, address in (
        ("h0", "eth0", "192.0.2.1"),
        ("h1", "eth1", "198.51.100.1"),
        ("any", "*", "10.9.9.9"),
    ):
        if draw(st.booleans()):
            spec = cleaned(
                node="n", interfaceName=interface, expectedIPs=[address], profiles=draw(PROFILES), ports=draw(PORTS)
            )
            found.append(calico("HostEndpoint", name, spec, labels=draw(LABELS)))
    for number, interface in enumerate(PODS, 1):
        spec = cleaned(
            node="n",
            orchestrator="k8s",
            interfaceName=interface,
            ipNetworks=[f"10.0.0.{number}/32", f"fd00::{number}/128"],
            profiles=draw(st.sampled_from([["kns.default"], ["own"], []])),
            ports=draw(PORTS),
        )
        if draw(st.integers(0, 5)):
            found.append(calico("WorkloadEndpoint", f"w{number}", spec, labels=draw(LABELS), namespace="default"))
    found.append(calico("GlobalNetworkSet", "set", {"nets": ["203.0.113.0/28", "fd00::2"]}, labels={"a": "set"}))
    own = {"ingress": draw(st.lists(rules(), max_size=2)), "egress": draw(st.lists(rules(), max_size=2))}
    found.append(calico("Profile", "own", cleaned(**own)))
    if complete or draw(st.booleans()):
        team = draw(st.sampled_from(["red", "blue"]))
        found.append(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default", "labels": {"team": team}}}
        )
    if complete or draw(st.booleans()):
        found.append(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {"name": "s", "namespace": "default", "labels": {"kubernetes.io/service-name": "svc"}},
                "endpoints": [{"addresses": ["10.0.0.2"]}],
                "ports": [{"port": 80, "protocol": "TCP"}],
            }
        )
    modes = {"ipipMode": draw(st.sampled_from(["Never", "Always"]))} if draw(st.booleans()) else {"vxlanMode": "Always"}
    found.append(calico("IPPool", "pool", {"cidr": "10.0.0.0/30", **modes}))
    node = {"metadata": {"name": "n", "annotations": {"projectcalico.org/IPv4Address": "203.0.113.9"}}}
    if complete or draw(st.booleans()):
        found.append({"apiVersion": "v1", "kind": "Node", **node})
    failsafes = [
        [],
        [{"protocol": "tcp", "port": 80}],
        [{"protocol": "udp", "port": 53, "net": "203.0.113.0/24"}],
        None,
    ]
    felix = cleaned(
        defaultEndpointToHostAction=draw(maybe(st.sampled_from(["Accept", "Return", "Drop"]))),
        iptablesFilterAllowAction=draw(maybe(st.just("Return"))),
        wireguardEnabled=draw(maybe(st.just(True))),
        wireguardListeningPort=53,
        vxlanPort=draw(maybe(st.just(53))),
        allowIPIPPacketsFromWorkloads=draw(maybe(st.just(True))),
    )
    for key in ("failsafeInboundHostPorts", "failsafeOutboundHostPorts"):
        chosen = draw(st.sampled_from(failsafes))
        felix |= {} if chosen is None else {key: chosen}
    found.append(calico("FelixConfiguration", "default", felix))
    if draw(st.integers(0, 3)) == 0:
        found.append(calico("BGPConfiguration", "default", {"serviceClusterIPs": [{"cidr": "203.0.113.0/25"}]}))
    return found


def build(objects: list[dict[str, Any]], target: Target, complete: bool) -> Cluster:
    return cluster_of(objects, target, Intent(complete=("Pod", "EndpointSlice") if complete else ()))


WAYS: list[tuple[str | None, str | None]] = [
    *((one, None) for one in (*HOSTS, *PODS)),
    *((None, one) for one in (*HOSTS, "cali1")),
    ("eth0", "eth1"),
    ("eth0", "cali1"),
    ("cali1", "eth0"),
    ("cali1", "cali2"),
]
HEADERS: list[dict[str, Any]] = [
    *({"protocol": "tcp", "source_port": a, "destination_port": b} for a, b in ((40000, 53), (40000, 80), (80, 40000))),
    *({"protocol": "udp", "source_port": a, "destination_port": b} for a, b in ((40000, 53), (53, 68))),
    *({"protocol": "icmp", "icmp_type": a, "icmp_code": b} for a, b in ((8, 0), (8, 1))),
    *({"protocol": "icmpv6", "icmp_type": a, "icmp_code": b} for a, b in ((8, 0), (133, 0))),
    {"protocol": 4},
]


def universe(family: int, way: tuple[str | None, str | None]) -> Iterator[Packet]:
    for source, destination in product(ADDRESSES[family], repeat=2):
        if source != destination:
            for header in HEADERS:
                yield Packet(way[0], way[1], source, destination, **header)


def point(packet: Packet) -> Point:
    flow = read(packet)
    return Point(
        flow.source,
        flow.destination,
        flow.protocol,
        flow.source_port,
        flow.destination_port,
        flow.icmp_type,
        flow.icmp_code,
    )


def decides(found: Partition, packet: Packet, verdict: Verdict) -> bool:
    """Whether the part that holds the packet names the object that decides about it."""
    parts = [one.cause for one in found.parts() if point(packet) in one.packets]
    if verdict.policy is None or verdict.path == ("spec", "profiles"):
        return bool(parts)
    return any(one.policy is verdict.policy and one.path == verdict.path for one in parts)


QUICK = settings(max_examples=examples(10), deadline=None, suppress_health_check=list(HealthCheck))


@QUICK
@given(clusters(), st.sampled_from(["iptables", "nftables", "ebpf"]), st.sampled_from([4, 6]))
def test_every_packet_on_every_way(objects: list[dict[str, Any]], dataplane: Any, family: Any) -> None:
    here = NodePolicy(Model(build(objects, Target(dataplane=dataplane), True)), "n", INTERFACES)
    engine = Engine(here.model, family)
    node = Node(here, engine.chains(ebpf=here.settings.ebpf))
    for way in WAYS:
        found = node.went(*way)
        parts = (found.accept, found.drop, found.no_verdict, found.unknown)
        assert sum(part.size() for part in parts) == engine.space.everything.size()
        for packet in universe(family, way):
            verdict = evaluate(here, packet)
            assert point(packet) in found.of(verdict.outcome), (packet, verdict)
            assert decides(found, packet, verdict), (packet, verdict)


@QUICK
@given(clusters(), st.sampled_from(["iptables", "ebpf"]), st.sampled_from([4, 6]))
def test_few_packets_at_interfaces_that_are_alike(objects: list[dict[str, Any]], dataplane: Any, family: Any) -> None:
    model = Model(build(objects, Target(dataplane=dataplane), True))
    here = model.at("n")
    engine = Engine(
        model, family, only=[{"protocol": ((6, 6),), "destination_port": ((53, 80),)}, {"protocol": ((4, 4),)}]
    )
    asked = [
        one for one in HEADERS if one["protocol"] == 4 or (one["protocol"] == "tcp" and one["destination_port"] < 81)
    ]
    assert len(asked) == 3
    for interface, direction in product(HOSTS, ("ingress", "egress")):
        way = (interface, None) if direction == "ingress" else (None, interface)
        found = engine.own("n", interface, direction)  # type: ignore[arg-type]  # one of the two words
        for packet in universe(family, way):
            if any(all(getattr(packet, name) == value for name, value in one.items()) for one in asked):
                verdict = evaluate(here, packet)
                assert point(packet) in found.of(verdict.outcome), (packet, verdict)


@QUICK
@given(clusters(), st.sampled_from(["iptables", "ebpf"]), st.sampled_from([None, 80]))
def test_packets_sent_elsewhere(objects: list[dict[str, Any]], dataplane: Any, port: int | None) -> None:
    here = NodePolicy(Model(build(objects, Target(dataplane=dataplane), True)), "n", INTERFACES)
    node = Node(here, Engine(here.model, 4).chains(ebpf=here.settings.ebpf))
    sent = Packet("eth0", None, "10.0.0.1", "192.0.2.1", "tcp")
    for way in [("eth0", None), (None, "eth0"), ("eth0", "cali1")]:
        found = node.went(*way, Wire(read(sent).destination, port))
        for packet in universe(4, way):
            moved = packet._replace(pre_dnat_destination=sent.destination, pre_dnat_port=port)
            verdict = evaluate(here, moved)
            assert point(packet) in found.of(verdict.outcome), (moved, verdict)


@QUICK
@given(clusters(complete=False))
def test_what_is_said_is_certain(objects: list[dict[str, Any]]) -> None:
    here = NodePolicy(Model(build(objects, Target(), False)), "n", INTERFACES)
    node = Node(here, Engine(here.model, 4).chains(ebpf=False))
    for way in WAYS:
        found = node.went(*way)
        for packet in universe(4, way):
            verdict = evaluate(here, packet)
            assert point(packet) in found.of(verdict.outcome) or point(packet) in found.unknown, (packet, verdict)


@pytest.mark.parametrize("causes", [True, False])
def test_outcomes_do_not_depend_on_telling_causes_apart(causes: bool) -> None:
    rule = {"action": "Allow", "protocol": "TCP", "destination": {"ports": [80]}}
    spec = {"selector": "all()", "types": ["Ingress"], "ingress": [rule, {"action": "Deny"}]}
    host = calico("HostEndpoint", "h", {"node": "n", "interfaceName": "eth0"})
    model = Model(build([host, calico("GlobalNetworkPolicy", "p", spec)], Target(), True))
    engine = Engine(model, 4, causes=causes)
    found = engine.node("n").went("eth0", None)
    web = engine.space.box(protocol=((6, 6),), destination_port=((80, 80),))
    failsafe = found.accept - web
    assert web <= found.accept
    assert found.drop == ~(web | failsafe)
    assert {box["destination_port"] for box in failsafe.boxes()} == {
        ((22, 22), (179, 179), (2379, 2380), (5473, 5473), (6443, 6443), (6666, 6667)),
        ((68, 68),),
    }
    named = {one.cause.reason for one in found.parts() if one.packets & web}
    assert named == ({"policy p ingress rule 0"} if causes else {""})
