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
