"""Places at which a node needs something, and what is known of the node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain

from callint.checks.bgp_calls import Calls
from callint.facts import NodeFacts
from callint.finding import Span
from callint.net.address import Address
from callint.objects import Cluster
from callint.objects.node import Node
from callint.policy import Model
from callint.policy.links import interfaces_of
from callint.policy.nodes import prefixes
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

    @property
    def key(self) -> object:
        """What tells sites of one need apart."""
        far = self.far if self.calls is None else self.calls.whom
        return self.node, self.interface, far, self.port if self.far else 0


class About(NamedTuple):
    """All that is known of a node that has host endpoints; interfaces with their addresses, and all of these."""

    model: Model
    name: str
    interfaces: Mapping[str, tuple[Address, ...]]
    facts: NodeFacts | None
    known: Node | None
    addresses: Ranges

    @property
    def cluster(self) -> Cluster:
        """The cluster of the node."""
        return self.model.cluster

    def own(self, interface: str) -> tuple[Address, ...]:
        """An address of the interface, IPv4 where there is one."""
        found = self.interfaces.get(interface, ())
        return tuple(sorted(found, key=lambda one: one.family)[:1])

    def holding(self, addresses: tuple[Address, ...]) -> Iterator[tuple[str, tuple[Address, ...]]]:
        """The interfaces that have some of the addresses; the one for all of them if no other is known to."""
        found = [(name, here) for name, own in self.interfaces.items() if (here := _common(addresses, own))]
        yield from found or ([("*", addresses)] if addresses and "*" in self.interfaces else [])

    @property
    def internal(self) -> tuple[Address, ...]:
        """The addresses by which Kubernetes knows the node, of the family that comes first."""
        return internal(self.known) if self.known is not None else ()


@lru_cache(maxsize=8)
def abouts(model: Model) -> Mapping[str, About]:
    """Every node that has host endpoints, by name and in this order."""
    cluster = model.cluster
    named = {one.about.node for one in model.inventory.host_endpoints if one.about.node}
    found = {}
    for name in sorted(named):
        if placeholder(name) is None:
            interfaces = interfaces_of(cluster, name)
            known = cluster.nodes.get(name)
            every = (*(internal(known) if known is not None else ()), *chain.from_iterable(interfaces.values()))
            found[name] = About(model, name, interfaces, cluster.facts.get(name), known, singles(every))
    return found


def internal(node: Node) -> tuple[Address, ...]:
    """The internal addresses of a node, of the family that comes first."""
    found = tuple(prefix.address for prefix in prefixes(text for kind, text in node.addresses if kind == "InternalIP"))
    return tuple(one for one in found if one.family == found[0].family)


def _common(some: tuple[Address, ...], others: tuple[Address, ...]) -> tuple[Address, ...]:
    return tuple(one for one in some if one in others)
