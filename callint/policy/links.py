"""The host interfaces of a node, and which of them lead where."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache

from callint.calico.defaults import TUNNEL_INTERFACES
from callint.facts import Address as FactAddress
from callint.facts import Interface, NodeFacts
from callint.net import intervals
from callint.net.address import FAMILIES, LAST, Address, Family
from callint.net.enclosing import Enclosing
from callint.net.intervals import Interval, Intervals
from callint.net.read import addresses as addresses_of
from callint.objects import Cluster
from callint.objects.endpoint import HostEndpoint
from callint.policy.model import model_of
from callint.policy.nodes import with_nameless
from callint.policy.ranges import Ranges
from callint.policy.settings import workload_prefixes

SERVICE_INTERFACES = ("kube-ipvs", "nodelocaldns")
"""What links are called by which kube-proxy and NodeLocal DNSCache have nodes answer for addresses of services."""
# links with nothing behind them, as `ip -details` names their kinds, and what such links are usually called
_DEAD_ENDS = frozenset(("loopback", "dummy", "ifb", "nlmon"))
_DEAD_NAMES = ("dummy", "ifb", *SERVICE_INTERFACES)
VRF = "vrf"
"""The one kind of master, as `ip -details` names it, of which the ports get their packets themselves."""


def leads_somewhere(interface: Interface) -> bool:
    """Whether packets come in by an interface: by those that only hold addresses none do."""
    if interface.kind is None:
        return not interface.name.startswith(_DEAD_NAMES)
    return interface.kind not in _DEAD_ENDS


def interfaces_of(cluster: Cluster, node: str) -> Mapping[str, tuple[Address, ...]]:
    """The host interfaces of a node with their addresses: from facts, else those of its host endpoints.

    `*` stands for an interface that an endpoint for all of them governs, an address for one that nobody names.
    """
    facts = cluster.facts.get(node)
    if facts is not None and facts.interfaces is not None:
        return {
            interface.name: tuple(one.bare for one in interface.addresses or ())
            for interface in facts.interfaces
            if is_host_interface(cluster, node, interface.name)
        }
    mine = _by_node(cluster).get(node, ())
    named = {
        one.interface: () if one.interface == "*" else tuple(addresses_of(one.expected_ips))
        for one in mine
        if one.interface and is_host_interface(cluster, node, one.interface)
    }
    return {name: addresses or () for name, addresses in with_nameless(named, mine).items()}


@lru_cache(maxsize=8)
def _by_node(cluster: Cluster) -> dict[str, list[HostEndpoint]]:
    found: dict[str, list[HostEndpoint]] = {}
    for member in model_of(cluster).inventory.host_endpoints:
        found.setdefault(member.about.node, []).append(member.about)
    return found


def is_host_interface(cluster: Cluster, node: str, name: str) -> bool:
    """Whether an interface of a node is neither loopback nor a workload's nor a tunnel of Calico."""
    if name == "lo" or name in TUNNEL_INTERFACES:
        return False
    return not name.startswith(workload_prefixes(cluster, node))


@lru_cache(maxsize=1 << 10)
def listed(cluster: Cluster, node: str) -> Mapping[str, Interface]:
    """The interfaces of a node that facts list, by name."""
    facts = cluster.facts.get(node)
    return {one.name: one for one in facts.interfaces or ()} if facts is not None else {}


def not_listed(cluster: Cluster, node: str, name: str) -> bool:
    """Whether facts list all interfaces of a node, and none of that name; those of pods come and go."""
    facts = cluster.facts.get(node)
    if facts is None or not facts.knows("interfaces") or name in listed(cluster, node):
        return False
    return is_host_interface(cluster, node, name)


def inner_interfaces(cluster: Cluster, facts: NodeFacts) -> tuple[Interface, ...]:
    """Interfaces with an address that forward and by which no default route leaves; none while routes are unknown."""
    if facts.interfaces is None or facts.routes is None:
        return ()
    outer = frozenset(outward_interfaces(facts) or ())
    return tuple(
        one
        for one in facts.interfaces
        if is_host_interface(cluster, facts.node, one.name)
        and one.name not in outer
        and one.forwarding.ipv4 is True
        and one.kind != "wireguard"
        and one.addresses != ()
        and leads_somewhere(one)
    )


def outward_interfaces(facts: NodeFacts) -> tuple[str, ...] | None:
    """Interfaces through which a default route leaves; None while routes are unknown."""
    if facts.routes is None:
        return None
    outward = (route.interface for route in facts.routes if route.destination.length == 0)
    return tuple(dict.fromkeys(one for one in outward if one is not None))


class Ways:
    """By which interfaces packets leave a node."""

    def __init__(self, facts: NodeFacts) -> None:
        """Read links and routes once."""
        self._all = _ways(facts)

    @cached_property
    def _networks(self) -> Enclosing[str]:
        return Enclosing((to.prefix.masked(), name) for to, name in self._all)

    @cached_property
    def _shares(self) -> tuple[Mapping[Family, Intervals], Mapping[tuple[str, Family], list[Interval]]]:
        """The addresses to which nobody knows the way, and those to which packets leave by an interface."""
        decided: dict[Family, Intervals] = dict.fromkeys(FAMILIES, ())
        shares: dict[tuple[str, Family], list[Interval]] = {}
        for to, name in sorted(self._all, key=lambda one: -one[0].length):
            whole = ((to.first, to.last),)
            shares.setdefault((name, to.version), []).extend(intervals.difference(whole, decided[to.version]))
            decided[to.version] = intervals.union(decided[to.version], whole)
        return {family: intervals.complement(decided[family], LAST[family]) for family in FAMILIES}, shares

    def to(self, address: Address) -> str | None:
        """The interface by which packets to an address leave: that of the longest prefix, links before routes."""
        return next(iter(self.all_to(address)), None)

    def all_to(self, address: Address) -> tuple[str, ...]:
        """The interfaces by which they may leave: those of the longest prefix."""
        found = self._networks.of(address.prefix())
        longest = max((network.length for network, _ in found), default=0)
        return tuple(dict.fromkeys(name for network, name in found if network.length == longest))

    def led_by(self, interface: str) -> Ranges:
        """All addresses to which packets leave by an interface, or nobody knows by which."""
        unknown, shares = self._shares
        four, six = (
            intervals.union(unknown[family], intervals.merge(shares.get((interface, family), ())))
            for family in FAMILIES
        )
        return four, six


def _ways(facts: NodeFacts) -> list[tuple[FactAddress, str]]:
    """The networks of interfaces that are not down, then those of routes, each with the interface that leads there."""
    linked = [(to, one.name) for one, to in facts.addresses if one.up is not False]
    routes = facts.routes or ()
    return linked + [(one.destination, one.interface) for one in routes if one.interface and one.table == "main"]
