"""Addresses that belong to nodes and not to pods, wherever objects or facts name them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache

from callint.finding import Path, Span
from callint.net.address import FAMILIES, Family, Prefix, parse_cidr
from callint.objects import Cluster, Resource
from callint.objects.node import bgp_path
from callint.policy.links import is_host_interface
from callint.record import NamedTuple


class HostAddress(NamedTuple):
    """An address of a node: `prefix` keeps the host bits and has the subnet's length where that is known.

    It stands `at` a path of an object, or at a place of the facts.
    """

    prefix: Prefix
    node: str
    interface: str | None
    at: tuple[Resource, Path] | Span

    @property
    def span(self) -> Span:
        """Where it is written."""
        if isinstance(self.at, Span):
            return self.at
        resource, path = self.at
        return resource.span(*path)

    @property
    def address(self) -> Prefix:
        """The address alone."""
        return self.prefix.address.prefix()


@lru_cache(maxsize=8)
def host_addresses(cluster: Cluster) -> tuple[HostAddress, ...]:
    """What facts, HostEndpoints and Node objects say, most exact first; tunnel and workload interfaces are the pods'.

    A HostEndpoint for all interfaces may list tunnel addresses, which come from pools: it proves nothing here.
    """
    found = [*_from_facts(cluster), *_from_endpoints(cluster), *_from_nodes(cluster)]
    first: dict[tuple[str, Prefix], HostAddress] = {}
    for one in found:
        first.setdefault((one.node, one.address), one)
    return tuple(first.values())


def hosts_in(cluster: Cluster, network: Prefix) -> list[HostAddress]:
    """The addresses of nodes that a network holds, in their order."""
    values, places = _sorted(cluster)[network.family]
    found = places[bisect_left(values, network.first) : bisect_right(values, network.last)]
    every = host_addresses(cluster)
    return [every[place] for place in sorted(found)]


@lru_cache(maxsize=8)
def _sorted(cluster: Cluster) -> dict[Family, tuple[list[int], list[int]]]:
    """Addresses as numbers, in their order, and the places of those among all."""
    found: dict[Family, list[tuple[int, int]]] = {family: [] for family in FAMILIES}
    for place, one in enumerate(host_addresses(cluster)):
        found[one.prefix.family].append((one.prefix.value, place))
    pairs = {family: sorted(several) for family, several in found.items()}
    return {family: ([one for one, _ in pair], [place for _, place in pair]) for family, pair in pairs.items()}


def _from_facts(cluster: Cluster) -> Iterator[HostAddress]:
    for facts in cluster.facts.values():
        for interface in facts.interfaces or ():
            if is_host_interface(cluster, facts.node, interface.name):
                for address in interface.addresses or ():
                    yield HostAddress(address.prefix, facts.node, interface.name, address.span)


def _from_endpoints(cluster: Cluster) -> Iterator[HostAddress]:
    for endpoint in cluster.host_endpoints:
        if endpoint.interface == "*" or not is_host_interface(cluster, endpoint.node, endpoint.interface):
            continue
        for index, text in enumerate(endpoint.expected_ips):
            prefix = _parsed(text)
            if prefix is not None:
                at = (endpoint.resource, ("spec", "expectedIPs", index))
                yield HostAddress(prefix, endpoint.node, endpoint.interface or None, at)


def _from_nodes(cluster: Cluster) -> Iterator[HostAddress]:
    for node in cluster.nodes.values():
        for resource in node.resources:
            for field, text in (("ipv4Address", node.bgp.ipv4_address), ("ipv6Address", node.bgp.ipv6_address)):
                prefix = _parsed(text or "")
                if prefix is not None:
                    yield HostAddress(prefix, node.name, None, (resource, bgp_path(resource, field)))
        for kind, text in node.addresses:
            prefix = _parsed(text)
            if prefix is not None and kind in ("InternalIP", "ExternalIP"):
                yield HostAddress(prefix, node.name, None, (node.resources[0], ("metadata", "name")))


def _parsed(text: str) -> Prefix | None:
    try:
        return parse_cidr(text)
    except ValueError:
        return None
