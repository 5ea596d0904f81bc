"""What the network stage knows of a node's addresses and interfaces: facts first, then what objects let infer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from callint.net.address import Address, parse_cidr
from callint.net.read import addresses as addresses_of
from callint.net.read import cidr
from callint.objects import Cluster
from callint.objects.endpoint import HostEndpoint

Interfaces = Mapping[str, "tuple[Address, ...] | None"]
"""Name of an interface to its addresses; None where they are not known."""


def read_interfaces(given: Mapping[str, Sequence[str] | None]) -> Interfaces:
    """Interfaces whose addresses are given as text, with or without prefix length; raises ValueError."""
    return {
        name: None if texts is None else tuple(parse_cidr(text).address for text in texts)
        for name, texts in given.items()
    }


def node_interfaces(cluster: Cluster, node: str) -> Interfaces:
    """The interfaces of a node: those of its facts, or without facts those that its host endpoints name."""
    facts = cluster.facts.get(node)
    if facts is not None and facts.interfaces is not None:
        known = facts.knows("interfaces")
        return {
            one.name: tuple(address.bare for address in one.addresses) if known and one.addresses is not None else None
            for one in facts.interfaces
        }
    found: dict[str, tuple[Address, ...] | None] = {}
    for endpoint in _endpoints(cluster).get(node, ()):
        if endpoint.interface not in ("", "*"):
            found[endpoint.interface] = tuple(addresses_of(endpoint.expected_ips)) or None
    return found


def with_nameless(interfaces: Interfaces, endpoints: Iterable[HostEndpoint]) -> Interfaces:
    """Interfaces and those of host endpoints that tell addresses alone, each called by the first of its addresses."""
    found = dict(interfaces)
    taken = {address for addresses in interfaces.values() for address in addresses or ()}
    for endpoint in endpoints:
        own = () if endpoint.interface else tuple(addresses_of(endpoint.expected_ips))
        if own and taken.isdisjoint(own):
            found[str(own[0])] = own
            taken.update(own)
    return found


def is_nameless(interface: str) -> bool:
    """Whether that is what stands for the name of an interface of which only addresses are known."""
    return (":" in interface or "." in interface) and cidr(interface) is not None


@lru_cache(maxsize=8)
def _endpoints(cluster: Cluster) -> dict[str, list[HostEndpoint]]:
    """The host endpoints by node."""
    found: dict[str, list[HostEndpoint]] = {}
    for endpoint in cluster.host_endpoints:
        found.setdefault(endpoint.node, []).append(endpoint)
    return found


def calico_addresses(cluster: Cluster, node: str) -> tuple[Address, ...]:
    """The addresses by which Calico knows a node: those of its BGP section, else the internal ones, else all."""
    about = cluster.nodes.get(node)
    if about is not None:
        bgp = tuple(addresses_of(text for text in (about.bgp.ipv4_address, about.bgp.ipv6_address) if text))
        internal = tuple(addresses_of(text for kind, text in about.addresses if kind in ("CalicoNodeIP", "InternalIP")))
        if bgp or internal:
            return bgp or internal
    return _from_facts(cluster, node)


def all_addresses(cluster: Cluster, node: str) -> tuple[Address, ...]:
    """Every address of a node that objects or facts name, in a stable order, as kube-controllers gathers them.

    Those of the loopback interface are not among them, which calico-node does not report.
    """
    about = cluster.nodes.get(node)
    texts: list[str | None] = []
    if about is not None:
        texts += [about.bgp.ipv4_address, about.bgp.ipv6_address, *(text for _, text in about.addresses)]
        texts.extend(about.tunnels)
    found = (*addresses_of(text for text in texts if text), *_from_facts(cluster, node))
    return tuple(dict.fromkeys(found))


def _from_facts(cluster: Cluster, node: str) -> tuple[Address, ...]:
    facts = cluster.facts.get(node)
    return tuple(one.bare for interface, one in (facts.addresses if facts else ()) if interface.name != "lo")
