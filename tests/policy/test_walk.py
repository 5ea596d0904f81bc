"""Ways through the node that the reference cases do not take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from callint.calico import Target
from callint.objects import Cluster, Intent
from callint.policy import NodePolicy, Packet, Verdict, evaluate

MakeCluster = Callable[..., Cluster]

INTERFACES = {"eth0": ["172.17.0.10"], "eth1": ["10.1.0.1"], "lo": ["127.0.0.1"], "cali1": [], "cali2": []}
INTO = Packet("eth0", None, "172.17.0.11", "172.17.0.10", "tcp", 40000, 8055)
OUT_OF = Packet(None, "eth0", "172.17.0.10", "172.17.0.11", "tcp", 40000, 8055)
THROUGH = Packet("eth0", "eth1", "172.17.0.11", "10.1.0.9", "tcp", 40000, 8055)


def obj(kind: str, name: str, spec: str, labels: str = "{}", namespace: str = "") -> str:
    place = f", namespace: {namespace}" if namespace else ""
    return f"""
apiVersion: projectcalico.org/v3
kind: {kind}
metadata: {{name: {name}, labels: {labels}{place}}}
spec: {{{spec}}}
"""


def hep(name: str, interface: str, more: str = "") -> str:
    return obj("HostEndpoint", name, f'node: f0, interfaceName: "{interface}"{more}', f"{{hep: {name}}}")


def gnp(name: str, spec: str) -> str:
    return obj("GlobalNetworkPolicy", name, spec)


def pod(name: str, interface: str, address: str, more: str = "") -> str:
    spec = (
        f"node: f0, orchestrator: k8s, interfaceName: {interface}, ipNetworks: [{address}/32], profiles: [kns.ns]{more}"
    )
    return obj("WorkloadEndpoint", name, spec, f"{{name: {name}}}", "ns")


def felix(spec: str, name: str = "default") -> str:
    return obj("FelixConfiguration", name, spec)


@pytest.fixture
def run(make_cluster: MakeCluster) -> Callable[..., Verdict]:
    def go(packet: Packet, *parts: str, **target: Any) -> Verdict:
        intent = Intent(complete=("WorkloadEndpoint", "Node"))
        cluster = make_cluster("---".join(("", *parts)), Target(**target), intent)
        verdict = evaluate(NodePolicy(cluster, "f0", INTERFACES), packet)
        assert (verdict.unknown is None) == (verdict.outcome != "unknown")
        return verdict

    return go


Run = Callable[..., Verdict]

DNT = "selector: has(hep), doNotTrack: true, applyOnForward: true"
DENY_ALL = gnp("deny", "selector: has(hep), types: [Ingress, Egress]")


def test_untracked_allow_is_enough_for_the_host(run: Run) -> None:
    dnt = gnp("dnt", f"{DNT}, ingress: [{{action: Allow}}], egress: [{{action: Allow}}]")
    for packet in (INTO, OUT_OF):
        verdict = run(packet, hep("h", "eth0"), dnt, DENY_ALL)
        assert verdict.outcome == "accept"
        assert verdict.decided_by.startswith("policy dnt ")


def test_untracked_policy_without_a_match_leaves_it_to_the_others(run: Run) -> None:
    dnt = gnp("dnt", f"{DNT}, ingress: [{{action: Allow, protocol: UDP}}]")
    assert run(INTO, hep("h", "eth0"), dnt, DENY_ALL).decided_by.startswith("end of tier default")


def test_untracked_policy_sees_packets_of_known_connections(run: Run) -> None:
    dnt = gnp("dnt", f"{DNT}, ingress: [{{action: Deny}}]")
    assert run(INTO._replace(conntrack="established"), hep("h", "eth0"), dnt).outcome == "drop"


def test_untracked_policy_sees_the_wire(run: Run) -> None:
    dnt = gnp("dnt", f"{DNT}, ingress: [{{action: Deny, protocol: TCP, destination: {{ports: [30000]}}}}]")
    allow = gnp("allow", "selector: has(hep), ingress: [{action: Allow}]")
    assert run(INTO, hep("h", "eth0"), dnt, allow).outcome == "accept"
    assert run(INTO._replace(pre_dnat_port=30000), hep("h", "eth0"), dnt, allow).outcome == "drop"


def test_untracked_allow_skips_forward_ingress_but_not_forward_egress(run: Run) -> None:
    dnt = gnp("dnt", f"{DNT}, ingress: [{{action: Allow}}]")
    forward_in = gnp("in", "selector: hep == 'a', applyOnForward: true, ingress: [{action: Deny}]")
    assert run(THROUGH, hep("a", "eth0"), dnt, forward_in).outcome == "accept"
    assert run(THROUGH, hep("a", "eth0"), forward_in).outcome == "drop"
    out = gnp("out", "selector: hep == 'b', applyOnForward: true, egress: [{action: Deny}]")
    assert run(THROUGH, hep("a", "eth0"), hep("b", "eth1"), dnt, out).decided_by == "policy out egress rule 0"
    invalid = THROUGH._replace(conntrack="invalid")
    assert run(invalid, hep("a", "eth0"), hep("b", "eth1"), dnt).outcome == "accept"
    assert run(invalid, hep("a", "eth0"), hep("b", "eth1")).outcome == "drop"


def test_packets_of_no_known_connection_are_for_policy_where_nobody_checks(run: Run) -> None:
    stray = INTO._replace(conntrack="invalid")
    allow = gnp("allow", "selector: has(hep), ingress: [{action: Allow}]")
    assert run(stray, hep("h", "eth0"), allow).decided_by == "conntrack INVALID"
    unchecked = felix("disableConntrackInvalidCheck: true")
    assert run(stray, hep("h", "eth0"), allow, unchecked).decided_by == "policy allow ingress rule 0"


@pytest.mark.parametrize("kind", range(128, 138))
def test_what_workloads_may_say_to_their_neighbours(run: Run, kind: int) -> None:
    """Questions and answers about groups, routers and neighbours; a router that announces itself is none of them."""
    said = Packet("cali1", None, "fe80::7", "ff02::1", "icmpv6", icmp_type=kind, icmp_code=0)
    deny = gnp("deny", "selector: name == 'w', types: [Egress]")
    outcome = run(said, pod("w", "cali1", "10.1.0.1"), deny).outcome
    assert outcome == ("accept" if kind in {130, 131, 132, 133, 135, 136} else "drop")


def test_raw_failsafe_answers_do_not_settle_the_filter_table(run: Run) -> None:
    dnt = gnp("dnt", f"{DNT}, ingress: [{{action: Deny}}]")
    answer = INTO._replace(source_port=6443)
    assert run(answer, hep("h", "eth0"), dnt).decided_by.startswith("no profile matched")
    assert run(answer._replace(conntrack="established"), hep("h", "eth0"), dnt).decided_by == "conntrack"
    assert run(INTO, hep("h", "eth0"), dnt).decided_by == "policy dnt ingress rule 0"


PRE = "selector: has(hep), preDNAT: true, applyOnForward: true"


def test_pre_dnat_failsafe_looks_at_the_wire_and_settles_nothing(run: Run) -> None:
    pre = gnp("pre", f"{PRE}, ingress: [{{action: Deny}}]")
    wire = INTO._replace(pre_dnat_port=22)
    assert run(wire, hep("h", "eth0"), pre).decided_by.startswith("no profile matched")
    assert run(INTO._replace(destination_port=22, pre_dnat_port=8055), hep("h", "eth0"), pre).outcome == "drop"
    through = THROUGH._replace(pre_dnat_port=22)
    assert run(through, hep("h", "eth0"), pre).outcome == "accept"


def test_pre_dnat_policy_leaves_known_connections_alone(run: Run) -> None:
    pre = gnp("pre", f"{PRE}, ingress: [{{action: Deny}}]")
    for state in ("established", "related"):
        assert run(INTO._replace(conntrack=state), hep("h", "eth0"), pre).decided_by == "conntrack"


def test_pre_dnat_of_a_wildcard_for_a_named_endpoint_is_no_ebpf_affair(run: Run) -> None:
    pre = gnp("pre", "selector: hep == 'all', preDNAT: true, applyOnForward: true, ingress: [{action: Deny}]")
    allow = gnp("allow", "selector: has(hep), ingress: [{action: Allow}]")
    parts = (hep("all", "*"), hep("named", "eth0"), pre, allow)
    assert run(INTO, *parts).outcome == "drop"
    assert run(INTO, *parts, dataplane="ebpf").outcome == "accept"


def test_a_service_of_the_host_is_judged_where_it_leads(run: Run) -> None:
    translated = OUT_OF._replace(pre_dnat_destination="10.96.0.1", pre_dnat_port=443)
    allow = gnp("allow", "selector: has(hep), egress: [{action: Allow, protocol: TCP, destination: {ports: [8055]}}]")
    assert run(translated, hep("h", "eth0"), allow).outcome == "no-verdict"
    assert run(translated._replace(destination_port=9), hep("h", "eth0"), allow).outcome == "drop"
    assert run(translated._replace(conntrack="established"), hep("h", "eth0"), allow).outcome == "no-verdict"


def test_wireguard_of_calico_needs_no_policy(run: Run) -> None:
    packet = Packet("eth0", None, "198.51.100.1", "172.17.0.10", "udp", 51820, 51820)
    assert run(packet, hep("h", "eth0")).outcome == "drop"
    verdict = run(packet, hep("h", "eth0"), felix("wireguardEnabled: true"))
    assert (verdict.outcome, verdict.decided_by) == ("accept", "Felix: WireGuard")
    moved = felix("wireguardEnabled: true, wireguardListeningPort: 51900")
    assert run(packet, hep("h", "eth0"), moved).outcome == "drop"


@pytest.mark.parametrize(("field", "other", "same"), [("icmp", "drop", "unknown"), ("notICMP", "accept", "unknown")])
def test_a_code_that_is_not_known_matters_for_its_own_type_alone(field: str, other: str, same: str, run: Run) -> None:
    packet = Packet("eth0", None, "172.17.0.11", "172.17.0.10", "icmp", icmp_type=3)
    allow = gnp("p", f"selector: has(hep), ingress: [{{action: Allow, protocol: ICMP, {field}: {{type: 8, code: 0}}}}]")
    assert run(packet, hep("h", "eth0"), allow).outcome == other
    assert run(packet._replace(icmp_type=8), hep("h", "eth0"), allow).outcome == same


def test_wireguard_over_ipv6_has_a_port_of_its_own(run: Run) -> None:
    packet = Packet("eth0", None, "fd00::1", "fd00::2", "udp", 51821, 51821)
    for settings, port, outcome in (
        ("wireguardEnabledV6: true", 51821, "accept"),
        ("wireguardEnabledV6: true", 51820, "drop"),
        ("wireguardEnabled: true", 51821, "drop"),
        ("wireguardEnabledV6: true, wireguardListeningPort: 51900", 51821, "accept"),
        ("wireguardEnabledV6: true, wireguardListeningPortV6: 51900", 51900, "accept"),
    ):
        assert run(packet._replace(destination_port=port), hep("h", "eth0"), felix(settings)).outcome == outcome


def test_vxlan_can_be_switched_off_by_hand(run: Run) -> None:
    pool = obj("IPPool", "p", "cidr: 10.48.0.0/16, vxlanMode: Always")
    node = (
        "\napiVersion: v1\nkind: Node\nmetadata: {name: x, annotations: {projectcalico.org/IPv4Address: 9.9.9.9/24}}\n"
    )
    packet = Packet("eth0", None, "198.51.100.1", "172.17.0.10", "udp", 9, 4789)
    assert run(packet, pool, node).outcome == "drop"
    assert run(packet._replace(source="9.9.9.9"), pool, node).outcome == "accept"
    assert run(packet, pool, node, felix("externalNodesList: [198.51.100.0/24]")).outcome == "accept"
    assert run(packet, pool, node, felix("vxlanEnabled: false")).outcome == "no-verdict"
    assert run(packet, pool).unknown == "whether 198.51.100.1 is a node of the cluster"


FROM_POD = Packet("cali1", "eth0", "10.65.0.2", "8.8.8.8", "tcp", 40000, 80)


def test_a_workload_sends_from_its_own_address(run: Run) -> None:
    spoofed = FROM_POD._replace(source="10.65.0.9")
    assert run(FROM_POD, pod("w", "cali1", "10.65.0.2")).outcome == "accept"
    assert run(spoofed, pod("w", "cali1", "10.65.0.2")).decided_by.startswith("reverse path check")
    allowed = pod("w", "cali1", "10.65.0.2").replace(
        "labels:", "annotations: {cni.projectcalico.org/allowedSourcePrefixes: '[\"10.65.0.8/29\"]'}, labels:"
    )
    assert run(spoofed, allowed).outcome == "drop"
    assert run(spoofed, allowed, felix("workloadSourceSpoofing: Any")).outcome == "accept"


def test_a_workload_sends_no_tunnels(run: Run) -> None:
    vxlan = FROM_POD._replace(protocol="udp", destination_port=4789)
    ipip = FROM_POD._replace(protocol=4, destination_port=None, source_port=None)
    w = pod("w", "cali1", "10.65.0.2")
    for packet, field in ((vxlan, "allowVXLANPacketsFromWorkloads"), (ipip, "allowIPIPPacketsFromWorkloads")):
        assert run(packet, w).outcome == "drop"
        assert run(packet, w, felix(f"{field}: true")).outcome == "accept"
        assert run(packet._replace(conntrack="established"), w).outcome == "accept"


@pytest.mark.parametrize("flag", ["doNotTrack", "preDNAT"])
def test_policy_before_the_tables_means_nothing_to_workloads(flag: str, run: Run) -> None:
    denying = gnp("p", f"selector: name == 'w', {flag}: true, applyOnForward: true, ingress: [{{action: Deny}}]")
    into = Packet("eth0", "cali1", "8.8.8.8", "10.65.0.2", "tcp", 40000, 80)
    for packet in (into, FROM_POD):
        assert run(packet, pod("w", "cali1", "10.65.0.2"), denying).decided_by == "profile kns.ns"


def test_own_labels_win_over_those_of_profiles(run: Run) -> None:
    own = hep("h", "eth0", ", profiles: [first]").replace("{hep: h}", "{hep: h, group: y}")
    by_label = gnp("by-label", "selector: group == 'x', ingress: [{action: Deny}]")
    assert run(INTO, own, PROFILE, by_label).decided_by.startswith("no profile matched")


def test_an_unknown_workload_interface(run: Run, make_cluster: MakeCluster) -> None:
    assert run(FROM_POD).outcome == "drop"
    verdict = evaluate(NodePolicy(make_cluster("---"), "f0", INTERFACES), FROM_POD)
    assert verdict.outcome == "unknown"
    assert '"cali1"' in (verdict.unknown or "")


@pytest.mark.parametrize(
    ("action", "expected"), [("Drop", "drop"), ("ACCEPT", "accept"), ("return", "no-verdict"), ("Return", "no-verdict")]
)
def test_default_endpoint_to_host_action(action: str, expected: str, run: Run) -> None:
    packet = FROM_POD._replace(out_interface=None, destination="172.17.0.10")
    w = pod("w", "cali1", "10.65.0.2")
    assert run(packet, w, felix(f"defaultEndpointToHostAction: {action}")).outcome == expected
    deny = gnp("no", "selector: name == 'w', egress: [{action: Deny}]")
    assert run(packet, w, deny, felix(f"defaultEndpointToHostAction: {action}")).outcome == "drop"


def test_interface_prefixes_make_workloads(run: Run) -> None:
    assert run(OUT_OF, hep("h", "eth0"), felix("interfacePrefix: 'cali, eth'")).decided_by == "host to local workload"


PROFILE = obj("Profile", "first", "ingress: [{action: Pass}], labelsToApply: {group: x}")
SECOND = obj("Profile", "second", "ingress: [{action: Allow, protocol: TCP}]")


def test_profiles_in_order(run: Run) -> None:
    both = hep("h", "eth0", ", profiles: [first, second]")
    verdict = run(INTO, both, PROFILE, SECOND)
    assert (verdict.outcome, verdict.decided_by) == ("accept", "profile second ingress rule 0")
    assert run(INTO, both, PROFILE, SECOND, dataplane="ebpf").outcome == "drop"
    assert run(INTO._replace(protocol="udp"), both, PROFILE, SECOND).decided_by.startswith("no profile matched")
    by_label = gnp("by-label", "selector: group == 'x', ingress: [{action: Deny}]")
    assert run(INTO, both, PROFILE, SECOND, by_label).decided_by == "policy by-label ingress rule 0"


def test_tiers_pass_on(run: Run) -> None:
    early = obj("Tier", "early", "order: 1")
    passing = gnp("passing", "tier: early, selector: has(hep), ingress: [{action: Pass, protocol: TCP}]")
    late = gnp("late", "selector: has(hep), ingress: [{action: Allow}]")
    assert run(INTO, hep("h", "eth0"), early, passing, late).decided_by == "policy late ingress rule 0"
    udp = INTO._replace(protocol="udp")
    assert run(udp, hep("h", "eth0"), early, passing, late).decided_by == "end of tier early (ingress, fh-eth0)"
    profiled = hep("h", "eth0", ", profiles: [projectcalico-default-allow]")
    assert run(INTO, profiled, early, passing).decided_by == "profile projectcalico-default-allow"


def test_failsafe_lists(run: Run) -> None:
    ssh = INTO._replace(destination_port=22)
    assert run(ssh, hep("h", "eth0")).decided_by == "failsafe tcp:22"
    emptied = felix("failsafeInboundHostPorts: []")
    assert run(ssh, hep("h", "eth0"), emptied).outcome == "drop"
    narrowed = felix("failsafeInboundHostPorts: [{protocol: TCP, port: 22, net: 172.17.0.0/16}]")
    verdict = run(ssh, hep("h", "eth0"), narrowed)
    assert verdict.path == ("spec", "failsafeInboundHostPorts", 0)
    assert run(ssh._replace(source="9.9.9.9"), hep("h", "eth0"), narrowed).outcome == "drop"
    assert run(ssh._replace(source="::ac11:5", destination="::1"), hep("h", "eth0"), narrowed).outcome == "drop"
    broken = felix("failsafeInboundHostPorts: [{protocol: SCTP, port: 22}]")
    assert "sctp" in (run(ssh, hep("h", "eth0"), broken).unknown or "")
    nowhere = felix("failsafeInboundHostPorts: [{protocol: TCP, port: 22, net: 172.17.0.0/99}]")
    assert 'the net "172.17.0.0/99"' in (run(ssh, hep("h", "eth0"), nowhere).unknown or "")
    portless = felix("failsafeInboundHostPorts: [{protocol: TCP}]")
    assert run(ssh._replace(destination_port=1), hep("h", "eth0"), portless).outcome == "drop"


def test_felix_configurations_override_each_other(run: Run) -> None:
    node = "\napiVersion: v1\nkind: Node\nmetadata: {name: f0, labels: {rack: a}}\n"
    ssh = INTO._replace(destination_port=22)
    default = felix("failsafeInboundHostPorts: []")
    scoped = felix("nodeSelector: \"rack == 'a'\", failsafeInboundHostPorts: [{protocol: TCP, port: 22}]", "racks")
    elsewhere = felix("nodeSelector: \"rack == 'b'\", failsafeInboundHostPorts: []", "zz")
    own = felix("failsafeInboundHostPorts: []", "node.f0")
    others = felix("failsafeInboundHostPorts: []", "node.f1")
    assert run(ssh, hep("h", "eth0"), node, default, scoped, elsewhere, others).outcome == "accept"
    assert run(ssh, hep("h", "eth0"), node, default, scoped, own).outcome == "drop"
    assert run(ssh, hep("h", "eth0"), node, default, scoped, release=(3, 31)).outcome == "drop"


def test_an_override_by_annotation_is_not_guessed(run: Run) -> None:
    odd = felix("logSeverityScreen: Info").replace(
        "labels:", "annotations: {config.projectcalico.org/FailsafeInboundHostPorts: none}, labels:"
    )
    assert "failsafeInboundHostPorts" in (run(INTO, hep("h", "eth0"), odd).unknown or "")


def test_loop_prevention_can_be_off(run: Run) -> None:
    bgp = obj("BGPConfiguration", "default", "serviceExternalIPs: [{cidr: 10.1.0.0/24}]")
    assert run(THROUGH, bgp).decided_by == "service loop prevention"
    assert run(THROUGH, bgp, felix("serviceLoopPrevention: Disabled")).outcome == "no-verdict"
    assert run(THROUGH, bgp.replace("name: default", "name: node.f0")).outcome == "no-verdict"


AUTO = obj("KubeControllersConfiguration", "default", "controllers: {node: {hostEndpoint: {autoCreate: Enabled}}}")
NODE = "\napiVersion: v1\nkind: Node\nmetadata: {name: f0, labels: {rack: a}}\n"


def test_automatic_host_endpoints(run: Run) -> None:
    assert run(INTO, NODE).outcome == "no-verdict"
    assert run(INTO, NODE, AUTO).decided_by == "profile projectcalico-default-allow"
    everywhere = gnp("everywhere", "selector: all(), types: [Ingress]")
    assert run(INTO, NODE, AUTO, everywhere).decided_by == "end of tier default (ingress, fh-any-interface-at-all)"
    racked = gnp("racked", "selector: rack == 'a' && has(projectcalico.org/created-by), types: [Ingress]")
    assert run(INTO, NODE, AUTO, racked).outcome == "drop"


def test_templates_of_automatic_host_endpoints(run: Run) -> None:
    template = "{generateName: lan, interfacePattern: '^eth1$', labels: {side: lan}}"
    only = AUTO.replace(
        "autoCreate: Enabled", f"autoCreate: Enabled, createDefaultHostEndpoint: Disabled, templates: [{template}]"
    )
    lan = gnp("lan", "selector: side == 'lan', types: [Ingress]")
    facts_as_endpoint = hep("zz", "eth1", ", expectedIPs: [10.1.0.1]")
    verdict = run(INTO._replace(in_interface="eth1"), NODE, only, facts_as_endpoint, lan)
    assert verdict.outcome == "drop"
    assert run(INTO, NODE, only, lan).outcome == "no-verdict"


def test_neighbour_discovery_is_free_in_ebpf(run: Run) -> None:
    packet = Packet("eth0", None, "fe80::1", "ff02::1:ff00:2", "icmpv6", icmp_type=135, icmp_code=0)
    assert run(packet, hep("h", "eth0")).outcome == "drop"
    assert run(packet, hep("h", "eth0"), dataplane="ebpf").outcome == "accept"


@pytest.mark.parametrize(
    "packet",
    [
        INTO._replace(in_interface=None),
        INTO._replace(source="fd00::1"),
        INTO._replace(protocol="quic"),
        INTO._replace(protocol=256),
        INTO._replace(destination="10.0.0.0/8"),
        INTO._replace(pre_dnat_destination="nowhere"),
    ],
)
def test_packets_that_cannot_exist(packet: Packet, make_cluster: MakeCluster) -> None:
    here = NodePolicy(make_cluster("---"), "f0", INTERFACES)
    with pytest.raises(ValueError, match=r"packet|protocol|network|address"):
        evaluate(here, packet)


def test_the_end_of_a_tier_is_that_of_its_last_policy(run: Run) -> None:
    one = gnp("one", "order: 1, selector: has(hep), ingress: [{action: Allow, protocol: UDP}]")
    other = gnp("other", "order: 2, selector: has(hep), ingress: [{action: Allow, protocol: SCTP}]")
    verdict = run(INTO, hep("h", "eth0"), other, one)
    assert (verdict.outcome, verdict.policy and verdict.policy.name) == ("drop", "other")


def test_what_policy_for_forwarding_leaves_open_is_said_to_be_left_by_it(run: Run) -> None:
    """Even where the packet leaves by an interface that has no endpoint."""
    passing = obj("Tier", "passing", "order: 5, defaultAction: Pass")
    policy = gnp(
        "p", "tier: passing, selector: has(hep), applyOnForward: true, ingress: [{action: Allow, protocol: UDP}]"
    )
    verdict = run(THROUGH, hep("h", "eth0"), passing, policy)
    assert (verdict.outcome, verdict.decided_by) == ("no-verdict", "no policy decides (ingress, fhfw-eth0)")
