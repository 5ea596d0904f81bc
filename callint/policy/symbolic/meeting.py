"""Rules that decide on packets of another one beside it: which surely do, and whether they leave any of its packets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from callint.net import cover, intervals
from callint.net.cover import TooManyCornersError
from callint.net.intervals import Intervals
from callint.policy.ranges import EVERYWHERE, NO_RANGES, Ranges
from callint.policy.symbolic.earlier import Entry
from callint.policy.symbolic.shadow import Shadows
from callint.policy.symbolic.shape import Shape, Side
from callint.record import NamedTuple
from callint.selector import Selector

ENDS = (0, -1)
"""The first and the last packet of a rule: every field is the lowest or the highest number of the rule's."""

_STEPS = 2000


class Meeting(NamedTuple):
    """Something that may decide on packets of a rule, with the addresses that it surely means beside that rule."""

    entry: Entry
    source: Ranges
    destination: Ranges

    def addresses(self, index: int) -> tuple[Intervals, Intervals]:
        """Those of IPv4 (0) or of IPv6 (1), source and destination."""
        return self.source[index], self.destination[index]

    @property
    def selective(self) -> bool:
        """Whether it asks for labels."""
        return self.entry.shape.source.selector is not None or self.entry.shape.destination.selector is not None


def meetings(
    shadows: Shadows, about: Shape, near: Iterable[Entry], look: Callable[[Selector], None]
) -> tuple[list[Meeting], int]:
    """Those of `near` that may decide on packets of a rule, and of how many the selectors had to be asked.

    `look` is told of each whose members are looked for.
    """
    found: list[Meeting] = []
    asked = 0
    for entry in near:
        other = entry.shape
        if may_meet(about, other):
            asked += other.source.selector is not None or other.destination.selector is not None
            source = _meant(shadows, about.source, other.source, look)
            destination = _meant(shadows, about.destination, other.destination, look)
            if _meet(about, source, destination):
                found.append(Meeting(entry, source, destination))
    return found, asked


def may_meet(about: Shape, other: Shape) -> bool:
    """Whether two rules may be about one packet, whatever their selectors say."""
    overlaps = intervals.overlaps
    if not (
        overlaps(about.protocols, other.protocols)
        and overlaps(about.destination_ports, other.destination_ports)
        and overlaps(about.source_ports, other.source_ports)
    ):
        return False
    if (other.source.nets == EVERYWHERE or about.source.nets == EVERYWHERE) and (
        other.destination.nets == EVERYWHERE or about.destination.nets == EVERYWHERE
    ):
        return True
    return _meet(about, other.source.nets, other.destination.nets)


def _meet(about: Shape, source: Ranges, destination: Ranges) -> bool:
    """Whether a rule is about some of these senders and receivers, of one family both."""
    overlaps, senders, receivers = intervals.overlaps, about.source.nets, about.destination.nets
    return (overlaps(senders[0], source[0]) and overlaps(receivers[0], destination[0])) or (
        overlaps(senders[1], source[1]) and overlaps(receivers[1], destination[1])
    )


def _meant(shadows: Shadows, about: Side, other: Side, look: Callable[[Selector], None]) -> Ranges:
    """The addresses that the one side of a rule surely means where another rule's side may match."""
    mine, theirs = about.selector, other.selector
    if theirs is None or (mine is not None and shadows.implies(mine, theirs)):
        return other.nets
    look(theirs)
    return _written(shadows, other)


def _written(shadows: Shadows, side: Side) -> Ranges:
    """The addresses that a side of a rule surely means, for they are written down."""
    if side.selector is None:
        return side.nets
    members = shadows.members(side.selector)
    if members == NO_RANGES:
        return NO_RANGES
    return intervals.intersection(members[0], side.nets[0]), intervals.intersection(members[1], side.nets[1])


def _as_written(shadows: Shadows, meeting: Sequence[Meeting]) -> list[Meeting]:
    """The same things with the addresses that they surely mean whatever they are beside."""
    shapes = ((one.entry, one.entry.shape) for one in meeting)
    return [
        Meeting(entry, _written(shadows, shape.source), _written(shadows, shape.destination)) for entry, shape in shapes
    ]


def covers(meeting: Meeting, about: Shape) -> bool:
    """Whether something surely decides on all packets of a rule; no is no answer."""
    other = meeting.entry.shape
    return (
        other.exact
        and intervals.covers(other.protocols, about.protocols)
        and intervals.covers(other.destination_ports, about.destination_ports)
        and intervals.covers(other.source_ports, about.source_ports)
        and all(
            intervals.covers(meeting.source[index], about.source.nets[index])
            and intervals.covers(meeting.destination[index], about.destination.nets[index])
            for index in (0, 1)
            if about.source.nets[index] and about.destination.nets[index]
        )
    )


def leave_a_corner(about: Shape, meeting: Sequence[Meeting]) -> bool:
    """Whether things surely leave the first or the last packet of a rule undecided; no is no answer."""
    if not about.exact:
        return False
    for end in ENDS:
        decides = _having(about, end)
        decided = [one for one in meeting if decides(one.entry)]
        if not decided or _leave(about, decided, end):
            return True
    return False


def leave_by_shape(about: Shape, at: Iterable[Entry], end: int) -> bool:
    """The same of one of them without asking what selectors mean, which is addresses of those that the shapes have."""
    if not about.exact:
        return False
    found = [entry.shape for entry in filter(_having(about, end), at)]
    return not found or _leave(about, found, end)


def _having(about: Shape, end: int) -> Callable[[Entry], bool]:
    """Whether something may match the protocol and the ports of the first or the last packet of a rule."""
    if not (about.protocols and about.destination_ports and about.source_ports):
        return lambda _: True
    contains = intervals.contains
    protocol, high, low = (side[end][end] for side in (about.protocols, about.destination_ports, about.source_ports))

    def found(entry: Entry) -> bool:
        shape = entry.shape
        return (
            contains(shape.protocols, protocol)
            and contains(shape.destination_ports, high)
            and contains(shape.source_ports, low)
        )

    return found


def _leave(about: Shape, decided: Sequence[Shape | Meeting], end: int) -> bool:
    """Whether nothing decides on one of a rule's packets that is the first or the last; of a family without it is none.

    `decided` may match its protocol and ports. IPv6 comes first, for of most networks it is seen that they have none.
    """
    contains = intervals.contains
    for index in (1, 0):
        sources, destinations = about.addresses(index)
        if sources and destinations:
            sender, receiver = sources[end][end], destinations[end][end]
            found = (one.addresses(index) for one in decided)
            if not any(contains(source, sender) and contains(destination, receiver) for source, destination in found):
                return True
    return False


def leave_something(about: Shape, meeting: Sequence[Meeting]) -> bool:
    """Whether things surely leave packets of a rule undecided, wherever they are; no is no answer."""
    if not about.exact:
        return False
    others = [part for one in meeting for part in one.entry.shape.products(one.source, one.destination)]
    wanted = about.products(about.source.nets, about.destination.nets)
    try:
        return any(cover.uncovered(product, others, steps=_STEPS) is not None for product in wanted)
    except TooManyCornersError:
        return False


def alone(shadows: Shadows, about: Shape, meeting: Sequence[Meeting]) -> Meeting | None:
    """The first thing that decides on all packets of a rule, where it is the only one of the fewest that do.

    So it is if those before it leave a packet, and if all together leave one but for what its selectors are implied by.
    """
    tried = meeting if about.exact else meeting[:1]
    place = next((place for place, one in enumerate(tried) if covers(one, about)), None)
    if place is None or not (place == 0 or leave_a_corner(about, meeting[:place])):
        return None
    found = meeting[place]
    return found if not found.selective or leave_a_corner(about, _as_written(shadows, meeting)) else None
