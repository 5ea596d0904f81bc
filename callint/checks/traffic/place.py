"""Places at which a node needs something, and what is known of the node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from itertools import chain

from callint.checks.traffic.bgp_calls import Calls
from callint.facts import Listener
from callint.finding import Span
from callint.net.address import BITS, FAMILIES, Address
from callint.net.read import addresses
from callint.objects import Cluster
from callint.policy import Model
from callint.policy.links import Ways, interfaces_of, is_host_interface, leads_somewhere, listed
from callint.policy.ranges import Ranges, singles
from callint.record import NamedTuple
from callint.source import placeholder


class Site(NamedTuple):
    """A need at one interface of a node; `reason` says why, in a few words, and `span` where that is written.

    `own` are the node's addresses there, as far as they are known; `port` is another one than the rule's; `far` are the
    far ends where the evidence names them, `remote` the node at the only one, which is reached at `far_port`; `missing`
    is what one would have to know to be sure of the need. Through one of `others` packets may go as well.

    With `calls` it stands for the sites of each of these, and `far` holds all their far ends. `among` are addresses
    that hold the far ends of many sites, `near` those that hold their own, each one value for all of these.
    `stands_for` are the ports that policy treats alike of which its own is the first.
    """

    node: str
    interface: str
    own: tuple[Address, ...]
    reason: str
    span: Span | None = None
    port: int | None = None
    far: Ranges | None = None
    missing: str | None = None
    remote: str | None = None
    far_port: int | None = None
    others: tuple[tuple[str, tuple[Address, ...]], ...] = ()
    calls: Calls | None = None
    among: Ranges | None = None
    near: Ranges | None = None
    stands_for: int = 1

    @property
    def key(self) -> object:
        """What tells sites of one need apart."""
        far = self.far if self.calls is None else self.calls.whom
        return self.node, self.interface, far, self.port if self.far else 0


class About:
    """All that is known of a node that has host endpoints.

    `interfaces` with their addresses, what facts have `told` of each, and all the `addresses`.
    """

    def __init__(self, model: Model, name: str) -> None:
        """Ask facts, objects and host endpoints."""
        self.model = model
        self.cluster = model.cluster
        self.name = name
        self.interfaces = interfaces_of(self.cluster, name)
        self.facts = self.cluster.facts.get(name)
        self.told = listed(self.cluster, name)
        self.known = self.cluster.nodes.get(name)
        self.addresses: Ranges = singles((*self.internal, *chain.from_iterable(self.interfaces.values())))

    @cached_property
    def at(self) -> Mapping[Address, list[str]]:
        """The interfaces that have an address."""
        found: dict[Address, list[str]] = {}
        for name, own in self.interfaces.items():
            for one in dict.fromkeys(own):
                found.setdefault(one, []).append(name)
        return found

    def leads_somewhere(self, interface: str) -> bool:
        """Whether packets come in by an interface, as far as facts tell."""
        known = self.told.get(interface)
        return known is None or leads_somewhere(known)

    @cached_property
    def ways(self) -> Ways | None:
        """By which interfaces packets leave, where facts tell."""
        return Ways(self.facts) if self.facts is not None else None

    @property
    def sockets(self) -> tuple[Listener, ...] | None:
        """All that listens there, if facts tell."""
        return self.facts.listeners if self.facts is not None and self.facts.knows("listeners") else None

    def own(self, interface: str) -> tuple[Address, ...]:
        """An address of the interface, IPv4 where there is one."""
        found = self.interfaces.get(interface, ())
        return tuple(sorted(found, key=lambda one: one.family)[:1])

    def holding(self, addresses: tuple[Address, ...]) -> Iterator[tuple[str, tuple[Address, ...]]]:
        """The interfaces that have some of the addresses; the one for all of them if no other is known to."""
        here: dict[str, list[Address]] = {}
        for one in addresses:
            for name in self.at.get(one, ()):
                here.setdefault(name, []).append(one)
        found = [(name, tuple(here[name])) for name in self.interfaces if name in here] if here else []
        yield from found or ([("*", addresses)] if addresses and "*" in self.interfaces else [])

    @property
    def internal(self) -> tuple[Address, ...]:
        """The addresses by which Kubernetes knows the node, of the family that comes first."""
        return internal(self.cluster, self.name)


@lru_cache(maxsize=8)
def abouts(model: Model) -> Mapping[str, About]:
    """Every node that has host endpoints, by name and in this order."""
    named = {one.about.node for one in model.inventory.host_endpoints if one.about.node}
    return {name: About(model, name) for name in sorted(named) if placeholder(name) is None}


def internal(cluster: Cluster, name: str) -> tuple[Address, ...]:
    """The internal addresses of a node, of the family that comes first; where no Node tells any, its only address."""
    node = cluster.nodes.get(name)
    found = tuple(addresses(node.internal_addresses) if node is not None else ()) or _only(cluster, name)
    return tuple(one for one in found if one.family == found[0].family)


def _only(cluster: Cluster, name: str) -> tuple[Address, ...]:
    """The address of a node that facts give no other one; what it holds for others as a single one is left out."""
    facts = cluster.facts.get(name)
    if facts is None or not facts.knows("interfaces"):
        return ()
    links = [one for one in facts.interfaces or () if is_host_interface(cluster, name, one.name)]
    if any(one.addresses is None for one in links):
        return ()
    held = [address for one in links if leads_somewhere(one) for address in one.addresses or ()]
    for family in FAMILIES:
        mine = [one for one in held if one.version == family and not one.bare.link_local]
        found = [one for one in mine if one.length < BITS[family]] or mine
        if found:
            return (found[0].bare,) if len(found) == 1 else ()
    return ()
