"""Networks that a pool is to masquerade, and of which policy lets nothing out."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import Breach, find
from manifests import calico, cluster_of

POOL = calico("IPPool", "lan", {"cidr": "10.0.0.0/16", "disabled": True, "natOutgoing": True})
FACTS = """
version: 1
node: router
forwarding: true
interfaces:
  - {name: lan0, addresses: [10.0.0.1/24, "fd00::1/64"]}
  - {name: wan0, addresses: [192.0.2.2/24]}
routes:
  - {to: default, via: 192.0.2.1, interface: wan0}
"""
GUESTS = FACTS.replace("  - {name: wan0", "  - {name: guests0, addresses: [10.0.9.1/24]}\n  - {name: wan0")
LTE = FACTS.replace("  - {name: wan0", "  - {name: lte0, addresses: [198.51.100.2/24]}\n  - {name: wan0")
ALLOW = [{"action": "Allow"}]


def endpoint(interface: str) -> dict[str, Any]:
    spec = {"node": "router", "interfaceName": interface}
    return calico("HostEndpoint", interface, spec, labels={"at": interface})


def policy(interface: str, *, ingress: object = ALLOW, egress: object = ALLOW, **more: object) -> dict[str, Any]:
    spec = {"selector": f"at == '{interface}'", "applyOnForward": True, "types": ["Ingress", "Egress"], **more}
    return calico("GlobalNetworkPolicy", interface, {**spec, "ingress": ingress, "egress": egress})


def told(*objects: Any, facts: str = FACTS, pool: dict[str, Any] = POOL) -> list[Breach]:
    ends = [endpoint(one) for one in ("lan0", "guests0", "wan0", "lte0")]
    return list(find("kept_in")(cluster_of([pool, *ends, *objects], facts=facts), {}))


CLOSED = policy("wan0", egress=[])
LAN = policy("lan0")


@pytest.mark.parametrize(
    ("objects", "name"),
    [
        ([LAN, CLOSED], "wan0"),
        ([LAN, policy("wan0", egress=[{"action": "Allow", "protocol": "ICMP"}])], "wan0"),
        ([LAN, policy("wan0", egress=[{"action": "Allow", "source": {"nets": ["192.0.2.2/32"]}}])], "wan0"),
        ([LAN, policy("wan0", egress=[{"action": "Deny", "source": {"nets": ["10.0.0.0/8"]}}, *ALLOW])], "wan0"),
        ([policy("lan0", ingress=[{"action": "Allow", "destination": {"nets": ["10.0.0.0/8"]}}])], "lan0"),
        ([LAN, policy("wan0", egress=[{"action": "Allow", "protocol": "TCP", "destination": {"ports": [443]}}])], ""),
        ([LAN, policy("wan0", egress=[{"action": "Allow", "source": {"nets": ["10.0.0.7/32"]}}])], ""),
        ([LAN, policy("wan0", egress=[], types=["Ingress"])], ""),
        ([LAN, policy("wan0", egress=[], applyOnForward=False)], ""),
        ([LAN], ""),
    ],
)
def test_nothing_gets_out(objects: list[dict[str, Any]], name: str) -> None:
    assert [one.object.name if one.object else "" for one in told(*objects)] == ([name] if name else [])


def test_what_the_message_says() -> None:
    (found,) = told(LAN, CLOSED)
    assert found.message == (
        'nothing that 10.0.0.0/24 behind "lan0" of node "router" sends by TCP or UDP gets out by "wan0", though IPPool '
        '"lan" is to masquerade it: it is dropped by the end of tier "default"'
    )
    assert found.path == ("spec", "egress")


def test_one_network_of_the_pool_that_gets_out_is_enough() -> None:
    shut = policy("guests0", ingress=[])
    assert told(LAN, shut, facts=GUESTS) == []
    (found,) = told(policy("lan0", ingress=[]), shut, facts=GUESTS)
    assert found.message.endswith(", and so it is with 1 other")


def test_one_way_out_is_enough() -> None:
    two = LTE + "  - {to: default, via: 198.51.100.1, interface: lte0}\n"
    assert told(LAN, CLOSED, facts=two) == []
    assert len(told(LAN, CLOSED, policy("lte0", egress=[]), facts=two)) == 1


VPN = """  - {to: 0.0.0.0/1, via: 10.8.0.1, interface: tun0}
  - {to: 128.0.0.0/1, via: 10.8.0.1, interface: tun0}
"""
OWN_TABLE = "  - {to: default, interface: tun0, table: '51820'}\n"


@pytest.mark.parametrize("routes", [VPN, OWN_TABLE])
def test_what_leaves_by_a_vpn_alone(routes: str) -> None:
    tunnel = FACTS.replace("  - {name: wan0", "  - {name: tun0, addresses: [10.8.0.2/24]}\n  - {name: wan0")
    assert told(LAN, CLOSED, facts=tunnel + routes) == []
    assert len(told(LAN, CLOSED, facts=tunnel + "  - {to: 10.9.0.0/24, via: 10.8.0.1, interface: tun0}\n")) == 1


def test_what_is_let_out_to_a_company_around() -> None:
    proxy = policy("wan0", egress=[{"action": "Allow", "destination": {"nets": ["10.1.0.0/16", "192.168.4.0/24"]}}])
    inside = FACTS.replace("192.0.2.2/24", "192.168.4.2/24")
    assert told(LAN, proxy, facts=inside) == []
    assert len(told(LAN, proxy)) == 1
    link = policy("wan0", egress=[{"action": "Allow", "destination": {"nets": ["192.168.4.0/24"]}}])
    assert len(told(LAN, link, facts=inside)) == 1


def test_networks_of_the_pool_behind_another_router() -> None:
    behind = policy("wan0", egress=[{"action": "Allow", "source": {"nets": ["10.0.7.0/24"]}}])
    assert told(LAN, behind) == []


@pytest.mark.parametrize(
    "facts",
    [
        FACTS.replace("interface: wan0", "metric: 5"),  # by which interface is not said
        FACTS.replace("to: default, via: 192.0.2.1", "to: 10.0.0.0/8"),
        FACTS.replace("forwarding: true", "forwarding: false"),
        FACTS.replace("10.0.0.1/24", "10.9.0.1/24"),
        "version: 1\nnode: router\n",
    ],
)
def test_what_facts_do_not_show(facts: str) -> None:
    assert told(LAN, CLOSED, facts=facts) == []


@pytest.mark.parametrize(
    "changed", [{"natOutgoing": False}, {"disabled": False}, {"cidr": "fd00::/48"}, {"cidr": "0.0.0.0/0"}]
)
def test_other_pools(changed: dict[str, Any]) -> None:
    assert told(LAN, CLOSED, pool=calico("IPPool", "lan", {**POOL["spec"], **changed})) == []


def test_thousands_of_interfaces_with_as_many_ways() -> None:
    inner = "".join(f"  - {{name: e{n}, addresses: [10.0.{n // 256}.{n % 256}/32]}}\n" for n in range(600))
    outer = "".join(f"  - {{to: 20.0.{n // 256}.{n % 256}/32, interface: o{n}}}\n" for n in range(600))
    (found,) = told(LAN, CLOSED, facts=FACTS.replace("routes:\n", f"{inner}routes:\n{outer}"))
    assert "1,000,000 comparisons of networks to masquerade with ways to the Internet" in found.message
