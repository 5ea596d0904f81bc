"""Addresses that belong to nodes and not to pods, wherever objects or facts name them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache

from callint.finding import Path, Span
from callint.net.address import FAMILIES, Family, Prefix
from callint.net.read import cidr
from callint.objects import Cluster, Resource
from callint.objects.node import bgp_path
from callint.objects.reservations import reserved
from callint.policy.links import SERVICE_INTERFACES, is_host_interface
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

    What kube-proxy and NodeLocal DNSCache give a node to answer for are addresses of services.
    A HostEndpoint for all interfaces may list tunnel addresses, which come from pools: it proves nothing here.
    """
    found = [*_from_facts(cluster), *_from_endpoints(cluster), *_from_nodes(cluster)]
    first: dict[tuple[str, Prefix], HostAddress] = {}
    for one in found:
        first.setdefault((one.node, one.address), one)
    return tuple(first.values())


def hosts_in(cluster: Cluster, network: Prefix, *, free: bool = False) -> Sequence[HostAddress]:
    """The addresses of nodes that a network holds, in their order; `free`: those that no IPReservation holds."""
    return _finder(cluster, free)(network)


@lru_cache(maxsize=16)
def _finder(cluster: Cluster, free: bool) -> Callable[[Prefix], tuple[HostAddress, ...]]:
    """Tells what a network holds; many pools may have the same."""
    every = [one for one in host_addresses(cluster) if not (free and reserved(cluster, one.address))]
    values: dict[Family, list[tuple[int, int]]] = {family: [] for family in FAMILIES}
    for place, one in enumerate(every):
        values[one.prefix.family].append((one.prefix.value, place))
    for several in values.values():
        several.sort()

    @cache
    def within(network: Prefix) -> tuple[HostAddress, ...]:
        mine = values[network.family]
        found = mine[bisect_left(mine, (network.first,)) : bisect_left(mine, (network.last + 1,))]
        return tuple(every[place] for place in sorted(place for _, place in found))

    return within


def _from_facts(cluster: Cluster) -> Iterator[HostAddress]:
    for facts in cluster.facts.values():
        for interface in facts.interfaces or ():
            own = not interface.name.startswith(SERVICE_INTERFACES)
            if own and is_host_interface(cluster, facts.node, interface.name):
                for address in interface.addresses or ():
                    yield HostAddress(address.prefix, facts.node, interface.name, address.span)


def _from_endpoints(cluster: Cluster) -> Iterator[HostAddress]:
    for endpoint in cluster.host_endpoints:
        if endpoint.interface == "*" or not is_host_interface(cluster, endpoint.node, endpoint.interface):
            continue
        for index, text in enumerate(endpoint.expected_ips):
            prefix = cidr(text)
            if prefix is not None:
                at = (endpoint.resource, ("spec", "expectedIPs", index))
                yield HostAddress(prefix, endpoint.node, endpoint.interface or None, at)


def _from_nodes(cluster: Cluster) -> Iterator[HostAddress]:
    for node in cluster.nodes.values():
        for resource in node.resources:
            for field, text in (("ipv4Address", node.bgp.ipv4_address), ("ipv6Address", node.bgp.ipv6_address)):
                prefix = cidr(text)
                if prefix is not None:
                    yield HostAddress(prefix, node.name, None, (resource, bgp_path(resource, field)))
        for kind, text in node.addresses:
            prefix = cidr(text)
            if prefix is not None and kind in ("InternalIP", "ExternalIP"):
                yield HostAddress(prefix, node.name, None, (node.resources[0], ("metadata", "name")))
