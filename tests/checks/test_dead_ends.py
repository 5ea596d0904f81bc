"""Links that hold addresses and have nothing behind them: no packet comes in there, and no policy is missed."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.calico.target import Dataplane
from callint.policy.links import inner_interfaces
from manifests import calico, cluster_of
from shipped_rules import told_by

ALLOWED = ["projectcalico-default-allow"]
ALL = calico("HostEndpoint", "all", {"node": "router", "interfaceName": "*"}, labels={"z": "a"})
LAN = calico("HostEndpoint", "lan", {"node": "router", "interfaceName": "lan0", "profiles": ALLOWED})
CLOSED = calico("GlobalNetworkPolicy", "closed", {"selector": "z == 'a'", "types": ["Ingress"]})
FACTS = """
version: 1
node: router
roles: [router]
interfaces:
  - {name: lan0, addresses: [10.0.0.1/24], forwarding: true}
  - {%s, addresses: [169.254.25.10/32, 'fd00::53/128'], forwarding: true}
routes: [{to: 10.0.0.0/24, interface: lan0, protocol: kernel}]
listening: [{protocol: udp, port: 53, address: 169.254.25.10}]
"""


def told(identifier: str, link: str, *objects: dict[str, Any]) -> bool:
    cluster = cluster_of(objects, facts=FACTS % link)
    name = link.removeprefix("name: ").split(",")[0]
    return any(f'"{name}"' in breach.message for breach in told_by(cluster, identifier))


@pytest.mark.parametrize(
    ("link", "missed"),
    [
        ("name: lan1, kind: bridge", True),
        ("name: lan1, up: true", True),
        ("name: lan1, kind: dummy", False),
        ("name: ifb0, kind: ifb", False),
        ("name: nodelocaldns, up: true", False),
        ("name: dummy0, kind: vlan", True),  # whatever it is called
    ],
)
def test_nothing_comes_in_where_nothing_is_behind(link: str, missed: bool) -> None:
    assert told("HEP001", link, LAN) is missed
    assert told("POL001", link, ALL, CLOSED) is missed
    assert told("POL016", link, ALL, CLOSED) is missed


PORTS = """
version: 1
node: router
roles: [router]
interfaces:
  - {name: lan0, addresses: [10.0.0.1/24], kind: bridge, forwarding: true}
  - {name: port0, addresses: [], master: lan0, forwarding: true}
  - {name: trunk0, addresses: [], forwarding: true}
  - {name: open0, addresses: [10.0.7.1/24], kind: vlan, forwarding: true}
routes: [{to: 10.0.0.0/24, interface: lan0, protocol: kernel}]
listening: [{protocol: udp, port: 53}]
"""


@pytest.mark.parametrize(
    ("dataplane", "covered"),
    [
        ("nftables", {"open0": False, "trunk0": True}),
        ("ebpf", {"open0": False, "trunk0": False, "port0": False, "lan0": False}),
    ],
)
def test_what_has_no_address_is_below_what_has_one(dataplane: Dataplane, covered: dict[str, bool]) -> None:
    """By a port of a bridge the kernel's filter sees nothing come in; of a trunk it is not known."""
    cluster = cluster_of([LAN], facts=PORTS, target=Target(dataplane=dataplane))
    breaches = told_by(cluster, "HEP001")
    assert {one.message.split('"')[1]: one.undecided for one in breaches} == covered


@pytest.mark.parametrize(
    ("master", "link", "undecided"),
    [
        ("kind: bridge", "addresses: ['fe80::fc54:ff:fe00:1/64'], kind: tun, master: up0", None),
        ("kind: bridge", "addresses: [10.0.9.1/24], master: up0", None),
        ("kind: bond", "addresses: ['fe80::1/64'], master: up0", None),
        ("up: true", "addresses: ['fe80::1/64'], master: up0", None),
        ("up: true", "addresses: [10.0.9.1/24, 'fe80::1/64'], master: up0", False),
        ("kind: openvswitch", "addresses: ['fe80::1/64'], master: up0", None),
        ("kind: batadv", "addresses: ['fe80::1/64'], master: up0", None),
        ("kind: vrf", "addresses: ['fe80::1/64'], master: up0", False),
        ("kind: bridge", "addresses: ['fe80::1/64']", False),
        ("kind: bridge", "addresses: [], kind: wireguard", False),
        ("kind: bridge", "addresses: [], kind: vlan", True),
    ],
)
def test_a_bridge_takes_what_its_ports_get(master: str, link: str, undecided: bool | None) -> None:
    """Its ports have addresses of the link all the same, and a WireGuard without addresses is below nothing."""
    links = f"  - {{name: up0, addresses: [10.0.8.1/24], {master}}}\n  - {{name: port0, {link}, forwarding: true}}\n"
    cluster = cluster_of([LAN], facts=f"version: 1\nnode: router\nroles: [router]\ninterfaces:\n{links}")
    found = [one.undecided for one in told_by(cluster, "HEP001")]
    assert found == ([] if undecided is None else [undecided])


def test_nobody_asks_where_no_address_is() -> None:
    cluster = cluster_of([ALL, CLOSED], facts=PORTS)
    assert [one.name for one in inner_interfaces(cluster, cluster.facts["router"])] == ["lan0", "open0"]
