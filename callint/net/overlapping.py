"""Which sets of numbers of many share a number with a set, and which networks with a network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Generic, TypeVar

from callint.net.address import FAMILIES, Family, Prefix
from callint.net.intervals import Intervals

T = TypeVar("T")


class Overlapping(Generic[T]):
    """Things with sets of numbers, by size of their intervals and place: found without asking those far away."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._cells: dict[int, dict[int, list[T]]] = {}

    def add(self, numbers: Intervals, thing: T) -> None:
        """A thing with its set."""
        for low, high in numbers:
            size = (high - low).bit_length()
            cells = self._cells.setdefault(size, {})
            for cell in {low >> size, high >> size}:
                cells.setdefault(cell, []).append(thing)

    def near(self, numbers: Intervals) -> Iterator[T]:
        """The things whose sets share a number, and perhaps others, some of them several times."""
        return chain.from_iterable(
            things
            for size, cells in self._cells.items()
            for low, high in (numbers if len(numbers) < 2 else _apart(numbers, size))
            for things in _between(cells, low >> size, high >> size)
        )


class InOrder(Generic[T]):
    """Things with sets of numbers, found as in `Overlapping`: each once, in the order in which they were added."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._things: list[T] = []
        self._places: Overlapping[int] = Overlapping()

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._things)

    def add(self, numbers: Intervals, thing: T) -> None:
        """A thing with its set, after all others."""
        self._places.add(numbers, len(self._things))
        self._things.append(thing)

    def near(self, numbers: Intervals) -> list[T]:
        """The things whose sets share a number, and perhaps others."""
        return [self._things[place] for place in sorted(set(self._places.near(numbers)))]


class Networks(Generic[T]):
    """Networks of either family with something about each, found by what overlaps them, in the order given."""

    def __init__(self, networks: Iterable[tuple[Prefix, T]]) -> None:
        """Put each under its addresses."""
        self._near: dict[Family, InOrder[tuple[Prefix, T]]] = {family: InOrder() for family in FAMILIES}
        for net, about in networks:
            self._near[net.family].add(((net.first, net.last),), (net, about))

    def __bool__(self) -> bool:
        """Whether there is any."""
        return any(self._near.values())

    def near(self, family: Family, addresses: Intervals) -> list[tuple[Prefix, T]]:
        """Those that hold any of some addresses, and perhaps others."""
        return self._near[family].near(addresses)

    def overlapping(self, other: Prefix) -> Iterator[tuple[Prefix, T]]:
        """Those that share addresses with a network."""
        near = self.near(other.family, ((other.first, other.last),))
        return (found for found in near if found[0].overlaps(other))


def _apart(numbers: Intervals, size: int) -> Iterator[tuple[int, int]]:
    """The same numbers with others in the cells of this size around them, each cell once."""
    after = 0
    for low, high in numbers:
        if high >= after:
            yield max(low, after), high
            after = ((high >> size) + 1) << size


def _between(cells: dict[int, list[T]], low: int, high: int) -> Iterable[list[T]]:
    """What lies in the cells from one to another."""
    if high - low > len(cells):
        return (things for cell, things in cells.items() if low <= cell <= high)
    return (cells[cell] for cell in range(low, high + 1) if cell in cells)
