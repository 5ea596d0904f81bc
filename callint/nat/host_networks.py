"""Addresses that belong to nodes and not to pods, wherever objects or facts name them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from callint.calico.defaults import INTERFACE_PREFIXES, TUNNEL_INTERFACES
from callint.finding import Span
from callint.net.address import Prefix, parse_cidr
from callint.objects import Cluster
from callint.objects.node import bgp_path


class HostAddress(NamedTuple):
    """An address of a node: `prefix` keeps the host bits and has the subnet's length where that is known."""

    prefix: Prefix
    node: str
    interface: str | None
    span: Span

    @property
    def address(self) -> Prefix:
        """The address alone."""
        return self.prefix.address.prefix()


def host_addresses(cluster: Cluster) -> tuple[HostAddress, ...]:
    """What facts, HostEndpoints and Node objects say, most exact first; tunnel and workload interfaces are the pods'.

    A HostEndpoint for all interfaces may list tunnel addresses, which come from pools: it proves nothing here.
    """
    found = [*_from_facts(cluster), *_from_endpoints(cluster), *_from_nodes(cluster)]
    first: dict[tuple[str, Prefix], HostAddress] = {}
    for one in found:
        first.setdefault((one.node, one.address), one)
    return tuple(first.values())


def _hosts_own(interface: str) -> bool:
    return interface != "lo" and interface not in TUNNEL_INTERFACES and not interface.startswith(INTERFACE_PREFIXES)


def _from_facts(cluster: Cluster) -> Iterator[HostAddress]:
    for facts in cluster.facts.values():
        for interface in facts.interfaces or ():
            if _hosts_own(interface.name):
                for address in interface.addresses or ():
                    prefix = Prefix(address.version, address.value, address.length)
                    yield HostAddress(prefix, facts.node, interface.name, address.span)


def _from_endpoints(cluster: Cluster) -> Iterator[HostAddress]:
    for endpoint in cluster.host_endpoints:
        if endpoint.interface == "*" or not _hosts_own(endpoint.interface):
            continue
        for index, text in enumerate(endpoint.expected_ips):
            prefix = _parsed(text)
            if prefix is not None:
                span = endpoint.resource.span("spec", "expectedIPs", index)
                yield HostAddress(prefix, endpoint.node, endpoint.interface or None, span)


def _from_nodes(cluster: Cluster) -> Iterator[HostAddress]:
    for node in cluster.nodes.values():
        for resource in node.resources:
            for field, text in (("ipv4Address", node.bgp.ipv4_address), ("ipv6Address", node.bgp.ipv6_address)):
                prefix = _parsed(text or "")
                if prefix is not None:
                    yield HostAddress(prefix, node.name, None, resource.span(*bgp_path(resource, field)))
        for kind, text in node.addresses:
            prefix = _parsed(text)
            if prefix is not None and kind in ("InternalIP", "ExternalIP"):
                yield HostAddress(prefix, node.name, None, node.resources[0].span("metadata", "name"))


def _parsed(text: str) -> Prefix | None:
    try:
        return parse_cidr(text)
    except ValueError:
        return None
