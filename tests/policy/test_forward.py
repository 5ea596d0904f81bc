"""Forwarding between two host interfaces, exactly, and the home router's policy with one thing wrong at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from callint.calico import Road, Target
from callint.objects import Cluster
from callint.policy import NodePolicy, Packet, evaluate

MakeCluster = Callable[..., Cluster]

INTERFACES = {"wan0": ["203.0.113.2"], "lan0": ["192.168.10.1"], "lo": ["127.0.0.1"]}
OUTWARD = Packet("lan0", "wan0", "192.168.10.20", "1.1.1.1", "udp", 40000, 53)
INWARD = Packet("wan0", "lan0", "198.51.100.9", "192.168.10.20", "tcp", 40000, 22)


def endpoint(interface: str, group: str = "projectcalico.org/v3") -> str:
    return f"""
apiVersion: {group}
kind: HostEndpoint
metadata: {{name: router-{interface}, labels: {{role: router, iface: {interface}}}}}
spec: {{node: router, interfaceName: {interface}}}
"""


def policy(selector: str, spec: str, kind: str = "GlobalNetworkPolicy", group: str = "projectcalico.org/v3") -> str:
    return f"""
apiVersion: {group}
kind: {kind}
metadata: {{name: "{selector.split("'")[1]}"}}
spec: {{selector: "{selector}", {spec}}}
"""


def documents(*parts: str) -> str:
    return "---".join(parts)


BOTH = "applyOnForward: true, ingress: [{action: Allow}], egress: [{action: Allow}]"
IN = "applyOnForward: true, types: [Ingress], ingress: [{action: Allow}]"
OUT = "applyOnForward: true, types: [Egress], egress: [{action: Allow}]"
IN_TCP_80 = (
    "applyOnForward: true, types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [80]}}]"
)
OUT_TCP_80 = (
    "applyOnForward: true, types: [Egress], egress: [{action: Allow, protocol: TCP, destination: {ports: [80]}}]"
)
PASS = "applyOnForward: true, types: [Ingress, Egress], ingress: [{action: Pass}], egress: [{action: Pass}]"
LAN, WAN, ROUTER = "iface == 'lan0'", "iface == 'wan0'", "role == 'router'"
HEPS = (endpoint("lan0"), endpoint("wan0"))

TABLE = {
    "no policy on either": ([*HEPS], "accept"),
    "no endpoint on either": ([], "no-verdict"),
    "endpoint without policy in, none out": ([endpoint("lan0")], "accept"),
    "endpoint without policy out, none in": ([endpoint("wan0")], "accept"),
    "ingress allowed in, no endpoint out": ([endpoint("lan0"), policy(LAN, IN)], "accept"),
    "no endpoint in, egress allowed out": ([endpoint("wan0"), policy(WAN, OUT)], "accept"),
    "ingress and egress allowed": ([*HEPS, policy(LAN, IN), policy(WAN, OUT)], "accept"),
    "nothing in, egress allowed out": ([*HEPS, policy(WAN, OUT)], "accept"),
    "ingress only, of one policy on both": ([*HEPS, policy(ROUTER, IN)], "no-verdict"),
    "ingress allowed in, nothing out": ([*HEPS, policy(LAN, IN)], "accept"),
    "passed in the last tier": ([*HEPS, policy(ROUTER, PASS)], "no-verdict"),
    "staged alone": ([*HEPS, policy(ROUTER, BOTH, "StagedGlobalNetworkPolicy")], "no-verdict"),
    "governed, no rule matches in": ([*HEPS, policy(LAN, IN_TCP_80)], "drop"),
    "governed, no rule matches out": ([*HEPS, policy(WAN, OUT_TCP_80)], "drop"),
    "governed, out without endpoint": ([endpoint("lan0"), policy(LAN, IN_TCP_80)], "drop"),
}


@pytest.mark.parametrize("name", TABLE)
def test_forwarded(name: str, make_cluster: MakeCluster) -> None:
    parts, expected = TABLE[name]
    verdict = evaluate(NodePolicy(make_cluster(documents("", *parts)), "router", INTERFACES), OUTWARD)
    assert verdict.outcome == expected
    assert verdict.unknown is None


@pytest.mark.parametrize("name", TABLE)
def test_ebpf_allows_whatever_has_no_verdict(name: str, make_cluster: MakeCluster) -> None:
    parts, expected = TABLE[name]
    pattern = """
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: default}
spec: {bpfDataIfacePattern: "^(wan|lan)0$"}
"""
    cluster = make_cluster(documents(pattern, *parts), Target(dataplane="ebpf"))
    assert evaluate(NodePolicy(cluster, "router", INTERFACES), OUTWARD).outcome == (
        "drop" if expected == "drop" else "accept"
    )


def test_a_tier_that_passes_gives_no_verdict(make_cluster: MakeCluster) -> None:
    tier = """
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: soft}
spec: {order: 1, defaultAction: Pass}
"""
    text = documents(tier, *HEPS, policy(ROUTER, f"tier: soft, {OUT_TCP_80}"))
    assert evaluate(NodePolicy(make_cluster(text), "router", INTERFACES), OUTWARD).outcome == "no-verdict"


# the policy of a home router and its mutilations

FAILSAFE_IN = Packet("lan0", None, "192.168.10.20", "192.168.10.1", "tcp", 40000, 6443)
FAILSAFE_OUT = Packet(None, "wan0", "203.0.113.2", "9.9.9.9", "udp", 40000, 53)
SERVICES_IN = (
    Packet("lan0", None, "192.168.10.20", "192.168.10.1", "udp", 40000, 53),
    Packet("lan0", None, "192.168.10.20", "192.168.10.1", "tcp", 40000, 53),
    Packet("lan0", None, "0.0.0.0", "255.255.255.255", "udp", 68, 67),
    Packet("lan0", None, "192.168.10.20", "192.168.10.1", "tcp", 40000, 10250),
    Packet("wan0", None, "198.51.100.9", "203.0.113.2", "udp", 40000, 51820),
    Packet("wan0", None, "198.51.100.9", "203.0.113.2", "icmp", icmp_type=8, icmp_code=0),
)
SERVICES_OUT = (
    Packet(None, "wan0", "203.0.113.2", "9.9.9.9", "udp", 123, 123),
    Packet(None, "wan0", "203.0.113.2", "9.9.9.9", "tcp", 40000, 443),
    Packet(None, "wan0", "203.0.113.2", "9.9.9.9", "udp", 51820, 51820),
    Packet(None, "wan0", "203.0.113.2", "9.9.9.9", "tcp", 40000, 53),
    Packet(None, "wan0", "203.0.113.2", "9.9.9.9", "icmp", icmp_type=8, icmp_code=0),
    Packet(None, "lan0", "192.168.10.1", "255.255.255.255", "udp", 67, 68),
)


class Variant(NamedTuple):
    """`host_in` and `host_out`: whether more than the failsafe ports is open; `forward` as Calico says it."""

    spec: str
    host_in: bool
    host_out: bool
    forward: str
    road: Road = "calicoctl"
    kind: str = "GlobalNetworkPolicy"


_ALLOW_IN, _ALLOW_OUT = "ingress: [{action: Allow}]", "egress: [{action: Allow}]"
AOF, TYPES = "applyOnForward: true", "types: [Ingress, Egress]"
VARIANTS = {
    "as it should be": Variant(f"{AOF}, {_ALLOW_IN}, {_ALLOW_OUT}", True, True, "accept"),
    "as it should be, native": Variant(f"{AOF}, {_ALLOW_IN}, {_ALLOW_OUT}", True, True, "accept", "native"),
    "as it should be, raw": Variant(f"{AOF}, {_ALLOW_IN}, {_ALLOW_OUT}", True, True, "accept", "crd"),
    "no egress": Variant(f"{AOF}, {_ALLOW_IN}", True, False, "no-verdict"),
    "no egress, native": Variant(f"{AOF}, {_ALLOW_IN}", True, False, "no-verdict", "native"),
    "no egress, raw": Variant(f"{AOF}, {_ALLOW_IN}", True, False, "drop", "crd"),
    "empty egress": Variant(f"{AOF}, {_ALLOW_IN}, egress: []", True, False, "no-verdict"),
    "empty egress, native": Variant(f"{AOF}, {_ALLOW_IN}, egress: []", True, False, "drop", "native"),
    "no ingress": Variant(f"{AOF}, {_ALLOW_OUT}", False, True, "accept"),
    "no ingress, raw": Variant(f"{AOF}, {_ALLOW_OUT}", False, True, "drop", "crd"),
    "no egress, both types": Variant(f"{AOF}, {TYPES}, {_ALLOW_IN}", True, False, "drop"),
    "no ingress, both types": Variant(f"{AOF}, {TYPES}, {_ALLOW_OUT}", False, True, "drop"),
    "not on forward": Variant(f"{_ALLOW_IN}, {_ALLOW_OUT}", True, True, "accept"),
    "staged alone": Variant(
        f"{AOF}, {_ALLOW_IN}, {_ALLOW_OUT}", False, False, "no-verdict", kind="StagedGlobalNetworkPolicy"
    ),
    "deleted": Variant("", False, False, "accept"),
}


def variant_cluster(variant: Variant, make_cluster: MakeCluster, **target: Any) -> Cluster:
    group = "crd.projectcalico.org/v1" if variant.road == "crd" else "projectcalico.org/v3"
    heps = [endpoint(name, group=group) for name in ("lan0", "wan0")]
    policies = [policy(ROUTER, variant.spec, variant.kind, group)] if variant.spec else []
    return make_cluster(documents("", *heps, *policies), Target(road=variant.road, **target))


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_of_allow_forward(name: str, make_cluster: MakeCluster) -> None:
    variant = VARIANTS[name]
    here = NodePolicy(variant_cluster(variant, make_cluster), "router", INTERFACES)
    for packet in SERVICES_IN:
        assert evaluate(here, packet).outcome == ("accept" if variant.host_in else "drop"), packet
    for packet in SERVICES_OUT:
        assert evaluate(here, packet).outcome == ("accept" if variant.host_out else "drop"), packet
    for packet in (FAILSAFE_IN, FAILSAFE_OUT):
        verdict = evaluate(here, packet)
        assert verdict.outcome == "accept"
        assert verdict.decided_by.startswith("failsafe ")
    for packet in (OUTWARD, INWARD):
        assert evaluate(here, packet).outcome == variant.forward
        assert evaluate(here, packet._replace(conntrack="established")).outcome == "accept"


def test_without_an_endpoint_on_lan0(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(documents("", endpoint("wan0"), policy(ROUTER, BOTH)))
    here = NodePolicy(cluster, "router", INTERFACES)
    for packet in SERVICES_IN[:4]:
        verdict = evaluate(here, packet)
        assert (verdict.outcome, verdict.decided_by) == ("no-verdict", "no HostEndpoint on lan0")
    assert evaluate(here, OUTWARD).outcome == "accept"
    assert evaluate(here, INWARD).outcome == "accept"


def test_the_deciding_rule_has_a_place(make_cluster: MakeCluster) -> None:
    variant = VARIANTS["no egress, both types"]
    here = NodePolicy(variant_cluster(variant, make_cluster), "router", INTERFACES)
    accepted = evaluate(here, SERVICES_IN[0])
    assert accepted.policy is not None
    assert accepted.path == ("spec", "ingress", 0)
    dropped = evaluate(here, OUTWARD)
    assert dropped.policy is accepted.policy
    assert [step.chain for step in dropped.steps] == ["fhfw-lan0", "thfw-wan0"]
    assert dropped.steps[-1].tier == "default"
    assert dropped.steps[-1].outcome == "drop"


@pytest.mark.parametrize("field", ["iptablesFilterAllowAction", "nftablesFilterAllowAction"])
def test_allow_action_return_leaves_accepts_to_the_host(field: str, make_cluster: MakeCluster) -> None:
    config = f"""
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {{name: default}}
spec: {{{field}: Return}}
"""
    dataplane = field.removesuffix("FilterAllowAction")
    cluster = make_cluster(documents(config, *HEPS), Target(dataplane=dataplane))  # type: ignore[arg-type]
    here = NodePolicy(cluster, "router", INTERFACES)
    assert evaluate(here, OUTWARD).outcome == "no-verdict"
    assert evaluate(here, FAILSAFE_IN).outcome == "no-verdict"
    assert evaluate(here, SERVICES_IN[0]).outcome == "drop"
