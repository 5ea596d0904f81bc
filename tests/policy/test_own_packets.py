"""What becomes of a node's own packets is the same whether interfaces share the answer or each is asked by itself."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callint.policy import Model
from callint.policy.packet import Direction
from callint.policy.symbolic.engine import Engine
from callint.policy.symbolic.partition import Partition
from manifests import calico, cluster_of
from random_cases import examples

INTERFACES = tuple(product("mn", ("eth0", "eth1", "eth2", "eth3")))
WAYS: tuple[Direction, ...] = ("ingress", "egress")
PROFILES = ([], ["projectcalico-default-allow"], ["kns.red"], ["missing"])
SELECTORS = ("a == 'x'", "a == 'y'", "a == 'w'", "has(a)", "a == 'x' || pcns.team == 'q'")
TYPES = (["Ingress"], ["Egress"], ["Ingress", "Egress"])
ROLES: tuple[dict[str, Any], ...] = (
    {},
    {"applyOnForward": True, "doNotTrack": True},
    {"applyOnForward": True, "preDNAT": True},
)
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"failsafeInboundHostPorts": [{"protocol": "tcp", "port": 22}]},
    {"failsafeInboundHostPorts": [{"protocol": "udp", "port": 7, "net": "10.0.0.0/8"}]},
    {"failsafeInboundHostPorts": [{"protocol": "sctp", "port": 7}]},
    {"failsafeOutboundHostPorts": [{"protocol": "tcp", "port": 53}]},
    {"iptablesFilterAllowAction": "Return"},
    {"bpfEnabled": True},
    {"bpfEnabled": "x"},
    {"vxlanEnabled": True, "externalNodesList": ["10.9.0.0/16"]},
    {"vxlanEnabled": True, "vxlanPort": 80},
    {"wireguardEnabled": True},
    {"interfacePrefix": "eth0"},
)


@st.composite
def clusters(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    profiles = draw(st.lists(st.sampled_from(PROFILES), min_size=1, max_size=2))
    for node, name in INTERFACES:
        spec = {"node": node, "interfaceName": name, "profiles": draw(st.sampled_from(profiles))}
        found.append(calico("HostEndpoint", f"{node}-{name}", spec, labels={"a": draw(st.sampled_from("xyz"))}))
    if draw(st.integers(0, 3)):
        found.append(calico("HostEndpoint", "wild", {"node": "m", "interfaceName": "*"}, labels={"a": "w"}))
    for number in range(draw(st.integers(1, 3))):
        spec = {"selector": draw(st.sampled_from(SELECTORS)), **draw(st.sampled_from(ROLES))}
        ways = (
            ["Ingress"]
            if "preDNAT" in spec
            else draw(st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]]))
        )
        spec["types"] = [way.capitalize() for way in ways]
        for way in ways:
            action, port = draw(st.sampled_from(["Allow", "Deny"])), draw(st.sampled_from([22, 53, 80]))
            rule = {"action": action, "protocol": "TCP", "destination": {"ports": [port]}}
            spec[way.lower()] = draw(st.sampled_from([[], [rule]]))
        kind = draw(st.sampled_from(["GlobalNetworkPolicy", "GlobalNetworkPolicy", "StagedGlobalNetworkPolicy"]))
        found.append(calico(kind, f"p{number}", spec))
    ports = draw(st.sampled_from([[], [{"protocol": "tcp", "port": 80}], None]))
    lists = {} if ports is None else {"failsafeInboundHostPorts": ports, "failsafeOutboundHostPorts": ports}
    own = (calico("FelixConfiguration", f"node.{node}", draw(st.sampled_from(SETTINGS))) for node in "mn")
    return [*found, calico("FelixConfiguration", "default", lists), *own]


def content(found: Partition) -> object:
    return {(part.outcome, part.cause, part.packets) for part in found.parts()}


def shared(engine: Engine, node: str, interface: str, way: Direction) -> bool:
    """Whether the answer for an interface is that for it alone."""
    ends = (interface, None) if way == "ingress" else (None, interface)
    return content(engine.own(node, interface, way)) == content(engine.node(node).went(*ends))


@settings(max_examples=examples(250), deadline=None, suppress_health_check=list(HealthCheck))
@given(clusters(), st.sampled_from([None, ((22, 22),), ((53, 80),)]))
def test_shared_or_not(objects: list[dict[str, Any]], ports: Any) -> None:
    only = None if ports is None else [{"protocol": ((6, 6),), "destination_port": ports}]
    engine = Engine(Model(cluster_of(objects)), 4, only=only)
    assert all(shared(engine, *place, way) for place, way in product(INTERFACES, WAYS))


def test_a_staged_policy_before_dnat_keeps_that_of_the_wildcard_away() -> None:
    names = {"eth0": "x", "eth1": "y", "*": "w"}
    objects = [
        calico("HostEndpoint", label, {"node": "m", "interfaceName": name}, labels={"a": label})
        for name, label in names.items()
    ]
    for kind, label in (("StagedGlobalNetworkPolicy", "x"), ("GlobalNetworkPolicy", "w")):
        spec = {"selector": f"a == '{label}'", **ROLES[2], "types": ["Ingress"], "ingress": [{"action": "Allow"}]}
        objects.append(calico(kind, f"for-{label}", spec))
    engine = Engine(Model(cluster_of(objects)), 4)
    assert all(shared(engine, "m", name, "ingress") for name in ("eth0", "eth1"))
    assert engine.own("m", "eth0", "ingress").accept != engine.own("m", "eth1", "ingress").accept


def test_nodes_whose_settings_do_not_matter_share_an_answer() -> None:
    """A failsafe port that is not asked about, or of the other direction alone, keeps no answer from being shared."""
    objects = [calico("HostEndpoint", node, {"node": node, "interfaceName": "eth0"}) for node in "mn"]
    lists = {"failsafeInboundHostPorts": [{"protocol": "tcp", "port": 80}]}
    engine = Engine(Model(cluster_of([*objects, calico("FelixConfiguration", "node.m", lists)])), 4)
    assert engine.own("m", "eth0", "egress") is engine.own("n", "eth0", "egress")
    assert engine.own("m", "eth0", "ingress") is not engine.own("n", "eth0", "ingress")
    about = [{"protocol": ((17, 17),), "destination_port": ((53, 53),)}]
    objects.append(calico("FelixConfiguration", "node.m", lists))
    engine = Engine(Model(cluster_of([*objects, calico("FelixConfiguration", "node.n", {})])), 4, only=about)
    assert engine.own("m", "eth0", "ingress") is engine.own("n", "eth0", "ingress")


def test_policy_without_connection_tracking_asks_failsafe_ports_of_both_directions() -> None:
    objects = [calico("HostEndpoint", node, {"node": node, "interfaceName": "eth0"}) for node in "mn"]
    objects.append(calico("GlobalNetworkPolicy", "p", {"selector": "all()", **ROLES[1], "types": ["Ingress"]}))
    objects.append(calico("FelixConfiguration", "node.m", {"failsafeOutboundHostPorts": []}))
    engine = Engine(Model(cluster_of(objects)), 4)
    assert all(shared(engine, node, "eth0", "ingress") for node in "mn")
    assert engine.own("m", "eth0", "ingress") is not engine.own("n", "eth0", "ingress")
