"""What earlier rules of a filter asked of routes that they did not take, kept as what was added to what."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from callint.bgp.numbered import Numbered
from callint.bgp.route import Conditions
from callint.selector.values import Budget


class Trail:
    """Conditions in order: the last ones, by number, and those before. The same ones are the same object."""

    __slots__ = ("before", "number")

    def __init__(self, before: Trail | None, number: int) -> None:
        """One more; the empty one has none before it."""
        self.before = before
        self.number = number

    def __iter__(self) -> Iterator[int]:
        """The numbers, the last one first."""
        at = self
        while at.before is not None:
            yield at.number
            at = at.before


class Untaken:
    """Conditions of which routes meet none in full, written out when somebody asks: they may be as many as rules."""

    __slots__ = ("_asked", "_excluded", "_more", "_trail")

    def __init__(self, asked: Asked, trail: Trail, excluded: int, more: tuple[Conditions, ...] = ()) -> None:
        """Those on a trail that are not excluded, and some more."""
        self._asked = asked
        self._trail = trail
        self._excluded = excluded
        self._more = more

    def __iter__(self) -> Iterator[Conditions]:
        several = self._asked.numbered.several
        yield from [several[number] for number in self._trail if not self._excluded >> number & 1][::-1]
        yield from self._more

    def __add__(self, more: tuple[Conditions, ...]) -> Untaken:
        return Untaken(self._asked, self._trail, self._excluded, (*self._more, *more)) if more else self


Unless = tuple[Conditions, ...] | Untaken
"""Conditions that a route must not meet: of each tuple not all."""


class Asked:
    """The conditions of the rules of one list; each trail of them is made once."""

    def __init__(self, numbered: Numbered, steps: Budget) -> None:
        """Nothing has been asked yet."""
        self.numbered = numbered
        self.nothing = Trail(None, -1)
        self._made: dict[tuple[Trail, int], Trail] = {}
        self._steps = steps

    def also(self, trail: Trail, asks: int, when: Conditions, *, without: int) -> tuple[Trail, int]:
        """A trail, and its numbers as bits, with one at the end and without some of the others."""
        number = self.numbered.number(when)
        kept = asks & ~(without | 1 << number)
        if kept != asks:
            trail = self._only(trail, kept)
        return self._next(trail, number), kept | 1 << number

    def _only(self, trail: Trail, kept: int) -> Trail:
        numbers = [number for number in trail if kept >> number & 1]
        self._steps.spend(len(numbers))
        return reduce(self._next, reversed(numbers), self.nothing)

    def _next(self, trail: Trail, number: int) -> Trail:
        key = (trail, number)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = Trail(trail, number)
        return found

    def written(self, trail: Trail, asks: int, excluded: int = 0) -> Unless:
        """What a trail asks that is not excluded."""
        return Untaken(self, trail, excluded) if asks & ~excluded else ()
