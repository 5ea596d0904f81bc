"""Pools for load balancers against the ranges that nodes announce."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import find
from manifests import calico, cluster_of

CIDR = "192.0.2.128/25"


def pool(**spec: Any) -> dict[str, Any]:
    return calico("IPPool", "lb", {"cidr": CIDR, "allowedUses": ["LoadBalancer"], "nodeSelector": "all()", **spec})


def announcing(*nets: str, field: str = "serviceLoadBalancerIPs") -> dict[str, Any]:
    return calico("BGPConfiguration", "default", {field: [{"cidr": net} for net in nets]})


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([pool(), announcing("192.0.2.0/25")], True),
        ([pool(), announcing("192.0.2.0/25", "192.0.2.128/26")], False),  # part of it
        ([pool(), announcing("192.0.2.0/24")], False),
        ([pool()], False),  # perhaps by other means than BGP
        ([pool(), announcing("203.0.113.0/24", field="serviceExternalIPs")], False),
        ([pool(), announcing("192.0.2.0/24", field="serviceExternalIPs")], True),  # the list of the other kind
        ([pool(disabled=True), announcing("192.0.2.0/25")], False),
        ([pool(allowedUses=["Workload"]), announcing("192.0.2.0/25")], False),
    ],
)
def test_pools_that_no_node_announces(objects: list[dict[str, Any]], told: bool) -> None:
    found = list(find("service_range")(cluster_of(objects), {"problem": "outside"}))
    assert [one.path for one in found] == [("spec", "cidr")] * told


def metallb(kind: str, **spec: Any) -> dict[str, Any]:
    about = {"name": "lb", "namespace": "metallb-system"}
    return {"apiVersion": "metallb.io/v1beta1", "kind": kind, "metadata": about, "spec": spec}


NODE = calico("Node", "a", {"bgp": {"ipv4Address": "192.0.2.130/24"}})


@pytest.mark.parametrize(
    ("addresses", "objects", "told"),
    [
        ([CIDR], [announcing("192.0.2.0/25")], [0]),
        (["192.0.2.140-192.0.2.150"], [announcing("192.0.2.0/25")], [0]),
        (["192.0.2.140 - 192.0.2.150", "203.0.113.8/29"], [announcing("203.0.113.0/24")], [0]),
        (["192.0.2.140-192.0.2.150"], [announcing("192.0.2.128/25")], []),
        (["192.0.2.140-192.0.2.150"], [announcing("192.0.2.144/32")], []),  # part of it
        (["192.0.2.140-192.0.2.150"], [announcing("192.0.2.0/24", field="serviceExternalIPs")], [0]),
        (["192.0.2.140-192.0.2.150"], [], []),  # perhaps by other means than BGP
        ([CIDR], [announcing("198.51.100.0/24"), metallb("L2Advertisement")], []),
        ([CIDR], [announcing("198.51.100.0/24"), metallb("BGPAdvertisement")], []),
        ([CIDR], [announcing("198.51.100.0/24"), NODE], []),  # the nodes answer for it in their own network
        (["nonsense", "192.0.2.1-2001:db8::1"], [announcing("198.51.100.0/24")], []),
    ],
)
def test_ranges_that_metallb_shares_out_and_no_node_announces(
    addresses: list[str], objects: list[dict[str, Any]], told: list[int]
) -> None:
    found = find("service_range")(
        cluster_of([metallb("IPAddressPool", addresses=addresses), *objects]), {"problem": "outside"}
    )
    assert [one.path for one in found] == [("spec", "addresses", index) for index in told]
