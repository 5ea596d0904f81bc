"""What nodes need of each other, and of who is beside them: which rules drop it, and how that is told."""

from __future__ import annotations

import pytest

from callint.checks import find
from manifests import CLOSED, calico, cluster_of
from shipped_rules import RULES, told_by


def nodes(**addresses: str) -> str:
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


def test_of_two_nodes_in_the_mesh_the_one_with_the_lesser_address_is_called() -> None:
    for closed, broken in (("a", True), ("b", False)):
        policy = CLOSED.replace("all()", f"host == '{closed}'")
        breaches = told_by(cluster_of(nodes(a="10.0.0.1", b="10.0.0.2") + policy), "POL007")
        assert bool(breaches) is broken, closed
    (breach,) = told_by(cluster_of(nodes(a="10.0.0.1", b="10.0.0.2", c="10.0.0.3") + CLOSED), "POL007")
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
    breaches = told_by(cluster_of(nodes(**addresses) + policy), "POL007")
    expected = {"a": [0, 1], "b": [1], "c": []}[node]  # the node with the lesser address is called
    assert [breach.path for breach in breaches] == [("spec", "ingress", rule, "action") for rule in expected]


def test_flows_are_counted_where_they_end() -> None:
    addresses = {"a": "10.0.0.1", **{f"b{number}": f"10.0.0.{number}" for number in range(2, 7)}}
    first, second = told_by(cluster_of(nodes(**addresses) + TWO_DENY.replace("10.0.0.3/32", "10.0.0.4/30")), "POL007")
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
    assert told_by(cluster_of(nodes(a="10.0.0.1") + PEER + CLOSED), "POL007") == []
    shut = CLOSED.replace("egress: [{action: Allow}]", "egress: [{action: Allow, protocol: UDP}]")
    (breach,) = told_by(cluster_of(nodes(a="10.0.0.1") + PEER + shut), "POL007")
    assert "as are connections the other way" in breach.message
    assert breach.related[0].label == "BGP: a BGP session needs it"


def test_calls_of_routers_that_end_at_several_rules_are_told_apart() -> None:
    peer, off = PEER.removeprefix("\n---").split("---")
    peers = [peer.replace("upstream", f"up{n}").replace("10.0.0.9:1790", f"10.0.0.{n}") for n in range(2, 7)]
    shut = TWO_DENY.replace(", egress: [{action: Allow}]", ", egress: []").replace("10.0.0.3/32", "10.0.0.4/30")
    manifests = "---".join([nodes(a="10.0.0.1"), *peers, off])
    first, second = told_by(cluster_of(manifests + shut), "POL007")
    assert (first.path[2], second.path[2]) == (0, 1)
    assert "more flow" not in first.message
    assert second.message.endswith("; 2 more flows end there too")


def test_tunnels_are_asked_for_where_pools_have_them() -> None:
    drop = CLOSED.replace("types:", "preDNAT: true, applyOnForward: true, types:").replace(
        "[Ingress, Egress], ingress: [], egress: [{action: Allow}]", "[Ingress], ingress: [{action: Deny}]"
    )
    for mode, expected in (("", []), ("ipipMode: Always, ", ["POL009"]), ("vxlanMode: CrossSubnet, ", ["POL008"])):
        manifests = nodes(a="10.0.0.1", b="10.0.0.2").replace("cidr: 10.244", f"{mode}cidr: 10.244") + drop
        assert [one for one in ("POL008", "POL009", "POL014") if told_by(cluster_of(manifests), one)] == expected


@pytest.mark.parametrize(
    ("listening", "doubts"),
    [
        ("", [True]),
        ("listening: []\n", []),
        ("listening: [{protocol: tcp, port: 2379, address: 10.0.0.1}]\n", [False]),
        ("listening: [{protocol: tcp, port: 2379}]\n", [False]),
        ("listening: [{protocol: tcp, port: 2379, address: 127.0.0.1}]\n", []),
    ],
)
def test_etcd_is_in_doubt_until_facts_tell(listening: str, doubts: list[bool]) -> None:
    manifests = nodes(a="10.0.0.1", b="10.0.0.2").replace(
        "annotations:", 'labels: {node-role.kubernetes.io/control-plane: ""}, annotations:'
    )
    facts = f"version: 1\nnode: a\ninterfaces: [{{name: eth0, addresses: [10.0.0.1/24]}}]\n{listening}"
    breaches = told_by(cluster_of(manifests + CLOSED.replace("all()", "host == 'a'"), facts=facts), "POL005")
    assert [one.undecided for one in breaches] == doubts
    if not listening:
        assert breaches[0].message.endswith("and whether it is needed depends on whether etcd runs there")


@pytest.mark.parametrize(
    ("addresses", "told"),
    [
        ("{name: eth0, addresses: [10.0.0.1/24]}", True),
        ('{name: eth0, addresses: [10.0.0.1/24, 10.0.0.100/32, "fe80::1/64"]}', True),
        ("{name: eth0, addresses: [10.0.0.1/32]}", True),
        ("{name: eth0, addresses: [10.0.0.1/24]}, {name: dummy0, addresses: [10.9.0.1/24]}", True),
        ("{name: eth0, addresses: [10.0.0.1/24]}, {name: eth1}", False),
        ("{name: eth0, addresses: [10.0.0.1/24]}, {name: eth1, addresses: [10.9.0.1/24]}", False),
    ],
)
def test_a_node_without_manifest_is_known_by_its_only_address(addresses: str, told: bool) -> None:
    facts = "{version: 1, node: %s, roles: [control-plane], interfaces: [%s], listening: [{protocol: tcp, port: 2380}]}"
    both = "\n---\n".join((facts % ("a", addresses), facts % ("b", "{name: eth0, addresses: [10.0.0.2/24]}")))
    endpoints = nodes(a="10.0.0.1", b="10.0.0.2").replace("kind: Node", "kind: Other")
    cluster = cluster_of(endpoints + CLOSED.replace("all()", "host == 'a'"), facts=both)
    found = [one.message for one in told_by(cluster, "POL005") if "TCP port 2380" in one.message]
    assert bool(found) is told


ONE_PORT = """
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: hosts}
spec:
  selector: all()
  types: [Ingress, Egress]
  ingress: [{action: Allow, protocol: TCP, destination: {ports: [22]}}, {action: Allow, source: {nets: [127.0.0.0/8]}}]
  egress: [{action: Allow}]
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: a}
spec: {node: a, interfaceName: "*"}
"""


def of_role(role: str, name: str, address: str) -> str:
    label = f'labels: {{node-role.kubernetes.io/{role}: ""}}'
    status = f"{{addresses: [{{type: InternalIP, address: {address}}}]}}"
    return f"---\napiVersion: v1\nkind: Node\nmetadata: {{name: {name}, {label}}}\nstatus: {status}\n"


@pytest.mark.parametrize(
    ("manifests", "facts", "told"),
    [
        (of_role("worker", "a", "10.0.0.1"), "", True),  # what the node sends to itself is not from the API server
        (of_role("control-plane", "a", "10.0.0.1"), "", False),  # it is on the node itself
        (of_role("control-plane", "a", "10.0.0.1") + of_role("worker", "b", "10.0.0.2"), "", True),
        (of_role("worker", "a", "10.0.0.1") + of_role("control-plane", "b", "10.9.0.2"), "", True),
        (
            of_role("worker", "a", "10.0.0.1") + of_role("control-plane", "b", "10.9.0.2"),
            "{version: 1, node: a, interfaces: [{name: eth0, addresses: [10.0.0.1/24]}, {name: wg0, addresses: "
            "[10.9.0.1/24]}]}",
            False,  # it asks by another interface, which has another address
        ),
    ],
)
def test_who_asks_a_kubelet(manifests: str, facts: str, told: bool) -> None:
    assert bool(told_by(cluster_of(manifests + ONE_PORT, facts=facts), "HEP014")) is told


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
    one = RULES["POL016"]
    cluster = cluster_of(nodes(a="10.0.0.1") + policy, facts=V6)
    types = set()
    for flow in one.parameters["flows"]:
        for breach in find(one.check)(cluster, {**one.parameters, "flows": [flow]}):
            assert breach.witness is not None
            types.add(breach.witness.as_dict()["icmp_type"])
    assert types == dropped


def test_an_endpoint_of_all_interfaces_is_not_named_by_its_star() -> None:
    text = nodes(a="10.0.0.1", b="10.0.0.2").replace("interfaceName: eth0", 'interfaceName: "*"')
    text = text.replace("annotations: {", "labels: {node-role.kubernetes.io/etcd: ''}, annotations: {")
    breach = told_by(cluster_of(text + CLOSED), "POL005")[0]
    assert breach.message.startswith('etcd to node "a" (TCP port 2380) is dropped by ')
    assert ", though it is an etcd node" in breach.message
    assert breach.help == "allow ingress of TCP port 2380 at the host endpoint of all interfaces"


@pytest.mark.parametrize(
    ("addresses", "services", "told"),
    [("fe80::1/64", "ndp", True), ("fe80::1/64", "ntp", False), ("10.9.0.1/24", "ndp", False)],
)
def test_neighbours_are_sought_on_a_link_of_which_it_is_said(addresses: str, services: str, told: bool) -> None:
    """An address of the link alone is no evidence: every link has one."""
    links = f"[{{name: eth0, addresses: ['{addresses}']}}]"
    facts = f"version: 1\nnode: a\ninterfaces: {links}\nservices: {{eth0: [{services}]}}\n"
    assert bool(told_by(cluster_of(nodes(a="10.0.0.1") + CLOSED, facts=facts), "POL016")) is told


def test_nobody_asks_from_the_address_of_a_network() -> None:
    """It is that of any router there, and none sends from it; on a link of two each has one of two addresses."""
    for length, asking in ((64, "fd00::2"), (127, "fd00::")):
        links = f"[{{name: eth0, addresses: [10.0.0.1/24, 'fd00::1/{length}']}}]"
        facts = f"version: 1\nnode: a\ninterfaces: {links}\n"
        breach = told_by(cluster_of(nodes(a="10.0.0.1") + CLOSED, facts=facts), "POL016")[0]
        assert breach.witness is not None
        assert breach.witness.as_dict()["source"] == asking


def test_a_doubt_names_the_missing_fact_once() -> None:
    policy = CLOSED.replace("ingress: []", "ingress: [{action: Allow, source: {namespaceSelector: team == 'red'}}]")
    parameters = {"at": "outward", "peers": {"addresses": ["10.244.0.7"]}, "protocol": "TCP", "ports": 80}
    cluster = cluster_of(nodes(a="10.0.0.1", b="10.0.0.2") + policy)
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
    facts = "version: 1\nnode: a\ninterfaces: [{name: eth0, addresses: [10.0.0.1/24]}]\nservices: {eth0: [dns]}\n"
    assert bool(told_by(cluster_of(nodes(a="10.0.0.1") + policy, facts=facts), "POL001")) is broken


def test_a_tunnel_has_no_neighbours() -> None:
    link = V6.split("routes")[0]
    for text in (link, link.replace("addresses", "kind: wireguard, addresses")):
        breaches = told_by(cluster_of(nodes(a="10.0.0.1") + CLOSED, facts=text), "POL016")
        assert bool(breaches) is ("wireguard" not in text)


@pytest.mark.parametrize(
    ("tier", "cure"),
    [
        ("security", 'eth0 in tier "security", or pass on there what it has no rule for'),
        ("default", "at the host endpoint of eth0"),
    ],
)
def test_what_the_end_of_a_tier_drops_is_allowed_in_that_tier(tier: str, cure: str) -> None:
    """A later tier that allows everything is not asked."""
    ssh = {"selector": "all()", "tier": tier, "types": ["Ingress"], "ingress": [{"action": "Deny", "protocol": "SCTP"}]}
    later = [
        calico("Tier", "security", {"order": 1}),
        calico("GlobalNetworkPolicy", f"{tier}.closed", ssh),
        calico("GlobalNetworkPolicy", "open", {"selector": "all()", "order": 9, "ingress": [{"action": "Allow"}]}),
    ][: 3 if tier == "security" else 2]
    facts = "version: 1\nnode: a\ninterfaces: [{name: eth0, addresses: [10.0.0.1/24]}]\nservices: {eth0: [dns]}\n"
    host = calico("HostEndpoint", "a", {"node": "a", "interfaceName": "eth0"})
    for breach in told_by(cluster_of([host, *later], facts=facts), "POL001"):
        assert breach.help.endswith(cure)
