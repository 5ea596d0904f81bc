"""What findings about host endpoints say: which configuration decides, which way a selector counts, one or several."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks.hosts import coverage, host_endpoint, host_traffic
from callint.objects import Intent
from callint.source import Limits
from manifests import calico, cluster_of, hosts

UDP_ALONE = """\
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: lan}
spec:
  selector: zone == 'lan'
  types: [Ingress, Egress]
  ingress: [{action: Allow, protocol: UDP}]
  egress: [{action: Allow}]
"""
WITH_SSH = "{failsafeInboundHostPorts: [{protocol: udp, port: 68}, {protocol: tcp, port: 22}]}"
WITHOUT = "{failsafeInboundHostPorts: [{protocol: udp, port: 68}]}"


def felix(name: str, spec: str) -> str:
    kind = "apiVersion: projectcalico.org/v3\nkind: FelixConfiguration"
    return f"---\n{kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n"


@pytest.mark.parametrize(
    ("configurations", "named"),
    [
        ([("default", WITHOUT)], ["default"]),
        ([("default", WITH_SSH), ("node.router", WITHOUT)], ["node.router"]),
        ([("default", WITHOUT), ("node.router", WITH_SSH)], []),
        ([("default", WITHOUT), ("node.other", WITH_SSH)], ["default"]),
        ([("node.other", WITHOUT)], []),
        ([("node.router", "{failsafeInboundHostPorts: []}")], ["node.router"]),
    ],
)
def test_the_failsafe_list_in_effect_on_the_node_is_named(
    configurations: list[tuple[str, str]], named: list[str]
) -> None:
    cluster = cluster_of(hosts(lan="10.0.0.1") + UDP_ALONE + "".join(felix(*one) for one in configurations))
    found = list(host_traffic.check(cluster, {"problem": "failsafe-cut"}))
    assert [breach.object.name for breach in found if breach.object] == named
    assert all(f'FelixConfiguration "{name}"' in breach.message for name, breach in zip(named, found, strict=True))


def test_an_address_that_is_none_makes_no_packet() -> None:
    cluster = cluster_of(hosts(lan="18446744073709551616, 10.0.0.1") + UDP_ALONE + felix("default", WITHOUT))
    (breach,) = host_traffic.check(cluster, {"problem": "failsafe-cut"})
    assert breach.witness is not None
    assert breach.witness.as_dict()["destination"] == "10.0.0.1"


def test_the_pattern_that_does_not_match_is_shown_where_it_is_written() -> None:
    endpoint = calico("HostEndpoint", "vpn", {"node": "router", "interfaceName": "wg0", "expectedIPs": ["10.1.0.2"]})
    ebpf = Target(dataplane="ebpf")
    (bare,) = host_endpoint.check(cluster_of([endpoint], ebpf), {"problem": "ebpf-ignores"})
    assert bare.related == ()
    narrow = calico("FelixConfiguration", "default", {"bpfDataIfacePattern": "^eth", "bpfL3IfacePattern": "^tun"})
    (breach,) = host_endpoint.check(cluster_of([endpoint, narrow], ebpf), {"problem": "ebpf-ignores"})
    assert [one.label for one in breach.related] == ["does not match it"] * 2
    wide = calico("FelixConfiguration", "default", {"bpfL3IfacePattern": "^wg"})
    assert list(host_endpoint.check(cluster_of([endpoint, wide], ebpf), {"problem": "ebpf-ignores"})) == []


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"selector": "zone == 'lan'"}, "that selects it matches none of its packets"),
        ({"notSelector": "zone == 'lan'"}, "that is to leave it out does not"),
    ],
)
def test_an_endpoint_without_addresses_is_neither_selected_nor_left_out(source: dict[str, Any], says: str) -> None:
    endpoint = calico("HostEndpoint", "lan", {"node": "router", "interfaceName": "lan0"}, labels={"zone": "lan"})
    policy = calico(
        "GlobalNetworkPolicy", "p", {"types": ["Ingress"], "ingress": [{"action": "Deny", "source": source}]}
    )
    (breach,) = host_endpoint.check(cluster_of([endpoint, policy]), {"problem": "invisible"})
    assert f'a rule of policy "p" {says}' in breach.message


@pytest.mark.parametrize(
    ("addresses", "says"),
    [({"lan": "10.0.0.1"}, "its HostEndpoint covers"), ({"lan": "10.0.0.1", "wan": "10.9.0.1"}, "its 2 HostEndpoints")],
)
def test_one_endpoint_or_several_whose_interfaces_are_not_known(addresses: dict[str, str], says: str) -> None:
    cluster = cluster_of(hosts(**addresses), facts="version: 1\nnode: router\nroles: [router]\n")
    (breach,) = coverage.check(cluster, {})
    assert breach.undecided
    assert says in breach.message


def test_covered_interfaces_are_named_whatever_their_endpoint_names() -> None:
    objects = [
        calico("HostEndpoint", "loop", {"node": "router", "interfaceName": "lo"}),
        calico("HostEndpoint", "lan", {"node": "router", "expectedIPs": ["10.0.0.1"]}),
    ]
    facts = """\
version: 1
node: router
roles: [router]
interfaces: [{name: lo}, {name: wan0, forwarding: true}, {name: lan0, addresses: [10.0.0.1/24], forwarding: true}]
"""
    (breach,) = coverage.check(cluster_of(objects, facts=facts), {})
    assert [one.label for one in breach.related] == ["covers lan0"]
    assert breach.witness is not None
    assert list(breach.witness.as_dict()) == ["type", "interface", "node", "to_lan0", "from_lan0"]


def test_the_interface_of_rivals_is_a_fact() -> None:
    spec = {"node": "router", "interfaceName": "lan0", "expectedIPs": ["10.0.0.1"]}
    everywhere = {"node": "router", "interfaceName": "*", "expectedIPs": ["10.0.0.1"]}
    for one, name in ((spec, "lan0"), (everywhere, "*")):
        cluster = cluster_of([calico("HostEndpoint", "a", one), calico("HostEndpoint", "b", one)])
        (breach,) = host_endpoint.check(cluster, {"problem": "rivals"})
        assert breach.witness is not None
        assert breach.witness.as_dict()["interface"] == name


@pytest.mark.parametrize("pre_dnat", [True, False])
def test_egress_is_not_added_to_a_policy_that_cannot_have_it(pre_dnat: bool) -> None:
    flags = {"preDNAT": True, "applyOnForward": True} if pre_dnat else {}
    spec = {"selector": "zone == 'lan'", "types": ["Ingress"], "ingress": [{"action": "Allow"}], **flags}
    endpoint = {"node": "router", "interfaceName": "lan0", "expectedIPs": ["10.0.0.1"]}
    objects = [
        calico("HostEndpoint", "lan", endpoint, labels={"zone": "lan"}),
        calico("GlobalNetworkPolicy", "p", spec),
    ]
    (breach,) = host_endpoint.check(cluster_of(objects), {"problem": "one-direction"})
    assert breach.help is not None
    assert ("not preDNAT" in breach.help) is pre_dnat


@pytest.mark.parametrize(
    ("net", "told"),
    [(None, True), ("0.0.0.0/0", True), ("::/0", False), ("10.0.0.0/8", False)],
)
def test_failsafe_ports_for_every_source(net: str | None, told: bool) -> None:
    endpoint = {"node": "edge", "interfaceName": "eth0", "expectedIPs": ["9.9.9.9"]}
    port = {"protocol": "tcp", "port": 22, **({"net": net} if net else {})}
    objects = [
        calico("HostEndpoint", "edge", endpoint),
        calico("FelixConfiguration", "default", {"failsafeInboundHostPorts": [port]}),
    ]
    assert bool(list(host_traffic.check(cluster_of(objects), {"problem": "failsafe-open"}))) is told


@pytest.mark.parametrize("address", ["10.0.0.2", "100.64.0.2", "224.0.0.5", "fd00::2", "4000::2", "no address"])
def test_failsafe_ports_at_an_address_that_is_none_of_the_internet(address: str) -> None:
    endpoint = calico("HostEndpoint", "edge", {"node": "edge", "interfaceName": "eth0", "expectedIPs": [address]})
    assert list(host_traffic.check(cluster_of([endpoint]), {"problem": "failsafe-open"})) == []


@pytest.mark.parametrize(("address", "source"), [("9.9.9.9", "192.0.2.1"), ("2620:fe::9", "2001:db8::1")])
def test_who_proves_open_failsafe_ports_speaks_the_ip_version_of_the_address(address: str, source: str) -> None:
    endpoint = calico("HostEndpoint", "edge", {"node": "edge", "interfaceName": "eth0", "expectedIPs": [address]})
    (breach,) = host_traffic.check(cluster_of([endpoint]), {"problem": "failsafe-open"})
    assert breach.witness is not None
    packet = breach.witness.as_dict()
    assert (packet["source"], packet["destination"]) == (source, address)


def test_so_many_policies_of_host_endpoints() -> None:
    ingress = {"types": ["Ingress"], "ingress": [{"action": "Deny"}]}
    objects = [
        *(
            calico("HostEndpoint", f"h{n}", {"node": f"n{n}", "interfaceName": "eth0"}, labels={"a": "b"})
            for n in range(4)
        ),
        *(calico("GlobalNetworkPolicy", f"g{n}", {"selector": "a == 'b'", **ingress}) for n in range(10)),
    ]
    cluster = cluster_of(objects)
    assert len(list(host_endpoint.check(cluster, {"problem": "one-direction"}))) == 4
    cluster = cluster_of(objects)
    cluster.limits = Limits(comparisons=120)
    *found, last = host_endpoint.check(cluster, {"problem": "one-direction"})
    assert len(found) == 2
    assert last.undecided
    assert last.message == (
        'whether anything passes without policy at HostEndpoint "h2" and 1 other was not examined: '
        "more than 120 comparisons of policies with host endpoints would be needed"
    )


ALLOW, DENY = ([{"action": action}] for action in ("Allow", "Deny"))


def endpoint_with_policy(name: str, rules: list[dict[str, str]]) -> list[dict[str, Any]]:
    both = {"types": ["Ingress", "Egress"], "ingress": rules, "egress": rules}
    return [
        calico("HostEndpoint", name, {"node": "router", "interfaceName": "eth0"}, labels={"has": "policy"}),
        calico("GlobalNetworkPolicy", "p", {"selector": "has == 'policy'", **both}),
    ]


@pytest.mark.parametrize("names", [["a"], ["a", "b", "c"]])
@pytest.mark.parametrize("complete", [(), ("GlobalNetworkPolicy",)])
def test_policy_for_hosts_may_be_kept_elsewhere(names: list[str], complete: tuple[str, ...]) -> None:
    endpoints = [calico("HostEndpoint", name, {"node": name, "interfaceName": "eth0"}) for name in names]
    found = list(
        host_endpoint.check(cluster_of(endpoints, intent=Intent(complete=complete)), {"problem": "default-deny"})
    )
    assert [breach.undecided for breach in found] == ([False] * len(names) if complete else [True])
    others = " and 2 others" if len(names) > 1 else ""
    assert complete or found[0].message == (
        f'whether any policy is for HostEndpoint "a"{others} without profile is not known, for no manifest holds a '
        'GlobalNetworkPolicy: if there is none, all traffic of node "a" through "eth0" is dropped, but for the '
        "failsafe ports"
    )


@pytest.mark.parametrize(
    ("name", "facts", "words"),
    [
        ("cali0", "", "which is a workload's interface by its name: the endpoint governs nothing"),
        ("tunl0", "", "the end of a tunnel of Calico: "),
        ("vxlan.calico", "", "the end of a tunnel of Calico: "),
        ("wg-v6.cali", "", "the end of a tunnel of Calico: "),
        ("kube-ipvs0", "", "which only holds addresses of services"),
        ("kube-ipvs0", "interfaces: [{name: kube-ipvs0}]", "which only holds addresses of services"),
        ("kube-ipvs0", "interfaces: [{name: eth0}]", None),  # it is told that there is no such interface
        ("wg0", "", None),
        ("lo", "", None),
        ("*", "", None),
    ],
)
def test_interfaces_that_lead_nowhere(name: str, facts: str, words: str | None) -> None:
    endpoint = calico("HostEndpoint", "h", {"node": "w1", "interfaceName": name})
    cluster = cluster_of([endpoint], facts=f"version: 1\nnode: w1\n{facts}\n" if facts else "")
    found = [one.message for one in host_endpoint.check(cluster, {"problem": "unsupported-interface"})]
    assert len(found) == (words is not None)
    assert all(message.startswith(f'HostEndpoint "h" names "{name}", {words}') for message in found)


def test_an_endpoint_without_its_interface_drops_nothing() -> None:
    loser = calico("HostEndpoint", "b", {"node": "router", "interfaceName": "eth0"})
    problem = {"problem": "default-deny"}
    assert not list(host_endpoint.check(cluster_of([*endpoint_with_policy("a", DENY), loser]), problem))
    (breach,) = host_endpoint.check(cluster_of([*endpoint_with_policy("c", DENY), loser]), problem)
    assert breach.object is not None
    assert breach.object.name == "b"


@pytest.mark.parametrize("rules", [ALLOW, DENY])
@pytest.mark.parametrize("facts", ["", "interfaces: [{name: lo}, {name: eth0}]", "interfaces: [{name: wan0}]"])
def test_an_endpoint_of_all_interfaces_drops_where_no_other_one_is(rules: list[dict[str, str]], facts: str) -> None:
    wild = calico("HostEndpoint", "all", {"node": "router", "interfaceName": "*"})
    told = f"version: 1\nnode: router\n{facts}\n" if facts else ""
    cluster = cluster_of([*endpoint_with_policy("a", rules), wild], facts=told)
    (breach,) = host_endpoint.check(cluster, {"problem": "default-deny"})
    assert breach.object is not None
    assert breach.witness is not None
    packet = breach.witness.as_dict()
    assert breach.object.name == "all"
    assert packet["in_interface"] == ("wan0" if "wan0" in facts else "eth1")
    assert packet["decided_by"] == "no profile matched (ingress, fh-any-interface-at-all)"


@pytest.mark.parametrize(("address", "source"), [("192.0.2.1", "192.0.2.2"), ("10.0.0.1", "192.0.2.1")])
def test_nobody_sends_to_an_address_from_itself(address: str, source: str) -> None:
    host = calico("HostEndpoint", "h", {"node": "n", "interfaceName": "lan0", "expectedIPs": [address]})
    policy = calico("GlobalNetworkPolicy", "p", {"selector": "has(other)"})
    (breach,) = host_endpoint.check(cluster_of([host, policy]), {"problem": "default-deny"})
    assert breach.witness is not None
    packet = breach.witness.as_dict()
    assert (packet["source"], packet["destination"]) == (source, address)


def test_nothing_is_forwarded_from_the_loopback_interface() -> None:
    spec = {"selector": "zone == 'lan'", "applyOnForward": True, "types": ["Ingress"], "ingress": ALLOW}
    objects = [
        calico("HostEndpoint", "all", {"node": "router", "interfaceName": "*"}),
        calico("HostEndpoint", "lan", {"node": "router", "interfaceName": "lan0"}, labels={"zone": "lan"}),
        calico("HostEndpoint", "lo", {"node": "router", "interfaceName": "lo"}, labels={"zone": "lan"}),
        calico("GlobalNetworkPolicy", "p", spec),
    ]
    facts = (
        "version: 1\nnode: router\nfirewall: {forward: drop}\ninterfaces: [{name: lo}, {name: lan0}, {name: wan0}]\n"
    )
    (breach,) = host_traffic.check(cluster_of(objects, facts=facts), {"problem": "forward-accept-lost"})
    assert breach.witness is not None
    packet = breach.witness.as_dict()
    assert (packet["in_interface"], packet["out_interface"]) == ("wan0", "lan0")


def test_open_failsafe_ports_are_those_of_each_node_and_few_are_named() -> None:
    many = ", ".join(f"{{protocol: tcp, port: {number}}}" for number in range(1, 24))
    endpoints = "".join(
        "---\napiVersion: projectcalico.org/v3\nkind: HostEndpoint\n"
        f"metadata: {{name: {node}}}\nspec: {{node: {node}, interfaceName: wan0, expectedIPs: [9.9.9.9]}}\n"
        for node in ("a", "b", "c")
    )
    lists = felix("node.a", f"{{failsafeInboundHostPorts: [{many}]}}") + felix("node.b", WITHOUT)
    found = list(host_traffic.check(cluster_of(endpoints + lists), {"problem": "failsafe-open"}))
    told = {breach.object.name: breach.message.rpartition(": ")[2] for breach in found if breach.object}
    assert set(told) == {"a", "c"}
    assert told["a"].startswith("tcp 1, tcp 2, ")
    assert told["a"].endswith(", tcp 20 and 3 more")
    assert "tcp 22, tcp 179" in told["c"]
    assert "more" not in told["c"]


PODS = calico("IPPool", "pods", {"cidr": "10.42.0.0/16"})
OPEN = {"selector": "zone == 'wan'", "types": ["Ingress", "Egress"], "ingress": ALLOW, "egress": ALLOW}


@pytest.mark.parametrize(
    ("chain", "types", "others", "source"),
    [
        ("drop", ["Ingress"], [PODS], "10.42.0.0"),
        ("accept", ["Ingress"], [PODS], None),
        (None, ["Ingress"], [PODS], None),
        ("drop", ["Ingress", "Egress"], [PODS], None),
        ("drop", ["Ingress"], [], None),
        ("drop", ["Ingress"], [{**PODS, "spec": {**PODS["spec"], "disabled": True}}], None),
        ("drop", ["Ingress"], [calico("IPPool", "six", {"cidr": "fd00:42::/64"})], None),
        # pods that may send nothing lose nothing
        (
            "drop",
            ["Ingress"],
            [PODS, calico("GlobalNetworkPolicy", "a", {"selector": "all()", "types": ["Egress"]})],
            None,
        ),
    ],
)
def test_pods_are_cut_off_by_the_only_endpoint(
    chain: str | None, types: list[str], others: list[dict[str, Any]], source: str | None
) -> None:
    """Closing the interface outward to what comes in takes the accept from what pods send there."""
    closed = {"selector": "zone == 'wan'", "applyOnForward": True, "types": types, "ingress": DENY, "egress": ALLOW}
    objects = [
        calico("HostEndpoint", "wan", {"node": "gw", "interfaceName": "wan0"}, labels={"zone": "wan"}),
        calico("GlobalNetworkPolicy", "closed", closed if "Egress" in types else {**closed, "egress": []}),
        calico("GlobalNetworkPolicy", "open", OPEN),
        *others,
    ]
    firewall = f"firewall: {{forward: {chain}}}\n" if chain else ""
    facts = f"version: 1\nnode: gw\ninterfaces: [{{name: wan0, addresses: [192.0.2.7/24]}}]\n{firewall}"
    found = host_traffic.check(cluster_of(objects, facts=facts), {"problem": "forward-accept-lost"})
    told = [
        (one.witness and one.witness.as_dict()["source"], "so packets of pods forwarded" in one.message)
        for one in found
    ]
    assert told == ([] if source is None else [(source, True)])
