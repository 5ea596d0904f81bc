"""The pools that calico-node makes as it starts, as its environment tells them."""

from __future__ import annotations

from typing import Any

import pytest

from callint.objects.first_pools import pools_from_start
from manifests import BACKEND_ELSEWHERE, calico, calico_node, cluster_of

CIDR = {"CALICO_IPV4POOL_CIDR": "10.244.0.0/16"}


def test_a_pool_of_each_family_with_the_places_of_its_fields() -> None:
    variables = {**CIDR, "CALICO_IPV4POOL_IPIP": "cross-subnet", "CALICO_IPV6POOL_CIDR": "fd00::/48"}
    four, six = pools_from_start(cluster_of([calico_node(**variables)]))
    assert (four.name, four.cidr, four.ipip_mode, four.vxlan_mode) == (
        "default-ipv4-ippool",
        "10.244.0.0/16",
        "CrossSubnet",
        "Never",
    )
    assert four.legible
    assert (four.nat_outgoing, six.nat_outgoing) == (True, False)
    assert [fields.path("ipipMode")[-2] for fields in (four, six)] == [1, 2]


@pytest.mark.parametrize(
    "variables",
    [
        {"CALICO_IPV4POOL_IPIP": "Always"},  # kubeadm may have been told the network
        {**CIDR, "NO_DEFAULT_POOLS": "true"},
        {**CIDR, "NO_DEFAULT_POOLS": BACKEND_ELSEWHERE},
        {"CALICO_IPV4POOL_CIDR": "${PODS}"},
    ],
)
def test_none_is_known(variables: dict[str, Any]) -> None:
    assert not pools_from_start(cluster_of([calico_node(**variables)]))


def test_where_pools_are_written_down_none_is_made() -> None:
    (pool,) = pools_from_start(cluster_of([calico_node(**CIDR), calico("IPPool", "pods", {"cidr": "10.1.0.0/16"})]))
    assert pool.cidr == "10.1.0.0/16"


def test_a_pool_is_for_the_nodes_that_the_environment_selects() -> None:
    chosen = {"CALICO_IPV4POOL_NODE_SELECTOR": "!all()", "CALICO_IPV6POOL_NODE_SELECTOR": ""}
    both = pools_from_start(cluster_of([calico_node(**CIDR, CALICO_IPV6POOL_CIDR="fd00::/48", **chosen)]))
    assert [pool.node_selector for pool in both] == ["!all()", "all()"]


@pytest.mark.parametrize(
    "name", ["CALICO_IPV4POOL_IPIP", "CALICO_IPV4POOL_NAT_OUTGOING", "CALICO_IPV4POOL_NODE_SELECTOR"]
)
def test_what_comes_from_elsewhere_is_not_read(name: str) -> None:
    (pool,) = pools_from_start(cluster_of([calico_node(**CIDR, **{name: BACKEND_ELSEWHERE})]))
    assert not pool.legible
