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
    assert (told(port, bpfEnabled=False) != [], told(port, bpfEnabled="${BPF}")) == (True, [])
