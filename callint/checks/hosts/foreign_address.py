"""Host endpoints that list the address of another node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach
from callint.finding import Related, witness
from callint.net.address import FAMILIES, Address, Family
from callint.net.read import address
from callint.objects import Cluster
from callint.objects.endpoint import HostEndpoint
from callint.objects.node import Node
from callint.policy.nodes import all_addresses
from callint.source import placeholder

_INTERNAL = "InternalIP"


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Addresses in `expectedIPs` by which Kubernetes knows another node, on endpoints that list none of their own node.

    Both nodes have one such address of the family: what moves between nodes is beside it, or beside the node's own.
    """
    endpoints = [one for one in cluster.host_endpoints if one.expected_ips and _readable(one)]
    if not endpoints or len(cluster.nodes) < 2:
        return
    internal = {node.name: _internal(node) for node in cluster.nodes.values()}
    owners: dict[Address, list[str]] = {}
    for name, families in internal.items():
        for found in families.values():
            owners.setdefault(found, []).append(name)
    for endpoint in endpoints:
        listed = [address(text) for text in endpoint.expected_ips]
        if None in listed or endpoint.node not in cluster.nodes:
            continue
        if not _own(cluster, endpoint.node).isdisjoint(listed):
            continue
        for index, one in enumerate(listed):
            owner = owners.get(one, []) if one is not None else []
            own = internal.get(endpoint.node, {}).get(one.family) if one is not None else None
            if len(owner) == 1 and own is not None:
                yield _breach(cluster, endpoint, index, owner[0], str(own))


def _readable(endpoint: HostEndpoint) -> bool:
    return endpoint.resource.legible and placeholder(endpoint.node) is None


def _own(cluster: Cluster, node: str) -> set[Address | None]:
    """Every address of a node, those of its loopback interface too."""
    facts = cluster.facts.get(node)
    shown = (one.bare for _, one in (facts.addresses if facts else ()))
    return {*all_addresses(cluster, node), *shown}


def _internal(node: Node) -> dict[Family, Address]:
    """The only internal address of a node of each family, if there is just one."""
    found = {one for kind, text in node.addresses if kind == _INTERNAL and (one := address(text)) is not None}
    several = {family: [one for one in found if one.family == family] for family in FAMILIES}
    return {family: ones[0] for family, ones in several.items() if len(ones) == 1}


def _breach(cluster: Cluster, endpoint: HostEndpoint, index: int, owner: str, own: str) -> Breach:
    path = ("spec", "expectedIPs", index)
    text = endpoint.expected_ips[index]
    there = cluster.nodes[owner].resources[0]
    return Breach.at(
        endpoint.resource,
        path,
        f'HostEndpoint "{endpoint.name}" of node "{endpoint.node}" lists {text}, the address of node "{owner}", and '
        f"none of its own, which is {own}: rules that select it match the packets of the other node",
        (Related(there.span("metadata", "name"), "the node of this address"),),
        witness("address", address=text, node=owner, endpoint=endpoint.name),
    )
