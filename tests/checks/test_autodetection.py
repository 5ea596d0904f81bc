"""What calico-node is told to look for, and nodes that have nothing of the kind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from callint.checks import Breach, find
from manifests import BACKEND_ELSEWHERE, calico, calico_node, cluster_of, installation

INTERFACES = {
    "lo": ["127.0.0.1/8", "::1/128"],
    "ens192": ["10.0.0.2/24", "fd00::2/64"],
    "eth9": ["169.254.7.7/16", "fe80::7/64"],
}


def facts(name: str = "one", interfaces: dict[str, list[str] | None] | None = None) -> str:
    lines = ["version: 1", f"node: {name}", "interfaces:"]
    for interface, addresses in (INTERFACES if interfaces is None else interfaces).items():
        given = "" if addresses is None else f", addresses: {json.dumps(addresses)}"
        lines.append(f"  - {{name: {interface}{given}}}")
    return "\n".join(lines) + "\n"


def detecting(family: int = 4, **method: Any) -> dict[str, Any]:
    return installation(calicoNetwork={f"nodeAddressAutodetectionV{family}": method})


def told(*objects: Any, about: str | None = None, problem: str = "missing") -> list[Breach]:
    cluster = cluster_of(objects, facts=facts() if about is None else about)
    return list(find("autodetection")(cluster, {"problem": problem}))


METHODS: list[tuple[int, str, list[str], int]] = [
    (4, "interface", ["ens192"], 0),
    (4, "interface", ["ens.*"], 0),
    (4, "interface", ["s19"], 0),
    (4, "interface", ["^s19"], 1),
    (4, "interface", ["eth0", " ens192"], 0),
    (4, "interface", ["eth0"], 1),
    (4, "interface", ["eth.*"], 1),
    (6, "interface", ["ens192"], 0),
    (6, "interface", ["eth9"], 1),
    (4, "interface", ["lo"], 1),
    (6, "interface", ["lo"], 1),
    (4, "cidr", ["127.0.0.0/8", "169.254.0.0/16"], 1),
    (6, "cidr", ["::/0"], 0),
    (6, "cidr", ["::1/128", "fe80::/10"], 1),
    (4, "interface", ["("], 0),
    (4, "cidr", ["10.0.0.0/8"], 0),
    (4, "cidr", ["192.168.0.0/16"], 1),
    (4, "cidr", ["192.168.0.0/16", "10.0.0.0/24"], 0),
    (4, "skip-interface", ["eth.*"], 0),
    (4, "skip-interface", ["ens.*"], 1),
    (4, "skip-interface", ["^s19"], 0),
    (6, "skip-interface", ["s19"], 1),
    (4, "skip-interface", ["("], 0),
    (6, "cidr", ["fd00::/48"], 0),
    (6, "cidr", ["fd01::/48"], 1),
    (4, "cidr", ["ten/8"], 0),
]


@pytest.mark.parametrize(("family", "kind", "texts", "count"), METHODS)
def test_a_method_against_the_interfaces_of_a_node(family: int, kind: str, texts: list[str], count: int) -> None:
    named = {"interface": "interface", "skip-interface": "skipInterface"}
    by_operator: dict[str, Any] = {named[kind]: ",".join(texts)} if kind in named else {"cidrs": texts}
    name = "IP" if family == 4 else "IP6"
    by_hand = {name: "autodetect", f"{name}_AUTODETECTION_METHOD": f"{kind}={','.join(texts)}"}
    assert len(told(detecting(family, **by_operator))) == count
    assert len(told(calico_node(**by_hand))) == count


@pytest.mark.parametrize("method", [{"firstFound": True}, {"kubernetes": "NodeInternalIP"}, {"canReach": "8.8.8.8"}])
def test_other_methods_are_not_judged(method: dict[str, Any]) -> None:
    assert told(detecting(**method)) == []


@pytest.mark.parametrize("ip", ["none", "10.0.0.2", ""])
def test_an_address_that_is_given_is_not_looked_for(ip: str) -> None:
    assert told(calico_node(IP=ip, IP_AUTODETECTION_METHOD="interface=eth0")) == []
    assert told(calico_node(IP_AUTODETECTION_METHOD="interface=eth0")) == []


@pytest.mark.parametrize("pattern", ["${INTERFACE}", "wan.*,{{ interface }}", "{{ first, second }}"])
def test_what_a_variable_stands_for_is_not_known(pattern: str) -> None:
    for method in (
        detecting(interface=pattern),
        calico_node(IP="autodetect", IP_AUTODETECTION_METHOD=f"interface={pattern}"),
    ):
        assert told(method, about=facts(interfaces={"eth0": ["10.0.0.1/24"]})) == []
        assert told(method, node("10.0.0.1/24"), about=facts(interfaces=dict(ROUTER)), problem="replaced") == []


def test_an_address_that_the_node_has_already_is_kept() -> None:
    assert told(detecting(interface="eth0"), node("10.0.0.1/24")) == []
    assert len(told(detecting(6, interface="eth0"), node("10.0.0.1/24"))) == 1
    assert len(told(detecting(interface="eth0"), node(""))) == 1


def test_addresses_that_facts_do_not_tell_may_be_there() -> None:
    unknown = facts(interfaces={"eth0": None})
    assert told(detecting(interface="eth0"), about=unknown) == []
    assert told(detecting(cidrs=["10.0.0.0/8"]), about=unknown) == []
    assert len(told(detecting(interface="eth1"), about=unknown)) == 1
    assert told(detecting(interface="eth0"), about="version: 1\nnode: one\n") == []


def test_nodes_without_are_told_of_together() -> None:
    several = "---\n".join(facts(name) for name in ("one", "two")) + "---\n" + facts("three", {"eth0": ["10.0.0.3/24"]})
    found = told(detecting(interface="eth0"), about=several)
    assert [(one.witness.as_dict()["node"] if one.witness else "", len(one.related)) for one in found] == [("one", 2)]
    assert "and 1 more" in found[0].message


ROUTES = """routes:
  - {to: default, via: 192.168.0.1, interface: wan0}
  - {to: 10.1.0.0/16, via: 10.0.0.9, interface: lan0}
  - {to: 10.2.0.0/16, via: 10.0.0.9, interface: lan0, source: 10.9.9.9}
  - {to: 10.3.0.0/16, type: blackhole}
  - {to: 10.4.0.0/16, interface: two0}
  - {to: 10.5.0.0/16, via: 192.168.0.1, interface: wan0}
  - {to: 10.5.0.0/16, via: 10.0.0.9, interface: lan0}
  - {to: 10.6.0.0/16, via: 192.168.0.1, interface: wan0}
  - {to: 10.6.0.0/16, via: 192.168.0.3, interface: wan0}
  - {to: 10.6.0.0/16, via: 10.0.0.9, interface: lan0, metric: 100}
"""
ROUTER = {
    "lan0": ["10.0.0.1/24"],
    "wan0": ["192.168.0.2/24"],
    "two0": ["10.4.0.1/24", "10.4.1.1/24"],
    "docker0": ["172.17.0.1/16"],
}


def node(address: str, internal: str | None = None) -> dict[str, Any]:
    status = {"addresses": [{"type": "InternalIP", "address": internal}]} if internal else {}
    annotations = {"projectcalico.org/IPv4Address": address}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "one", "annotations": annotations},
        "status": status,
    }


@pytest.mark.parametrize(
    ("field", "value", "kind", "found"),
    [
        ("interface", "wan.*", "interface", "192.168.0.2"),
        ("interface", "wan.*,lan.*", "interface", None),
        ("interface", "eth.*", "interface", None),  # which is told otherwise
        ("skipInterface", "lan.*,two.*", "skip-interface", "192.168.0.2"),
        ("skipInterface", "wan.*", "skip-interface", None),
        ("canReach", "8.8.8.8", "can-reach", "192.168.0.2"),
        ("canReach", "10.1.0.1", "can-reach", None),
        ("canReach", "10.2.0.1", "can-reach", "10.9.9.9"),
        ("canReach", "10.3.0.1", "can-reach", None),
        ("canReach", "10.4.1.9", "can-reach", "10.4.1.1"),
        ("canReach", "10.4.2.1", "can-reach", None),
        ("canReach", "10.5.0.1", "can-reach", None),  # by either
        ("canReach", "10.6.0.1", "can-reach", "192.168.0.2"),
        ("canReach", "example.org", "can-reach", None),
        ("kubernetes", "NodeInternalIP", "kubernetes-internal-ip", "10.0.0.7"),
    ],
)
def test_another_address_than_the_node_is_said_to_have(field: str, value: str, kind: str, found: str | None) -> None:
    written = f"{kind}={value}" if kind != "kubernetes-internal-ip" else kind
    for method in (detecting(**{field: value}), calico_node(IP="autodetect", IP_AUTODETECTION_METHOD=written)):
        about = facts(interfaces=dict(ROUTER)) + ROUTES
        told_here = told(method, node("10.0.0.1/24", "10.0.0.7"), about=about, problem="replaced")
        assert [f"BGP address {found} in place of 10.0.0.1" in one.message for one in told_here] == [True] * bool(found)
        assert told(method, node("none", "10.0.0.7"), about=about, problem="replaced") == []


def test_an_address_that_may_be_found_is_not_written_over() -> None:
    about = facts(interfaces={"lan0": None, "wan0": ["192.168.0.2/24"]})
    assert told(detecting(interface="wan.*,lan.*"), node("10.0.0.1/24"), about=about, problem="replaced") == []
    assert len(told(detecting(interface="wan.*"), node("10.0.0.1/24"), about=about, problem="replaced")) == 1
    assert told(detecting(canReach="8.8.8.8"), node("10.0.0.1/24"), about=about, problem="replaced") == []
    assert told(detecting(kubernetes="NodeInternalIP"), node("10.0.0.1/24"), about=about, problem="replaced") == []
    assert told(calico_node(IP_AUTODETECTION_METHOD="interface=wan.*"), node("10.0.0.1/24"), problem="replaced") == []


SIX = {"CALICO_IPV6POOL_CIDR": "fd00:10::/64"}


def in_both(name: str = "a", six: str | None = None) -> dict[str, Any]:
    return calico(
        "Node", name, {"bgp": {"ipv4Address": f"10.0.0.{ord(name)}/24", **({"ipv6Address": six} if six else {})}}
    )


@pytest.mark.parametrize(
    ("objects", "count"),
    [
        ([calico_node(**SIX)], 1),
        ([calico_node(IP6="none", **SIX)], 1),
        ([calico_node(IP="autodetect"), calico("IPPool", "six", {"cidr": "fd00:10::/64"})], 1),
        ([calico_node(**SIX), in_both("a"), in_both("b")], 1),
        ([calico_node(**SIX), in_both("a")], 0),  # nobody else to hear
        ([calico_node(**SIX), in_both("a"), in_both("b", "fd00::2/64")], 0),
        ([calico_node(IP6="autodetect", **SIX)], 0),
        ([calico_node(IP6="fd00::1", **SIX)], 0),
        ([calico_node(IP6=BACKEND_ELSEWHERE, **SIX)], 0),
        ([calico_node(CALICO_IPV6POOL_VXLAN="Always", **SIX)], 0),
        ([calico_node(CALICO_NETWORKING_BACKEND="none", **SIX)], 0),
        ([calico_node(CALICO_IPV4POOL_CIDR="10.244.0.0/16")], 0),
        ([calico_node(), calico("IPPool", "six", {"cidr": "fd00:10::/64"})], 0),  # nothing of its environment is known
        ([calico_node(IP="autodetect"), calico("IPPool", "six", {"cidr": "fd00:10::/64", "disabled": True})], 0),
        ([calico_node(**SIX), calico("FelixConfiguration", "default", {"programClusterRoutes": "Enabled"})], 0),
        ([calico_node(**SIX), installation()], 0),
        ([calico("IPPool", "six", {"cidr": "fd00:10::/64"})], 0),
    ],
)
def test_pods_of_ipv6_on_nodes_that_look_for_no_address(objects: list[dict[str, Any]], count: int) -> None:
    assert len(told(*objects, problem="family", about="")) == count


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("interface:eth0", ', did you mean "interface=eth0"'),
        ("interface: eth0", ', did you mean "interface=eth0"'),
        ("interfaces=eth.*", ', did you mean "interface=eth.*"'),
        ("can_reach=192.0.2.1", ', did you mean "can-reach=192.0.2.1"'),
        ("cidrs=10.0.0.0/8,10.1.0.0/16", ', did you mean "cidr=10.0.0.0/8,10.1.0.0/16"'),
        ("kubernetes-internal-ips", None),
        ("kubernetes_internal_ip", ', did you mean "kubernetes-internal-ip"'),
        ("first_found", ', did you mean "first-found"'),
        ("eth0", ""),
        ("NodeInternalIP", ""),
        ("interface", ', did you mean "interface="'),
        ("interface=eth0", None),
        ("skip-interface=docker.*", None),
        ("can-reach=www.example.org", None),
        ("kubernetes-internal-ip", None),
        ("first-found", None),
        ("", None),
        ("${METHOD}", None),
        ("$(METHOD)", None),
    ],
)
@pytest.mark.parametrize("name", ["IP", "IP6"])
def test_methods_that_there_are_not(name: str, written: str, meant: str | None) -> None:
    variables = {f"{name}_AUTODETECTION_METHOD": written}
    family = 6 if name == "IP6" else 4
    message = (
        f'calico-node does not start: {name}_AUTODETECTION_METHOD is "{written}", which is no way to find an '
        f"IPv{family} address{meant}"
    )
    found = told(calico_node(**{name: "autodetect"}, **variables), about="version: 1\nnode: one\n")
    assert [one.message for one in found] == ([] if meant is None else [message])
    assert told(calico_node(**variables), about="version: 1\nnode: one\n") == []
