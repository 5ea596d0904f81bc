"""Host endpoints at interfaces that facts do not show, or show without an address."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import find
from manifests import calico, cluster_of

FACTS = """
version: 1
node: storage
interfaces:
  - {name: lo, addresses: [127.0.0.1/8, 10.255.0.1/32], kind: loopback}
  - {name: eth0, addresses: [], master: bond0}
  - {name: bond0, addresses: [], kind: bond}
  - {name: bond0.10, addresses: [10.10.10.21/24, fd00::21/64], kind: vlan}
  - {name: eth2, addresses: [192.0.2.21/24]}
  - {name: eth3}
  - {name: eth4, master: bond0}
  - {name: eth5, master: blue}
  - {name: eth6, master: red}
  - {name: blue, kind: vrf}
  - {name: red}
"""


def told(spec: dict[str, Any], facts: str = FACTS, dataplane: str = "iptables", **felix: object) -> list[str]:
    endpoint = calico("HostEndpoint", "one", {"node": "storage", **spec})
    objects = [endpoint, calico("FelixConfiguration", "default", felix)]
    cluster = cluster_of(objects, Target(dataplane=dataplane), facts=facts, judged=True)
    return [
        one.message.removeprefix('HostEndpoint "one" guards nothing: ') for one in find("absent_interface")(cluster, {})
    ]


@pytest.mark.parametrize(
    ("name", "addresses", "words"),
    [
        ("bond0.11", [], 'node "storage" has no interface "bond0.11", did you mean "bond0.10"'),
        ("enp3s0f1np1", [], 'node "storage" has no interface "enp3s0f1np1"'),
        ("bond0-10", ["10.10.10.21"], 'node "storage" has no interface "bond0-10", and 10.10.10.21 is at "bond0.10"'),
        ("bond0", ["fd00::21"], '"bond0" has no address, and fd00::21 is at "bond0.10"'),
        ("eth0", ["10.10.10.21"], '"eth0" has no address, and 10.10.10.21 is at "bond0.10"'),
        ("eth0", [], '"eth0" is a port of "bond0", by which its packets come in'),
        ("eth4", ["192.0.2.99"], '"eth4" is a port of "bond0", by which its packets come in'),
        ("eth5", [], None),  # of a VRF the ports get their packets themselves
        ("eth6", [], None),  # what its master is, is not known
        ("bond0.10", ["10.10.10.21"], None),
        ("bond0", [], None),
        ("bond0", ["10.255.0.1"], None),  # of the loopback interface, and may be reached by any
        ("eth2", ["10.10.10.21"], None),  # it guards what comes in there
        ("eth3", ["10.10.10.21"], None),  # its addresses are not known
        ("*", ["10.10.10.21"], None),
        ("lo", ["10.10.10.21"], None),
        ("cali0123456789a", [], None),
    ],
)
def test_interfaces_that_facts_do_not_show(name: str, addresses: list[str], words: str | None) -> None:
    assert told({"interfaceName": name, "expectedIPs": addresses}) == ([] if words is None else [words])


def test_without_facts_nothing_is_known() -> None:
    absent = {"interfaceName": "eth9"}
    assert told(absent) != []
    assert told(absent, "version: 1\nnode: storage\n") == []
    assert told(absent, FACTS.replace("node: storage", "node: other")) == []
    assert told({"expectedIPs": ["10.10.10.22"]}) == []


def test_ebpf_sees_packets_at_the_ports_of_a_bond() -> None:
    port = {"interfaceName": "eth0", "expectedIPs": ["10.10.10.21"]}
    assert (told(port) != [], told(port, dataplane="ebpf")) == (True, [])
    assert told({"interfaceName": "eth9"}, dataplane="ebpf") != []
    assert told({"interfaceName": "eth4"}, dataplane="ebpf") == []
    assert (told(port, bpfEnabled=False) != [], told(port, bpfEnabled="${BPF}")) == (True, [])


CARDS = """
version: 1
node: a
interfaces: [{name: ens18, addresses: [10.1.1.10/24]}, {name: wg0}]
---
version: 1
node: b
interfaces: [{name: ens19, addresses: [10.1.1.11/24]}]
"""


def node(name: str, *, printed: bool = True) -> dict[str, Any]:
    uid = {"uid": name} if printed else {}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"name": name}, **uid}}


def made(template: dict[str, Any], *nodes: dict[str, Any], facts: str = CARDS) -> list[tuple[Any, ...]]:
    settings = {"autoCreate": "Enabled", "templates": [{"generateName": "one", **template}]}
    whole = {"controllers": {"node": {"hostEndpoint": settings}}}
    objects = [calico("KubeControllersConfiguration", "default", whole), *(nodes or (node("a"), node("b")))]
    return [one.path[-2:] for one in find("absent_interface")(cluster_of(objects, facts=facts), {})]


@pytest.mark.parametrize(
    ("template", "field"),
    [
        ({"interfacePattern": "^eth"}, "interfacePattern"),
        ({"interfacePattern": "^ens", "interfaceCIDRs": ["10.1.2.0/24"]}, "interfacePattern"),
        ({"interfaceCIDRs": ["10.1.2.0/24"], "nodeSelector": "name == 'b'"}, "interfaceCIDRs"),
        ({"interfacePattern": "^ens", "nodeSelector": "has(other)"}, "nodeSelector"),
        ({"interfacePattern": "^ens18$", "nodeSelector": "name == 'b'"}, "interfacePattern"),
        ({"interfacePattern": "^ens19$"}, None),
        ({"interfacePattern": "wg0"}, None),
        ({"interfacePattern": "wg0", "interfaceCIDRs": ["10.1.2.0/24"]}, None),  # its addresses are not known
        ({"interfaceCIDRs": ["10.1.2.0/24"]}, None),
        ({"interfacePattern": "^ens", "interfaceCIDRs": ["10.1.1.11/32"]}, None),
        ({"interfacePattern": "^ens18$", "nodeSelector": "name == 'a'"}, None),
        ({"interfacePattern": "["}, None),
    ],
)
def test_templates_of_which_nothing_is_made(template: dict[str, Any], field: str | None) -> None:
    assert made(template) == ([] if field is None else [(0, field)])


def test_of_all_nodes_the_facts_must_be_known() -> None:
    template = {"interfacePattern": "^eth"}
    assert made(template, node("a"), node("b"), node("c")) == []
    assert made(template, node("a", printed=False), node("b")) == []
    assert made({**template, "nodeSelector": "name in {'a', 'b'}"}, node("a"), node("b"), node("c")) != []
