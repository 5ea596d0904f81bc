"""Host endpoints that list the address of another node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach
from callint.facts import Interface
from callint.finding import Related, witness
from callint.net.address import FAMILIES, Address, Family
from callint.net.read import address
from callint.objects import Cluster, Resource
from callint.objects.endpoint import HostEndpoint
from callint.objects.node import Node
from callint.policy.nodes import all_addresses
from callint.source import placeholder

_Where = Resource | Interface


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Addresses in `expectedIPs` of another node, on endpoints that list none of their own node.

    Those by which Kubernetes knows the nodes, or that facts list at interfaces. Both nodes have one such address of the
    family: what moves between nodes is beside it, or beside the node's own.
    """
    endpoints = [one for one in cluster.host_endpoints if one.expected_ips and _readable(one)]
    if not endpoints or len(cluster.nodes) < 2:
        return
    internal = _Places((node.name, node.name, node.resources[0], _internal(node)) for node in cluster.described_nodes)
    at_interfaces = _Places(
        ((facts.node, one.name), facts.node, one, _only(found.bare for found in one.addresses or ()))
        for facts in cluster.facts.values()
        for one in facts.interfaces or ()
    )
    for endpoint in endpoints:
        listed = [address(text) for text in endpoint.expected_ips]
        if None in listed or endpoint.node not in cluster.nodes:
            continue
        if not _own(cluster, endpoint.node).isdisjoint(listed):
            continue
        places = (internal, endpoint.node), (at_interfaces, (endpoint.node, endpoint.interface))
        for index, one in enumerate(listed):
            found = (known.foreign(one, place) for known, place in places if one is not None)
            foreign = next((one for one in found if one is not None), None)
            if foreign is not None:
                yield _breach(endpoint, index, *foreign)


class _Places:
    """The one address of each family that a place has, and whose it is."""

    def __init__(self, places: Iterable[tuple[object, str, _Where, Mapping[Family, Address]]]) -> None:
        """Each place has its key, the node, where this is written, and its addresses."""
        self._at: dict[object, Mapping[Family, Address]] = {}
        self._owners: dict[Address, list[tuple[str, _Where]]] = {}
        for key, node, where, addresses in places:
            self._at[key] = addresses
            for one in addresses.values():
                self._owners.setdefault(one, []).append((node, where))

    def foreign(self, one: Address, place: object) -> tuple[str, _Where, Address] | None:
        """Whose an address is, surely, where that is said, and the address of the family that a place has itself."""
        owners, own = self._owners.get(one, []), self._at.get(place, {}).get(one.family)
        return (*owners[0], own) if len(owners) == 1 and own is not None else None


def _readable(endpoint: HostEndpoint) -> bool:
    return endpoint.resource.legible and placeholder(endpoint.node) is None


def _own(cluster: Cluster, node: str) -> set[Address | None]:
    """Every address of a node, those of its loopback interface too."""
    facts = cluster.facts.get(node)
    shown = (one.bare for _, one in (facts.addresses if facts else ()))
    return {*all_addresses(cluster, node), *shown}


def _internal(node: Node) -> dict[Family, Address]:
    """The only internal address of a node of each family, if there is just one."""
    return _only(one for text in node.internal_addresses if (one := address(text)) is not None)


def _only(addresses: Iterable[Address]) -> dict[Family, Address]:
    """The address of each family of which there is just one, those of IPv6 for the link aside."""
    found = {one for one in addresses if one.family == 4 or not one.link_local}
    several = {family: [one for one in found if one.family == family] for family in FAMILIES}
    return {family: ones[0] for family, ones in several.items() if len(ones) == 1}


def _breach(endpoint: HostEndpoint, index: int, owner: str, where: _Where, own: Address) -> Breach:
    path = ("spec", "expectedIPs", index)
    text = endpoint.expected_ips[index]
    there = where.span if isinstance(where, Interface) else where.span("metadata", "name")
    return Breach.at(
        endpoint.resource,
        path,
        f'HostEndpoint "{endpoint.name}" of node "{endpoint.node}" lists {text}, the address of node "{owner}", and '
        f"none of its own, which is {own}: rules that select it match the packets of the other node",
        (Related(there, "the node of this address"),),
        witness("address", address=text, node=owner, endpoint=endpoint.name),
    )
