"""From which of its addresses a node sends, by its routes and networks."""

from __future__ import annotations

from collections.abc import Iterable

from callint.facts.values import Address, NodeFacts, Route
from callint.net.address import Address as IPAddress
from callint.net.address import Family, parse_cidr

_NOT_GLOBAL = tuple(map(parse_cidr, ("127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10")))
"""Go's IsGlobalUnicast, as far as interfaces have such addresses."""


def usable(addresses: Iterable[Address]) -> Iterable[IPAddress]:
    """Those that are not of the machine or the link alone."""
    found = (one.bare for one in addresses)
    return (one for one in found if not any(net.contains(one) for net in _NOT_GLOBAL))


def size(facts: NodeFacts) -> int:
    """How many routes and addresses there are to look at."""
    return len(facts.routes or ()) + len(facts.addresses)


def source_towards(facts: NodeFacts, far: IPAddress) -> IPAddress | None:
    """The address from which the kernel sends to a far end, where routes and addresses leave one alone."""
    if not facts.knows("routes") or not facts.knows("interfaces"):
        return None
    leading = [
        one for one in facts.routes or () if one.table == "main" and one.destination.prefix.masked().contains(far)
    ]
    best = max(map(_rank, leading), default=(-1, 0))
    up = (one for interface, one in facts.addresses if interface.up is not False)
    near = [one for one in up if one.prefix.masked().contains(far)]
    longest = max((one.length for one in near), default=-1)
    if best[0] < longest:
        held: set[IPAddress | None] = {one.bare for one in near if one.length == longest}
    else:  # several next hops are several routes
        held = {source for one in leading if _rank(one) == best for source in _sources(facts, one, far.family)}
    return held.pop() if len(held) == 1 else None


def _rank(route: Route) -> tuple[int, int]:
    return route.destination.length, -route.usual_metric


def _sources(facts: NodeFacts, route: Route, family: Family) -> list[IPAddress | None]:
    """The addresses from which packets by a route may come, None for what nobody knows."""
    if route.type != "unicast":
        return [None]
    if route.source is not None:
        return [route.source.bare]
    out = facts.interface(route.interface or "")
    found = [one for one in usable(out.addresses or ()) if one.family == family] if out is not None else []
    return [*found] or [None]
