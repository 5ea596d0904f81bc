"""Addresses that nodes announce one by one for Services, most of which no manifest of the network holds."""

from __future__ import annotations

from typing import Any

import pytest

from callint.objects import Intent
from manifests import calico, cluster_of
from shipped_rules import told_by

LISTED = [{"cidr": "192.0.2.128/25"}]
NODE = calico("Node", "edge", {"bgp": {"ipv4Address": "10.0.0.5/24"}})
FACTS = """
version: 1
node: edge
interfaces: [{name: eth0, addresses: [10.0.0.5/24]}]
routes: [{to: default, via: 10.0.0.1, interface: eth0}]
"""


def service(address: str, **spec: Any) -> dict[str, Any]:
    about: dict[str, Any] = {"type": "LoadBalancer", "externalIPs": [address], "ports": [{"port": 443}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "web"}, "spec": about}


def found(network: str, *objects: dict[str, Any], complete: bool = False, **lists: Any) -> list[str]:
    """Which of BGP003 and BGP020 say that no node has a route in a network that a filter lets out, and is tagged."""
    out = {
        "action": "Accept",
        "matchOperator": "In",
        "cidr": network,
        "operations": [{"addCommunity": {"value": "1:1"}}],
    }
    tagged = [{"cidr": network, "communities": ["1:1"]}]
    cluster = cluster_of(
        [
            NODE,
            calico("IPPool", "pods", {"cidr": "10.42.0.0/16"}),
            calico("BGPConfiguration", "default", {"prefixAdvertisements": tagged, **lists}),
            calico("BGPFilter", "tor", {"exportV4": [out, {"action": "Reject"}]}),
            calico("BGPPeer", "tor", {"peerIP": "10.0.0.254", "asNumber": 65000, "filters": ["tor"]}),
            *objects,
        ],
        facts=FACTS,
        intent=Intent(complete=("Service",) if complete else ()),
    )
    return [rule for rule in ("BGP003", "BGP020") if told_by(cluster, rule)]


@pytest.mark.parametrize(
    ("network", "lists"),
    [
        ("192.0.2.130/32", {"serviceLoadBalancerIPs": LISTED}),
        ("192.0.2.130/32", {"serviceExternalIPs": LISTED}),
        ("192.0.2.130/32", {"serviceClusterIPs": LISTED}),
        ("192.0.2.128/25", {"serviceLoadBalancerIPs": LISTED, "serviceLoadBalancerAggregation": "Disabled"}),
        ("192.0.2.130/32", {"serviceExternalIPs": [{"cidr": "192.0.2.130/32"}]}),
    ],
)
def test_a_service_that_no_manifest_holds_may_have_an_address(network: str, lists: dict[str, Any]) -> None:
    assert found(network, **lists) == []
    assert found(network, complete=True, **lists) == ["BGP003", "BGP020"]


@pytest.mark.parametrize("network", ["192.0.2.1/32", "192.0.2.0/25", "198.51.100.0/24"])
def test_outside_of_the_ranges_nobody_has_one(network: str) -> None:
    assert found(network, serviceLoadBalancerIPs=LISTED) == ["BGP003", "BGP020"]


def test_an_address_that_a_service_has_is_no_other_ones() -> None:
    """One of a policy for the whole cluster is announced with its range alone."""
    range_alone = {"serviceExternalIPs": LISTED}
    assert found("192.0.2.130/32", service("192.0.2.130"), **range_alone) == ["BGP003", "BGP020"]
    local = service("192.0.2.130", externalTrafficPolicy="Local")
    assert found("192.0.2.130/32", local, **range_alone) == []
