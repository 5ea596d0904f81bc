"""Rules that decide before another one, to be found by the packets that both may match."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from callint.net import intervals
from callint.net.address import LAST, Family
from callint.net.intervals import Intervals
from callint.net.overlapping import Overlapping
from callint.net.packets import Packet
from callint.policy.ranges import EVERYWHERE, Ranges
from callint.policy.symbolic.order import Item
from callint.policy.symbolic.shadow import Shadows
from callint.policy.symbolic.shape import FREE, Shape
from callint.record import NamedTuple

_FEW = 16
_STRANGE = 253
"""A protocol for experiments (RFC 3692), of which no rule speaks but those for any protocol."""

Answer = tuple["tuple[Family, Packet] | None", Sequence[Item]]


class Entry(NamedTuple):
    """Something that decides, its number among all that do, and its shape."""

    number: int
    item: Item
    shape: Shape


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


def _put(tables: tuple[Overlapping[Entry], Overlapping[Entry]], nets: Ranges, entry: Entry) -> None:
    for table, numbers in zip(tables, nets, strict=True):
        table.add(numbers, entry)


def _near(tables: tuple[Overlapping[Entry], Overlapping[Entry]], nets: Ranges, end: int | None) -> Iterator[Entry]:
    for table, numbers in zip(tables, nets, strict=True):
        yield from table.near(_ending(numbers, end))


def _ending(numbers: Intervals, end: int | None) -> Intervals:
    """The first or the last of some numbers alone, or with None all of them."""
    return numbers if end is None or not numbers else ((numbers[end][end], numbers[end][end]),)
