"""Which selectors match which labels, among many of both, without asking every pair.

Most selectors need one of a few labels: no labels can match `app == "web" && !has(old)` without `app` being "web". What
lacks them all is never asked. The answers are candidates: whoever wants to be sure asks the selector itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import chain
from typing import Generic, TypeVar

from callint.selector.needs import Need, mentioned, needs
from callint.selector.plain import plain, required
from callint.selector.syntax import Selector

T = TypeVar("T")

_MANY, _DEEPEST, _FEW = 16, 3, 8
"""How many selectors under one label are parted by another, by how many at most, and by how few values of it."""


class _Price(dict["frozenset[Need]", int]):
    """What alternatives cost together, each added up once."""

    def __init__(self, cost: Mapping[Need, int]) -> None:
        self._cost = cost

    def __missing__(self, several: frozenset[Need]) -> int:
        found = self[several] = sum([self._cost[need] for need in several])
        return found


class LabelIndex(Generic[T]):
    """Things with labels, to be found by a selector."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._items: list[T] = []
        self._places: dict[str, dict[str, list[int]]] = {}
        self._having: dict[str, list[int]] = {}
        self._open: dict[tuple[str, ...], list[int]] = {}

    def add(
        self, item: T, labels: Mapping[str, str], present: Iterable[str] = (), opened: tuple[str, ...] = ()
    ) -> None:
        """A thing with its labels; those `present` have an unknown value, those that begin as `opened` may exist."""
        place = len(self._items)
        self._items.append(item)
        self._having.clear()
        for key, value in labels.items():
            self._places.setdefault(key, {}).setdefault(value, []).append(place)
        unknown = (*opened, *(key for key in present if key not in labels))
        if unknown:
            self._open.setdefault(unknown, []).append(place)

    def __len__(self) -> int:
        """How many things there are."""
        return len(self._items)

    def candidates(self, selector: Selector) -> list[T]:
        """The things that the selector matches or may match, and perhaps others, in the order in which they came."""
        return list(self.each(selector))

    def count(self, selector: Selector) -> int:
        """How many they are."""
        found = self._found(selector)
        return len(self._items if found is None else found)

    def each(self, selector: Selector) -> Iterable[T]:
        """The same one by one."""
        found = self._found(selector)
        return self._items if found is None else (self._items[place] for place in found)

    def _found(self, selector: Selector) -> Sequence[int] | None:
        """The places of candidates in order; None for those of all things."""
        found = needs(selector, self._cost)
        if found is None:
            return None
        lists = [there for need in found if (there := self._with(need))]
        if self._open:
            keys = tuple({need.key for need in found})
            lists += [others for unknown, others in self._open.items() if any(key.startswith(unknown) for key in keys)]
        return lists[0] if len(lists) == 1 else sorted(set(chain.from_iterable(lists)))

    def _cost(self, need: Need) -> int:
        return len(self._with(need))

    def _with(self, need: Need) -> Sequence[int]:
        """The places of what has a label, in order; of any value they are put together when somebody asks."""
        key, value = need
        values = self._places.get(key, {})
        if value is not None:
            return values.get(value, ())
        if len(values) < 2:
            return next(iter(values.values()), ())
        if key not in self._having:
            self._having[key] = sorted(chain.from_iterable(values.values()))
        return self._having[key]


class SelectorIndex(Generic[T]):
    """Things with selectors, to be found by the labels that these match."""

    def __init__(self, items: Iterable[tuple[Selector, T]]) -> None:
        """Put each under what its selector needs, the rarest first."""
        pairs = list(items)
        self._items = [item for _, item in pairs]
        self._selectors = [selector for selector, _ in pairs]
        asked = [mentioned(selector) for selector in self._selectors]
        cost: Counter[Need] = Counter()
        for part, times in Counter(chain.from_iterable(asked)).items():
            for need in part:
                cost[need] += times
        price = _Price(cost)
        self._all = _Group()
        for place, (selector, several) in enumerate(zip(self._selectors, asked, strict=True)):
            if plain(selector) is None:
                self._all.add(place, needs(selector, cost.__getitem__))
            else:
                self._all.add(place, min(several, key=price.__getitem__, default=None))

    def candidates(
        self, labels: Mapping[str, str], present: Iterable[str] = (), opened: tuple[str, ...] = ()
    ) -> list[T]:
        """The things whose selectors match the labels or may match them, and perhaps others, in their order."""
        return [self._items[place] for place in sorted(self._found(labels, present, opened))]

    def fewest(self, several: Iterable[Mapping[str, str]]) -> list[T] | None:
        """The candidates for those of several labels that have the fewest; None for none."""
        places = min((self._found(labels, (), ()) for labels in several), key=len, default=None)
        return None if places is None else [self._items[place] for place in sorted(places)]

    def count(self, labels: Mapping[str, str], present: Iterable[str] = (), opened: tuple[str, ...] = ()) -> int:
        """How many candidates there are."""
        return len(self._found(labels, present, opened))

    def latest(
        self, labels: Mapping[str, str], present: Iterable[str] = (), opened: tuple[str, ...] = ()
    ) -> Iterator[T]:
        """The candidates one by one, the last first and perhaps repeatedly, for those who look for any one of them."""
        found = map(reversed, self._lists(labels, present, opened))
        return (self._items[place] for place in merge(*found, reverse=True))

    def _found(self, labels: Mapping[str, str], present: Iterable[str], opened: tuple[str, ...]) -> Collection[int]:
        """The places of candidates, each once."""
        lists = self._lists(labels, present, opened)
        return lists[0] if len(lists) == 1 else set().union(*lists)

    def _lists(self, labels: Mapping[str, str], present: Iterable[str], opened: tuple[str, ...]) -> list[Sequence[int]]:
        """The same in several lists, each in order."""
        lists: list[Sequence[int]] = []
        unknown = (*opened, *present)
        pending = [self._all]
        while pending:
            group = pending.pop()
            if group.always:
                lists.append(group.always)
            for key in labels.keys() & group.under.keys():
                under = group.under[key]
                for value in (labels[key], None):
                    if value in under:
                        pending += self._sought(group, key, value, lists)
            if unknown:
                for key, under in group.under.items():
                    if key not in labels and key.startswith(unknown):
                        for value in under:
                            pending += self._sought(group, key, value, lists)
        return lists

    def _sought(self, group: _Group, key: str, value: str | None, lists: list[Sequence[int]]) -> Sequence[_Group]:
        """Add to the lists what needs a value of a label; or give it as a group, if it is much."""
        found = group.under[key][value]
        if len(found) < _MANY or len(group.known) == _DEEPEST:
            lists.append(found)
            return ()
        part = group.parts.get((key, value))
        if part is None:
            part = group.parts[key, value] = self._parted(found, (*group.known, key))
        return (part,)

    def _parted(self, places: Sequence[int], known: tuple[str, ...]) -> _Group:
        """Some selectors by what they need besides the labels that are known."""
        further = [list(_further(self._selectors[place], known)) for place in places]
        cost = Counter(chain.from_iterable(chain.from_iterable(further)))
        group = _Group(known)
        for place, each in zip(places, further, strict=True):
            group.add(place, min(each, key=lambda several: sum([cost[need] for need in several]), default=None))
        return group


class _Group:
    """The places of selectors by a label that each needs besides those `known`, or else among those found `always`.

    `parts` are those under one label, if there were many, by a further one.
    """

    __slots__ = ("always", "known", "parts", "under")

    def __init__(self, known: tuple[str, ...] = ()) -> None:
        self.known = known
        self.always: list[int] = []
        self.under: dict[str, dict[str | None, list[int]]] = {}
        self.parts: dict[tuple[str, str | None], _Group] = {}

    def add(self, place: int, needed: Iterable[tuple[str, str | None]] | None) -> None:
        if needed is None:
            self.always.append(place)
        for key, value in needed or ():
            self.under.setdefault(key, {}).setdefault(value, []).append(place)


def _further(selector: Selector, known: Container[str]) -> Iterator[Sequence[tuple[str, str | None]]]:
    """What a plain selector needs besides labels that are known; lists of many values would not part much."""
    for key, values in (plain(selector) or {}).items():
        if key not in known and required(values) and (values is None or len(values) <= _FEW):
            yield ((key, None),) if values is None else [(key, value) for value in values]
