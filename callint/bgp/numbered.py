"""What the conditions of many rules say of each other: which imply which, and which exclude which, all at once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Generic, TypeVar

from callint.bgp.route import Conditions
from callint.net.interface import glob_covers
from callint.record import NamedTuple
from callint.selector.values import Budget
from callint.steps import FREE

T = TypeVar("T")

# Kinds of which no route meets two values, unless one implies the other
_EXCLUSIVE = ("as-path", "priority", "peer-type")


class Relations(NamedTuple):
    """Tuples of conditions, as bits: those that some conditions imply, those that imply them, those that exclude them.

    Whatever meets all of one tuple meets all of those that it implies, and not all of any that it excludes.
    """

    weaker: int
    stronger: int
    excluded: int


class Numbered:
    """Tuples of conditions, none of which has two of one kind, by number: a set of them is the bits of an integer."""

    def __init__(self, several: Iterable[Conditions], steps: Budget = FREE) -> None:
        """Each once, and none that is empty."""
        self.several = list(dict.fromkeys(several))
        self._numbers = {when: number for number, when in enumerate(self.several)}
        self._kinds: dict[str, _Equal[Any] | _Paths] = {}
        self._asking: dict[str, int] = {}
        for when, number in self._numbers.items():
            bit = 1 << number
            for condition in when:
                kind = condition.kind
                if kind not in self._kinds:
                    self._kinds[kind] = (
                        _Paths() if kind == "as-path" else _Patterns(steps) if kind == "interface" else _Equal()
                    )
                self._kinds[kind].add(condition.value, bit)
                self._asking[kind] = self._asking.get(kind, 0) | bit

    def number(self, when: Conditions) -> int:
        """The number of one of them."""
        return self._numbers[when]

    def about(self, when: Conditions) -> Relations:
        """How one of them relates to all."""
        stronger, excluded, lacking = -1, 0, 0
        implied: dict[str, int] = {}
        for kind, value in when:
            implied[kind], implying = self._kinds[kind].related(value)
            stronger &= implying
            if kind in _EXCLUSIVE:
                excluded |= self._asking[kind] & ~(implied[kind] | implying)
        for each, asking in self._asking.items():
            lacking |= asking & ~implied.get(each, 0)
        return Relations((1 << len(self.several)) - 1 & ~lacking, stronger, excluded)


class _Equal(Generic[T]):
    """Values that imply only themselves."""

    def __init__(self) -> None:
        self._bits: dict[T, int] = {}

    def add(self, value: T, bit: int) -> None:
        self._bits[value] = self._bits.get(value, 0) | bit

    def related(self, value: T) -> tuple[int, int]:
        """Who asks for something that the value implies, and for something that implies it."""
        return self._bits[value], self._bits[value]


class _Path:
    """Who asks for this beginning of an AS path, who for one that begins so, and how those go on."""

    __slots__ = ("below", "here", "longer")

    def __init__(self) -> None:
        self.here = self.below = 0
        self.longer: dict[int, _Path] = {}


class _Paths:
    """Beginnings of AS paths, each of which implies those that it begins with."""

    def __init__(self) -> None:
        self._root = _Path()

    def add(self, value: tuple[int, ...], bit: int) -> None:
        at = self._root
        for number in value:
            at.below |= bit
            at = at.longer.setdefault(number, _Path())
        at.below |= bit
        at.here |= bit

    def related(self, value: tuple[int, ...]) -> tuple[int, int]:
        at = self._root
        implied = at.here
        for number in value:
            at = at.longer[number]
            implied |= at.here
        return implied, at.below


class _Patterns(_Equal[str]):
    """Patterns of interfaces, compared where they begin and end so that one may cover the other."""

    def __init__(self, steps: Budget) -> None:
        super().__init__()
        self._steps = steps

    def related(self, value: str) -> tuple[int, int]:
        implied = implying = self._bits[value]
        covering, covered = self._covers
        for other in covering.get(value, ()):
            implied |= self._bits[other]
        for other in covered.get(value, ()):
            implying |= self._bits[other]
        return implied, implying

    @cached_property
    def _covers(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """For each pattern the others that cover it, and those that it covers."""
        ends: dict[tuple[str, str], list[str]] = {}
        for pattern in self._bits:
            if "*" in pattern:
                ends.setdefault((pattern.partition("*")[0], pattern.rpartition("*")[2]), []).append(pattern)
        lengths = {(len(head), len(tail)) for head, tail in ends}
        covering: dict[str, list[str]] = {}
        covered: dict[str, list[str]] = {}
        for pattern in self._bits:
            head, tail = pattern.partition("*")[0], pattern.rpartition("*")[2]
            near = [
                other
                for before, after in lengths
                if before <= len(head) and after <= len(tail)
                for other in ends.get((head[:before], tail[len(tail) - after :]), ())
            ]
            self._steps.spend(len(lengths) + len(near))
            for other in near:
                if other != pattern and glob_covers(other, pattern):
                    covering.setdefault(pattern, []).append(other)
                    covered.setdefault(other, []).append(pattern)
        return covering, covered
