"""Things that decide on every packet of a rule by themselves, so that nobody has to look for several that do."""

from __future__ import annotations

from collections.abc import Sequence

from callint.net.intervals import contains
from callint.policy.symbolic.earlier import ENDS, Meeting, covers, having, leave_a_corner
from callint.policy.symbolic.shadow import Shadows
from callint.policy.symbolic.shape import Shape, Side


def alone(shadows: Shadows, about: Shape, meeting: Sequence[Meeting]) -> Meeting | None:
    """The first thing that decides on all packets of a rule, where it is the only one of the fewest that do.

    So it is if those before it leave a packet, and if all together leave one but for what its selectors are implied by.
    """
    place = next(
        (place for place, one in enumerate(meeting if about.exact else meeting[:1]) if covers(one, about)), None
    )
    if place is None or not (place == 0 or leave_a_corner(about, meeting[:place])):
        return None
    found = meeting[place]
    return found if not found.selective or (about.exact and _leave_a_corner(shadows, about, meeting)) else None


def _leave_a_corner(shadows: Shadows, about: Shape, meeting: Sequence[Meeting]) -> bool:
    """Whether they leave the first or last packet of a rule where selectors mean only what is written down."""
    for end in ENDS:
        decides = having(about, end)
        shapes = [one.entry.shape for one in meeting if decides(one.entry)]
        for index in (1, 0):
            sources, destinations = about.addresses(index)
            if sources and destinations:
                sender, receiver = sources[end][end], destinations[end][end]
                if not any(
                    _surely(shadows, one.source, index, sender) and _surely(shadows, one.destination, index, receiver)
                    for one in shapes
                ):
                    return True
    return False


def _surely(shadows: Shadows, side: Side, index: int, address: int) -> bool:
    """Whether a side surely means an address."""
    if not contains(side.addresses(index), address):
        return False
    return side.selector is None or contains(shadows.members(side.selector)[index], address)
