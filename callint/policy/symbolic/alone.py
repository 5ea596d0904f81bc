"""Things that decide on every packet of a rule by themselves, so that nobody has to look for several that do."""

from __future__ import annotations

from collections.abc import Sequence

from callint.policy.symbolic.meeting import Meeting, as_written, covers, leave_a_corner
from callint.policy.symbolic.shadow import Shadows
from callint.policy.symbolic.shape import Shape


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
    return found if not found.selective or leave_a_corner(about, as_written(shadows, meeting)) else None
