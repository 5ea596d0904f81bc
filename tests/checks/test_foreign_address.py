"""Endpoints with the address of another node: what is surely a copy, and what moves between nodes."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import find
from manifests import calico, cluster_of


def node(name: str, *addresses: str, kind: str = "InternalIP") -> dict[str, Any]:
    status = {"addresses": [{"type": kind, "address": one} for one in addresses]}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status}


def endpoint(*addresses: str, node: str = "cellar", interface: str = "eth0") -> dict[str, Any]:
    return calico("HostEndpoint", "x", {"node": node, "interfaceName": interface, "expectedIPs": list(addresses)})


ATTIC, CELLAR = node("attic", "10.0.0.11", "fd00::11"), node("cellar", "10.0.0.12", "fd00::12")


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([ATTIC, CELLAR, endpoint("10.0.0.11")], [0]),
        ([ATTIC, CELLAR, endpoint("192.0.2.9", "fd00::11")], [1]),
        ([ATTIC, CELLAR, endpoint("10.0.0.11", interface="*")], [0]),
        ([ATTIC, CELLAR, endpoint("10.0.0.12")], []),
        ([ATTIC, CELLAR, endpoint("10.0.0.12", "10.0.0.11")], []),  # it may move from one to the other
        ([ATTIC, CELLAR, endpoint("192.0.2.9")], []),
        ([ATTIC, endpoint("10.0.0.11")], []),  # the node's own address is not known
        ([ATTIC, CELLAR, endpoint("10.0.0.11", node="loft")], []),
        ([ATTIC, node("cellar", "fd00::12"), endpoint("10.0.0.11")], []),
        ([node("attic", "10.0.0.11", "10.0.0.10"), CELLAR, endpoint("10.0.0.10")], []),  # of two, one may move
        ([node("attic", "10.0.0.11", kind="ExternalIP"), CELLAR, endpoint("10.0.0.11")], []),
        ([ATTIC, node("cellar", "10.0.0.11"), endpoint("10.0.0.11")], []),
        ([ATTIC, CELLAR, node("loft", "10.0.0.11"), endpoint("10.0.0.11")], []),  # nobody knows whose it is
        ([ATTIC, CELLAR, endpoint("${ADDRESS}", "10.0.0.11")], []),
    ],
)
def test_addresses_of_other_nodes(objects: list[dict[str, Any]], told: list[int]) -> None:
    found = list(find("foreign_address")(cluster_of(objects), {}))
    assert [one.path for one in found] == [("spec", "expectedIPs", index) for index in told]


def test_what_the_node_itself_shows() -> None:
    """It has the address, whatever Kubernetes knows another by."""
    annotations = {"projectcalico.org/IPv4Address": "10.0.0.11/24"}
    moved = {**CELLAR, "metadata": {"name": "cellar", "annotations": annotations}}
    assert not list(find("foreign_address")(cluster_of([ATTIC, moved, endpoint("10.0.0.11")]), {}))
    for name in ("eth0", "lo"):
        facts = f"version: 1\nnode: cellar\ninterfaces: [{{name: {name}, addresses: [10.0.0.11/24]}}]"
        assert not list(find("foreign_address")(cluster_of([ATTIC, CELLAR, endpoint("10.0.0.11")], facts=facts), {}))


@pytest.mark.parametrize(
    ("there", "here", "listed", "own"),
    [
        ("10.1.0.2/24", "10.1.0.3/24", "10.1.0.2", "10.1.0.3"),
        ("10.1.0.2/24, 'fe80::2/64'", "10.1.0.3/24, 'fe80::3/64'", "10.1.0.2", "10.1.0.3"),
        ("10.1.0.2/24, 'fd00::2/64'", "10.1.0.3/24, 'fd00::3/64'", "fd00::2", "fd00::3"),
        ("10.1.0.2/24, 10.1.0.1/32", "10.1.0.3/24", "10.1.0.1", None),  # of two, one may move
        ("10.1.0.2/24, 10.1.0.1/32", "10.1.0.3/24", "10.1.0.2", None),
        ("10.1.0.2/24", "10.1.0.3/24, 10.1.0.2/32", "10.1.0.2", None),
        ("10.1.0.2/24", "'fd00::3/64'", "10.1.0.2", None),
        ("'fe80::2/64'", "'fe80::3/64'", "fe80::2", None),  # anybody may have it
        ("10.1.0.2/24", "", "10.1.0.2", None),
    ],
)
def test_addresses_of_interfaces(there: str, here: str, listed: str, own: str | None) -> None:
    """Kubernetes knows the nodes by none of them."""
    facts = "---\n".join(
        f"version: 1\nnode: {name}\ninterfaces: [{{name: wg0, addresses: [{addresses}]}}]\n"
        for name, addresses in (("attic", there), ("cellar", here))
    )
    copied = endpoint(listed, interface="wg0")
    found = list(find("foreign_address")(cluster_of([ATTIC, CELLAR, copied], facts=facts), {}))
    told = [one.message.partition(" none of its own, which is ")[2].partition(": ")[0] for one in found]
    assert told == ([] if own is None else [own])


LISTED = endpoint("10.244.3.1", "10.0.0.11", interface="*")
"""Of which one address may be the node's own, and then the other may move between nodes."""


@pytest.mark.parametrize("tunnel", ["IPv4IPIPTunnelAddr", "IPv4VXLANTunnelAddr", "IPv4WireguardInterfaceAddr"])
def test_an_address_of_a_tunnel_is_one_of_its_own(tunnel: str) -> None:
    annotations = {f"projectcalico.org/{tunnel}": "10.244.3.1"}
    tunnelled = {**CELLAR, "metadata": {"name": "cellar", "annotations": annotations}}
    assert not list(find("foreign_address")(cluster_of([ATTIC, tunnelled, LISTED]), {}))


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"bgp": {"ipv4IPIPTunnelAddr": "10.244.3.1"}}, False),
        ({"ipv4VXLANTunnelAddr": "10.244.3.1"}, False),
        ({"wireguard": {"interfaceIPv4Address": "10.244.3.1"}}, False),
        ({"ipv4VXLANTunnelAddr": "10.244.3.2"}, True),
    ],
)
def test_tunnels_of_calicos_own_nodes(spec: dict[str, Any], told: bool) -> None:
    objects = [ATTIC, CELLAR, calico("Node", "cellar", spec), LISTED]
    assert bool(list(find("foreign_address")(cluster_of(objects), {}))) is told
