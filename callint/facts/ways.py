"""From which of its addresses a node sends, by its routes and networks."""

from __future__ import annotations

from collections.abc import Iterable

from callint.facts.values import Address, NodeFacts
from callint.net.address import Address as IPAddress
from callint.net.address import parse_cidr

_NOT_GLOBAL = tuple(map(parse_cidr, ("127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10")))
"""Go's IsGlobalUnicast, as far as interfaces have such addresses."""


def usable(addresses: Iterable[Address]) -> Iterable[IPAddress]:
    """Those that are not of the machine or the link alone."""
    found = (one.bare for one in addresses)
    return (one for one in found if not any(net.contains(one) for net in _NOT_GLOBAL))


def size(facts: NodeFacts) -> int:
    """How many routes and addresses there are to look at."""
    return len(facts.routes or ()) + sum(len(one.addresses or ()) for one in facts.interfaces or ())


def source_towards(facts: NodeFacts, far: IPAddress) -> IPAddress | None:
    """The address from which the kernel sends to a far end, where routes and addresses leave one alone."""
    if not facts.knows("routes") or not facts.knows("interfaces"):
        return None
    leading = [
        one for one in facts.routes or () if one.table == "main" and one.destination.prefix.masked().contains(far)
    ]
    best = max(leading, key=lambda one: (one.destination.length, -one.usual_metric), default=None)
    near = [
        one
        for interface in facts.interfaces or ()
        for one in interface.addresses or ()
        if one.prefix.masked().contains(far)
    ]
    longest = max((one.length for one in near), default=-1)
    if best is None or best.destination.length < longest:
        held = [one.bare for one in near if one.length == longest]
    elif best.type != "unicast":
        return None
    elif best.source is not None:
        return best.source.bare
    else:
        out = facts.interface(best.interface or "")
        held = [one for one in usable(out.addresses or ()) if one.family == far.family] if out is not None else []
    return held[0] if len(held) == 1 else None
