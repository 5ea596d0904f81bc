"""Pools of an operator's Installation, as the operator makes IPPools of them."""

from __future__ import annotations

import pytest

from callint.objects import Cluster
from manifests import calico, cluster_of, installation


def modes(cluster: Cluster) -> tuple[str, str]:
    (pool,) = cluster.pools
    return pool.ipip_mode, pool.vxlan_mode


def test_defaults_are_the_operators() -> None:
    four, six = cluster_of([installation({"cidr": "10.1.0.0/16"}, {"cidr": "fd00::/48"})]).pools
    assert (four.name, four.nat_outgoing, four.ipip_mode, four.vxlan_mode) == (
        "default-ipv4-ippool",
        True,
        "Always",
        "Never",
    )
    assert (six.name, six.nat_outgoing, six.ipip_mode, six.vxlan_mode) == (
        "default-ipv6-ippool",
        False,
        "Never",
        "Never",
    )
    assert four.node_selector == "all()"
    assert four.allowed_uses == ("Workload", "Tunnel")
    assert not four.disabled
    assert not four.disable_bgp_export


@pytest.mark.parametrize(
    ("encapsulation", "expected"),
    [
        ("None", ("Never", "Never")),
        ("IPIP", ("Always", "Never")),
        ("IPIPCrossSubnet", ("CrossSubnet", "Never")),
        ("VXLAN", ("Never", "Always")),
        ("VXLANCrossSubnet", ("Never", "CrossSubnet")),
    ],
)
def test_encapsulation(encapsulation: str, expected: tuple[str, str]) -> None:
    cluster = cluster_of([installation({"cidr": "10.1.0.0/16", "encapsulation": encapsulation})])
    assert modes(cluster) == expected
    assert not cluster.pools[0].unreadable


@pytest.mark.parametrize("word", ["vxlan", ["VXLAN"], "${MODE}"])
def test_unknown_encapsulation_is_not_taken_for_none(word: object) -> None:
    (pool,) = cluster_of([installation({"cidr": "10.1.0.0/16", "encapsulation": word})]).pools
    assert pool.unreadable
    assert (pool.ipip_mode, pool.vxlan_mode) != ("Never", "Never")


def test_another_cni_plugin_has_no_tunnels() -> None:
    assert modes(cluster_of([installation({"cidr": "10.1.0.0/16"}, cni={"type": "AmazonVPC"})])) == ("Never", "Never")


def test_one_network_is_one_pool() -> None:
    own = calico("IPPool", "mine", {"cidr": "10.1.0.0/16", "vxlanMode": "Always"})
    (pool,) = cluster_of([installation({"cidr": "10.1.0.0/16"}), own]).pools
    assert pool.name == "mine"


def test_of_an_installation_defined_twice_the_last_counts() -> None:
    twice = cluster_of([installation({"cidr": "10.1.0.0/16"}), installation({"cidr": "10.2.0.0/16"})])
    assert [pool.cidr for pool in twice.pools] == ["10.2.0.0/16"]


@pytest.mark.parametrize("pools", [[], ["10.1.0.0/16"], [None]])
def test_what_is_no_pool_is_none(pools: list[object]) -> None:
    assert cluster_of([installation(*pools)]).pools == ()


def test_places_are_in_the_installation() -> None:
    (pool,) = cluster_of([installation({"cidr": "10.1.0.0/16", "encapsulation": "VXLAN"})]).pools
    assert pool.path("cidr") == ("spec", "calicoNetwork", "ipPools", 0, "cidr")
    assert pool.path("vxlanMode")[-1] == "encapsulation"
    assert pool.span("cidr") == pool.resource.span("spec", "calicoNetwork", "ipPools", 0, "cidr")
