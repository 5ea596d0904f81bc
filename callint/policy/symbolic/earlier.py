"""Rules that decide before another one, to be found by the packets that both may match."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from callint.net import cover, intervals
from callint.net.address import LAST, Family
from callint.net.cover import TooManyCornersError
from callint.net.intervals import Intervals
from callint.net.overlapping import Overlapping
from callint.net.packets import Packet
from callint.policy.ranges import EVERYWHERE, NO_RANGES, Ranges
from callint.policy.symbolic.order import Item
from callint.policy.symbolic.shadow import Shadows
from callint.policy.symbolic.shape import FREE, Shape, Side
from callint.record import NamedTuple
from callint.selector import Selector

ENDS = (0, -1)
"""The first and the last packet of a rule: every field is the lowest or the highest number of the rule's."""

_STEPS = 2000
_FEW = 16
_STRANGE = 253
"""A protocol for experiments (RFC 3692), of which no rule speaks but those for any protocol."""

Answer = tuple["tuple[Family, Packet] | None", Sequence[Item]]


class Entry(NamedTuple):
    """Something that decides, its number among all that do, and its shape."""

    number: int
    item: Item
    shape: Shape


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


class Earlier:
    """Things that decide, in order, the latest after those `before` it, which must not grow any more.

    `answers` are what decides on all packets of rules, and one of these, by all that they ask for, for as long as
    nothing is added. Many are found by addresses or else by ports, what asks for neither is tried.
    """

    def __init__(self, before: Earlier | None = None) -> None:
        """Nothing decides but what does before."""
        self._before = before
        self.count: int = 0 if before is None else before.count
        self.own: list[Item] = []
        self.answers: dict[object, Answer] = {}
        self._entries: list[Entry] = []
        self._tables: _Tables | None = None

    @property
    def items(self) -> list[Item]:
        """All of them."""
        return self.own if self._before is None else [*self._before.items, *self.own]

    def add(self, item: Item, about: Shape) -> None:
        """The next thing."""
        entry = Entry(self.count, item, about)
        self.count += 1
        self.own.append(item)
        self.answers.clear()
        if item.rule is not None and item.rule.http:
            return
        self._entries.append(entry)
        if self._tables is not None:
            self._tables.add(entry)
        elif len(self._entries) > _FEW:
            self._tables = _Tables()
            for one in self._entries:
                self._tables.add(one)

    def may_decide(self, about: Shape) -> bool:
        """Whether any of them may decide on packets of a rule, as far as protocols tell at little cost."""
        if self._before is not None or self._tables is not None:
            return True
        overlaps, protocols = intervals.overlaps, about.protocols
        return any(overlaps(entry.shape.protocols, protocols) for entry in self._entries)

    def near(self, about: Shape) -> list[Entry]:
        """The things that may decide on packets of a rule, and perhaps others, in order."""
        own = self._entries if self._tables is None else self._tables.near(about)
        return own if self._before is None else [*self._before.near(about), *own]

    def at(self, about: Shape, end: int) -> list[Entry]:
        """The same for the first (0) or the last (-1) packet of a rule alone, in any order and perhaps repeatedly."""
        own = self._entries if self._tables is None else self._tables.at(about, end)
        return own if self._before is None else [*self._before.at(about, end), *own]


def is_wide(shadows: Shadows, item: Item, about: Shape) -> bool:
    """Whether a thing may decide on a packet that is as strange as can be: else all together leave that one."""
    if item.rule is not None and item.rule.http:
        return False
    return intervals.contains(about.protocols, _STRANGE) and all(
        intervals.contains(side.addresses(1), LAST[6]) and (side.selector is None or shadows.far_known)
        for side in (about.source, about.destination)
    )


class _Tables:
    """Things by the addresses of their sources, or else of their destinations, or else by their ports."""

    def __init__(self) -> None:
        self._sources = (Overlapping[Entry](), Overlapping[Entry]())
        self._destinations = (Overlapping[Entry](), Overlapping[Entry]())
        self._ports = Overlapping[Entry]()
        self._rest: list[Entry] = []
        self._addressed = False

    def add(self, entry: Entry) -> None:
        source, destination = entry.shape.source, entry.shape.destination
        if source.nets != EVERYWHERE:
            _put(self._sources, source.nets, entry)
        elif destination.nets != EVERYWHERE:
            _put(self._destinations, destination.nets, entry)
        elif entry.shape.destination_ports != FREE.destination_ports:
            self._ports.add(entry.shape.destination_ports, entry)
        else:
            self._rest.append(entry)
        self._addressed = self._addressed or source.nets != EVERYWHERE or destination.nets != EVERYWHERE

    def near(self, about: Shape) -> list[Entry]:
        found = self._found(about, None)
        return [entry for _, entry in sorted({entry.number: entry for entry in found}.items())]

    def at(self, about: Shape, end: int) -> list[Entry]:
        return list(self._found(about, end))

    def _found(self, about: Shape, end: int | None) -> Iterator[Entry]:
        if self._addressed:
            yield from _near(self._sources, about.source.nets, end)
            yield from _near(self._destinations, about.destination.nets, end)
        yield from self._ports.near(_ending(about.destination_ports, end))
        yield from self._rest


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


def as_written(shadows: Shadows, meeting: Sequence[Meeting]) -> list[Meeting]:
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


def _put(tables: tuple[Overlapping[Entry], Overlapping[Entry]], nets: Ranges, entry: Entry) -> None:
    for table, numbers in zip(tables, nets, strict=True):
        table.add(numbers, entry)


def _near(tables: tuple[Overlapping[Entry], Overlapping[Entry]], nets: Ranges, end: int | None) -> Iterator[Entry]:
    for table, numbers in zip(tables, nets, strict=True):
        yield from table.near(_ending(numbers, end))


def _ending(numbers: Intervals, end: int | None) -> Intervals:
    """The first or the last of some numbers alone, or with None all of them."""
    return numbers if end is None or not numbers else ((numbers[end][end], numbers[end][end]),)
