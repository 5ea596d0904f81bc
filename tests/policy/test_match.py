"""One rule against packets: the engine agrees with a naive reading of the rule, field by field."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.objects import Cluster, Intent
from callint.objects.calico_policy import rules
from callint.policy.address_inventory import AddressInventory
from callint.policy.doubt import Doubts
from callint.policy.match import criteria, matches
from callint.policy.packet import Packet, read
from manifests import cluster_of

MakeCluster = Callable[..., Cluster]

address_of = lru_cache(None)(ipaddress.ip_address)
network_of = lru_cache(None)(ipaddress.ip_network)

NAMESPACES = {"red": {"colour": "red"}, "blue": {"colour": "blue", "a": "1"}}
MEMBERS: list[dict[str, Any]] = [
    {"ns": "red", "labels": {"a": "1"}, "ips": ["10.0.0.1", "fd00::1"], "port": ("web", "tcp", 80), "account": "one"},
    {"ns": "blue", "labels": {"a": "2"}, "ips": ["10.0.0.2"], "port": ("web", "tcp", 81), "account": "two"},
    {"ns": "blue", "labels": {}, "ips": ["10.0.0.3", "fd00::3"], "port": ("web", "udp", 80), "account": "one"},
    {"ns": None, "labels": {"a": "1", "b": "x"}, "ips": ["10.0.0.4", "fd00::4"], "port": ("web", "tcp", 80)},
    {"ns": None, "labels": {"b": "x"}, "nets": ["10.0.0.6/31", "fd00::8/126"]},
    {"ns": "red", "labels": {"b": "y"}, "nets": ["10.0.0.8/32"]},
]
SELECTORS: dict[str, Callable[[dict[str, str]], bool]] = {
    "a == '1'": lambda labels: labels.get("a") == "1",
    "a != '1'": lambda labels: labels.get("a") != "1",
    "has(b)": lambda labels: "b" in labels,
    "!has(b) && a == '2'": lambda labels: "b" not in labels and labels.get("a") == "2",
    "a not in {'1', '2'}": lambda labels: labels.get("a") not in ("1", "2"),
    "all()": lambda labels: True,
}
NAMESPACE_SELECTORS: dict[str, Callable[[str | None], bool]] = {
    "all()": lambda namespace: namespace is not None,
    "global()": lambda namespace: namespace is None,
    "colour == 'red'": lambda namespace: namespace == "red",
    # absent labels satisfy it, and what is in no namespace has none
    "colour != 'red'": lambda namespace: namespace != "red",
    "projectcalico.org/name == 'blue'": lambda namespace: namespace == "blue",
}
ADDRESSES = {4: [f"10.0.0.{last}" for last in range(10)] + ["8.8.8.8"], 6: [f"fd00::{last:x}" for last in range(12)]}
NETS = ["10.0.0.0/29", "10.0.0.2/31", "10.0.0.9/32", "fd00::/125", "fd00::4/128"]
PROTOCOLS = {"TCP": 6, "UDP": 17, "SCTP": 132, "ICMP": 1, "ICMPv6": 58, "1": 1, "47": 47}


def build(members: list[dict[str, Any]]) -> AddressInventory:
    objects: list[dict[str, Any]] = []
    for name, labels in NAMESPACES.items():
        objects.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    for index, one in enumerate(members):
        metadata = {"name": f"m{index}", "labels": one["labels"], "namespace": one["ns"]}
        if "nets" in one:
            kind, spec = ("NetworkSet" if one["ns"] else "GlobalNetworkSet"), {"nets": one["nets"]}
        else:
            name, protocol, number = one["port"]
            ports = [{"name": name, "protocol": protocol.upper(), "port": number}]
            if one["ns"]:
                kind = "WorkloadEndpoint"
                lengths = [f"{ip}/{128 if ':' in ip else 32}" for ip in one["ips"]]
                account = one["account"]
                profiles = [f"kns.{one['ns']}", f"ksa.{one['ns']}.{account}"]
                spec = {"ipNetworks": lengths, "profiles": profiles, "serviceAccountName": account, "ports": ports}
            else:
                kind, spec = (
                    "HostEndpoint",
                    {"node": "n", "interfaceName": "e", "expectedIPs": one["ips"], "ports": ports},
                )
        objects.append({"apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": metadata, "spec": spec})
    return AddressInventory(cluster_of(objects, intent=Intent(complete=("Pod",))))


INVENTORY = build(MEMBERS)


def in_nets(address: str, nets: list[str]) -> bool:
    parsed = address_of(address)
    return any(parsed in network_of(net) for net in nets)


def of_family(nets: list[str], version: int) -> list[str]:
    return [net for net in nets if network_of(net).version == version]


def has_member(address: str, keep: Callable[[dict[str, Any]], bool]) -> bool:
    return any(
        keep(one) and in_nets(address, one.get("nets") or one["ips"])  # a single address is a network of one
        for one in MEMBERS
    )


def wanted_members(entity: dict[str, Any], namespace: str | None) -> Callable[[dict[str, Any]], bool] | None:
    """Which members the positive selectors keep, None where there are none."""
    keeps: list[Callable[[dict[str, Any]], bool]] = []
    if "selector" in entity:
        keeps.append(lambda one: SELECTORS[entity["selector"]](one["labels"]))
    if "serviceAccounts" in entity:
        keeps.append(lambda one: one.get("account") in entity["serviceAccounts"]["names"])
    if "namespaceSelector" in entity:
        keeps.append(lambda one: NAMESPACE_SELECTORS[entity["namespaceSelector"]](one["ns"]))
    elif namespace is not None and (keeps or "notSelector" in entity):
        keeps.append(lambda one: one["ns"] == namespace)
    if not keeps:
        return None
    return lambda one: all(keep(one) for keep in keeps)


def in_ports(ports: list[Any], address: str, protocol: int, port: int | None, keep: Any) -> bool:
    for one in ports:
        if one == "web":
            if has_member(
                address,
                lambda m: (
                    "port" in m
                    and (PROTOCOLS[m["port"][1].upper()], m["port"][2]) == (protocol, port)
                    and (keep is None or keep(m))
                ),
            ):
                return True
        elif port is not None:
            low, _, high = str(one).partition(":")
            if int(low) <= port <= int(high or low):
                return True
    return False


def entity_holds(entity: dict[str, Any], address: str, protocol: int, port: int | None, namespace: str | None) -> bool:
    version = address_of(address).version
    if entity.get("nets") and not in_nets(address, of_family(entity["nets"], version)):
        return False
    if entity.get("notNets"):
        mine = of_family(entity["notNets"], version)
        if not mine or in_nets(address, mine):
            return False
    keep = wanted_members(entity, namespace)
    negative = SELECTORS.get(entity.get("notSelector", ""))
    if keep is not None and not has_member(
        address, lambda one: keep(one) and not (negative and negative(one["labels"]))
    ):
        return False
    if keep is None and negative and has_member(address, lambda one: negative(one["labels"])):
        return False
    # named ports are narrowed by the whole positive selector
    narrowed = keep and (lambda one: keep(one) and not (negative and negative(one["labels"])))
    if entity.get("ports") and not in_ports(entity["ports"], address, protocol, port, narrowed):
        return False
    return not (entity.get("notPorts") and in_ports(entity["notPorts"], address, protocol, port, narrowed))


def naive(rule: dict[str, Any], packet: Packet, namespace: str | None) -> bool:
    version = address_of(packet.source).version
    number = int(packet.protocol)
    implied = {"ICMP": 4, "ICMPv6": 6}.get(rule.get("protocol", ""))
    if rule.get("ipVersion", implied) not in (None, version):
        return False
    if "protocol" in rule and PROTOCOLS[rule["protocol"]] != number:
        return False
    if "notProtocol" in rule and PROTOCOLS[rule["notProtocol"]] == number:
        return False
    for key, expected in (("icmp", True), ("notICMP", False)):
        if key in rule:
            same = number == (1 if version == 4 else 58) and rule[key]["type"] == packet.icmp_type
            same = same and rule[key].get("code", packet.icmp_code) == packet.icmp_code
            if same is not expected:
                return False
    source, destination = rule.get("source", {}), rule.get("destination", {})
    return entity_holds(source, packet.source, number, packet.source_port, namespace) and entity_holds(
        destination, packet.destination, number, packet.destination_port, namespace
    )


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


PORTS = st.lists(st.sampled_from([80, "80:81", 443, "web"]), min_size=1, max_size=2)
SELECTED = {
    "nets": st.lists(st.sampled_from(NETS), min_size=1, max_size=3),
    "notNets": st.lists(st.sampled_from(NETS), min_size=1, max_size=2),
    "selector": st.sampled_from(sorted(SELECTORS)),
    "notSelector": st.sampled_from(sorted(SELECTORS)),
    "namespaceSelector": st.sampled_from(sorted(NAMESPACE_SELECTORS)),
    "serviceAccounts": st.just({"names": ["one"]}),
}
ENTITY = optional(**SELECTED)
PORT_ENTITY = optional(**SELECTED, ports=PORTS, notPorts=PORTS)
ICMP = st.fixed_dictionaries({"type": st.sampled_from([0, 8, 135])}, optional={"code": st.integers(0, 1)})
RULES = st.one_of(
    st.fixed_dictionaries(
        {"protocol": st.sampled_from(["TCP", "UDP", "SCTP"])},
        optional={"source": PORT_ENTITY, "destination": PORT_ENTITY, "ipVersion": st.sampled_from([4, 6])},
    ),
    st.fixed_dictionaries(
        {"protocol": st.sampled_from(["ICMP", "ICMPv6", "1"])},
        optional={"source": ENTITY, "destination": ENTITY, "icmp": ICMP, "notICMP": ICMP},
    ),
    optional(
        notProtocol=st.sampled_from(["TCP", "UDP", "47"]),
        source=ENTITY,
        destination=ENTITY,
        ipVersion=st.sampled_from([4, 6]),
    ),
)


@st.composite
def packets(draw: st.DrawFn) -> Packet:
    version = draw(st.sampled_from([4, 6]))
    source, destination = draw(st.sampled_from(ADDRESSES[version])), draw(st.sampled_from(ADDRESSES[version]))
    protocol = draw(st.sampled_from([6, 17, 132, 1, 58, 47]))
    if protocol in (6, 17, 132):
        ports = st.sampled_from([80, 81, 82, 443])
        return Packet("i", "o", source, destination, protocol, draw(ports), draw(ports))
    if protocol == 47:
        return Packet("i", "o", source, destination, protocol)
    kind, code = draw(st.sampled_from([0, 8, 135])), draw(st.integers(0, 1))
    return Packet("i", "o", source, destination, protocol, icmp_type=kind, icmp_code=code)


def decide(
    rule: dict[str, Any], packet: Packet, namespace: str | None, inventory: AddressInventory = INVENTORY
) -> bool:
    (typed,) = rules({"ingress": [{"action": "Allow", **rule}]}, "ingress")
    flow = read(packet)
    doubts = Doubts()
    demand = criteria(typed, flow.family, inventory, namespace)
    found = demand is not None and matches(demand, flow, doubts)
    assert not doubts.asked
    return found


@given(RULES, st.lists(packets(), min_size=8, max_size=8), st.sampled_from([None, "red", "blue"]))
def test_against_a_naive_reading(rule: dict[str, Any], several: list[Packet], namespace: str | None) -> None:
    for packet in several:
        assert decide(rule, packet, namespace) is naive(rule, packet, namespace), packet


TCP = Packet("i", "o", "10.0.0.1", "10.0.0.2", 6, 80, 80)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"source": {"notNets": ["0.0.0.0/0"]}}, False),
        ({"source": {"notNets": ["fd00::/8"]}}, False),
        ({"source": {"nets": ["10.2402.0.0/16"]}}, True),
        ({"source": {"nets": ["10.2402.0.0/16", "10.9.0.0/16"]}}, False),
        ({"source": {"nets": ["10.0.0.7/29"]}}, True),
        ({"protocol": "tcp"}, True),
        ({"protocol": "6"}, True),
        ({"destination": {"services": {"name": "nothing"}}}, False),
        ({"source": {"notSelector": "a == '1'"}}, False),
        ({"source": {"notSelector": "a == '2'"}}, True),
        ({"protocol": "TCP", "source": {"ports": ["web"]}}, True),
        ({"protocol": "TCP", "source": {"ports": ["web"], "selector": "a == '1'"}}, True),
        ({"protocol": "TCP", "source": {"notPorts": ["web"], "selector": "a == '1'"}}, False),
        ({"protocol": "TCP", "source": {"ports": ["web"], "notSelector": "a == '1'", "selector": "all()"}}, False),
    ],
)
def test_what_felix_makes_of_odd_rules(rule: dict[str, Any], expected: bool) -> None:
    assert decide(rule, TCP, None) is expected


def test_a_lone_not_selector_lets_the_internet_in_unless_a_namespace_confines_it() -> None:
    rule = {"source": {"notSelector": "a == '1'"}}
    stranger = TCP._replace(source="8.8.8.8")
    assert decide(rule, stranger, None)
    assert not decide(rule, stranger, "red")
    assert decide(rule, TCP._replace(source="10.0.0.2"), "blue")


def test_a_named_port_is_one_of_the_endpoints_that_the_selector_names() -> None:
    rule = {"protocol": "TCP", "source": {"notPorts": ["web"], "nets": ["10.0.0.0/8"], "selector": "has(b)"}}
    twice = Packet("i", "o", "10.0.0.4", "8.8.8.8", 6, 80, 1)
    assert not decide(rule, twice, None)
    shared = [
        {"ns": None, "labels": {"b": "x"}, "ips": ["10.0.0.4"], "port": ("other", "tcp", 80)},
        {"ns": None, "labels": {"c": "x"}, "ips": ["10.0.0.4"], "port": ("web", "tcp", 80)},
    ]
    assert decide(rule, twice, None, build(shared))


def test_an_unknown_port_is_asked_for() -> None:
    (typed,) = rules({"egress": [{"action": "Allow", "protocol": "TCP", "source": {"ports": [80]}}]}, "egress")
    flow = read(TCP._replace(source_port=None))
    doubts = Doubts((True,))
    demand = criteria(typed, 4, INVENTORY, None)
    assert demand is not None
    assert matches(demand, flow, doubts)
    assert doubts.asked == ["the source port of the packet"]


@pytest.mark.parametrize(("protocol", "families"), [("ICMP", {4}), ("ICMPv6", {6}), (1, {4, 6}), (58, {4, 6})])
def test_the_words_for_icmp_mean_an_ip_version_too(protocol: str | int, families: set[int]) -> None:
    (rule,) = rules({"ingress": [{"action": "Allow", "protocol": protocol}]}, "ingress")
    number = PROTOCOLS.get(str(protocol), protocol)
    found = set()
    for family, ends in {4: ("10.0.0.1", "10.0.0.2"), 6: ("fd00::1", "fd00::2")}.items():
        flow = read(Packet("eth0", None, *ends, number, icmp_type=8, icmp_code=0))
        demand = criteria(rule, flow.family, INVENTORY, None)
        found |= {family} if demand is not None and matches(demand, flow, Doubts()) else set()
    assert found == families
