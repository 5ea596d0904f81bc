"""Rules that decide before another one, to be found by the packets that both may match."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from callint.net import cover, intervals
from callint.net.cover import TooManyCornersError
from callint.net.overlapping import Overlapping
from callint.policy.ranges import EVERYWHERE, NO_RANGES, Ranges
from callint.policy.symbolic.order import Item
from callint.policy.symbolic.shadow import Shadows
from callint.policy.symbolic.shape import FREE, Shape, Side

_STEPS = 2000
_FEW = 16
_FAR = EVERYWHERE[0][-1][-1]
_STRANGE = 253
"""A protocol for experiments (RFC 3692), of which no rule speaks but those for any protocol."""


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


class Earlier:
    """Things that decide, in order; many are found by addresses or else by ports, what asks for neither is tried."""

    def __init__(self, shadows: Shadows, first: int = 0) -> None:
        """`first` is the number of the first thing."""
        self._shadows = shadows
        self._first = first
        self.items: list[Item] = []
        self._entries: list[Entry] = []
        self._tables: _Tables | None = None
        self.wide = False

    def add(self, item: Item, about: Shape) -> None:
        """The next thing."""
        entry = Entry(self._first + len(self.items), item, about)
        self.items.append(item)
        if item.rule is not None and item.rule.http:
            return
        self.wide = self.wide or self._is_wide(about)
        self._entries.append(entry)
        if self._tables is not None:
            self._tables.add(entry)
        elif len(self._entries) > _FEW:
            self._tables = _Tables()
            for one in self._entries:
                self._tables.add(one)

    def near(self, about: Shape) -> list[Entry]:
        """The things that may decide on packets of a rule, and perhaps others, in order."""
        return self._entries if self._tables is None else self._tables.near(about)

    def _is_wide(self, about: Shape) -> bool:
        """Whether something may decide on a packet that is as strange as can be: else all together leave that one."""
        return intervals.contains(about.protocols, _STRANGE) and all(
            intervals.contains(side.nets[0], _FAR) and (side.selector is None or self._shadows.far_known)
            for side in (about.source, about.destination)
        )


class _Tables:
    """Things by the addresses of their sources, or else of their destinations, or else by their ports."""

    def __init__(self) -> None:
        self._sources = (Overlapping[Entry](), Overlapping[Entry]())
        self._destinations = (Overlapping[Entry](), Overlapping[Entry]())
        self._ports = Overlapping[Entry]()
        self._rest: list[Entry] = []

    def add(self, entry: Entry) -> None:
        source, destination = entry.shape.source, entry.shape.destination
        if source.nets != EVERYWHERE:
            _put(self._sources, source.nets, entry)
        elif destination.nets != EVERYWHERE:
            _put(self._destinations, destination.nets, entry)
        elif destination.ports != FREE.destination.ports:
            self._ports.add(destination.ports, entry)
        else:
            self._rest.append(entry)

    def near(self, about: Shape) -> list[Entry]:
        found = chain(
            _near(self._sources, about.source.nets),
            _near(self._destinations, about.destination.nets),
            self._ports.near(about.destination.ports),
            self._rest,
        )
        return [entry for _, entry in sorted({entry.number: entry for entry in found}.items())]


def meetings(shadows: Shadows, about: Shape, near: Iterable[Entry]) -> tuple[list[Meeting], int]:
    """Those of `near` that may decide on packets of a rule, and of how many the selectors had to be asked."""
    overlaps = intervals.overlaps
    found: list[Meeting] = []
    asked = 0
    for entry in near:
        other = entry.shape
        if (
            overlaps(about.protocols, other.protocols)
            and overlaps(about.destination.ports, other.destination.ports)
            and overlaps(about.source.ports, other.source.ports)
            and _may_meet(about, other)
        ):
            asked += other.source.selector is not None or other.destination.selector is not None
            source = _meant(shadows, about.source, other.source)
            destination = _meant(shadows, about.destination, other.destination)
            if any(
                overlaps(about.source.nets[index], source[index])
                and overlaps(about.destination.nets[index], destination[index])
                for index in (0, 1)
            ):
                found.append(Meeting(entry, source, destination))
    return found, asked


def _may_meet(about: Shape, other: Shape) -> bool:
    """Whether the addresses that two rules name have any in common, whatever their selectors say."""
    if (other.source.nets == EVERYWHERE or about.source.nets == EVERYWHERE) and (
        other.destination.nets == EVERYWHERE or about.destination.nets == EVERYWHERE
    ):
        return True
    return any(
        intervals.overlaps(about.source.nets[index], other.source.nets[index])
        and intervals.overlaps(about.destination.nets[index], other.destination.nets[index])
        for index in (0, 1)
    )


def _meant(shadows: Shadows, about: Side, other: Side) -> Ranges:
    """The addresses that the one side of a rule surely means where another rule's side may match."""
    if other.selector is None:
        return other.nets
    if about.selector is not None and shadows.implication.holds(about.selector, other.selector):
        return other.nets
    members = shadows.members(other.selector)
    if members == NO_RANGES:
        return NO_RANGES
    return intervals.intersection(members[0], other.nets[0]), intervals.intersection(members[1], other.nets[1])


def covers(meeting: Meeting, about: Shape) -> bool:
    """Whether something surely decides on all packets of a rule, selectors aside; no is no answer."""
    other = meeting.entry.shape
    return (
        other.exact
        and other.source.selector is None
        and other.destination.selector is None
        and intervals.covers(other.protocols, about.protocols)
        and intervals.covers(other.destination.ports, about.destination.ports)
        and intervals.covers(other.source.ports, about.source.ports)
        and all(
            intervals.covers(meeting.source[index], about.source.nets[index])
            and intervals.covers(meeting.destination[index], about.destination.nets[index])
            for index in (0, 1)
            if about.source.nets[index] and about.destination.nets[index]
        )
    )


def leave_a_corner(about: Shape, meeting: Sequence[Meeting]) -> bool:
    """Whether things surely leave the first or the last packet of a rule undecided; no is no answer."""
    return about.exact and (_leave(about, meeting, 0) or _leave(about, meeting, -1))


def leave_a_corner_by_shape(about: Shape, near: Sequence[Entry]) -> bool:
    """The same without a question for what selectors mean, which is addresses of those that the shapes have."""
    if not about.exact:
        return False
    most = [Meeting(entry, entry.shape.source.nets, entry.shape.destination.nets) for entry in near]
    return _leave(about, most, 0) or _leave(about, most, -1)


def _leave(about: Shape, meeting: Sequence[Meeting], end: int) -> bool:
    """Whether nothing decides on the packet whose every field is the lowest (0) or the highest (-1) of a rule's."""
    contains = intervals.contains
    for index in (0, 1):
        fields = (about.source.nets[index], about.destination.nets[index], about.protocols)
        ports = (about.destination.ports, about.source.ports)
        if not all(fields) or not all(ports):
            continue
        source, destination, protocol, high, low = (side[end][end] for side in (*fields, *ports))
        if not any(
            contains(one.entry.shape.destination.ports, high)
            and contains(one.entry.shape.protocols, protocol)
            and contains(one.entry.shape.source.ports, low)
            and contains(one.source[index], source)
            and contains(one.destination[index], destination)
            for one in meeting
        ):
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


def _near(tables: tuple[Overlapping[Entry], Overlapping[Entry]], nets: Ranges) -> Iterator[Entry]:
    for table, numbers in zip(tables, nets, strict=True):
        yield from table.near(numbers)
