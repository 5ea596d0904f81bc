"""Which selectors of many match something in common with one, without comparing it with each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import groupby
from typing import Generic, TypeVar

from callint.selector.needs import needs
from callint.selector.satisfy import overlaps
from callint.selector.syntax import Compare, Has, Member, Selector, conjuncts
from callint.selector.values import Budget

T = TypeVar("T")


class OverlapIndex(Generic[T]):
    """Things with selectors, to be found by a selector that matches something in common with theirs."""

    def __init__(self, items: Iterable[tuple[Selector, T]], steps: int | None = None) -> None:
        """Put each under the values that it asks for, label by label; comparing them takes so many steps at most."""
        self._budget = None if steps is None else Budget(steps)
        pairs = list(items)
        self._items = [item for _, item in pairs]
        self._selectors = [selector for selector, _ in pairs]
        self._known: dict[Selector, bool] = {}
        self._places: dict[str, dict[str | None, list[int]]] = {}
        self._asking: dict[str, set[int]] = {}
        self._rest: dict[str, list[int]] = {}
        for place, (selector, _) in enumerate(pairs):
            for key, values in _asked(selector).items():
                self._asking.setdefault(key, set()).add(place)
                under = self._places.setdefault(key, {})
                for value in values:
                    under.setdefault(value, []).append(place)

    def candidates(self, selector: Selector) -> Iterator[T]:
        """The things whose selectors may match something in common, and perhaps others, one by one in their order."""
        yield from (self._items[place] for place in self._near(selector))

    def meets(self, selector: Selector) -> bool:
        """Whether there is a thing whose selector may match something in common; raises ExhaustedError."""
        if selector not in self._known:
            near = (self._selectors[place] for place in self._near(selector))
            self._known[selector] = any(overlaps(one, selector, self._budget) is not False for one in near)
        return self._known[selector]

    def _near(self, selector: Selector) -> Iterator[int]:
        """The places of candidates, in order."""
        best: tuple[Sequence[Sequence[int]], str | None] = ((), None)
        fewest = len(self._items)
        for key, values in _asked(selector).items():
            asking = self._asking.get(key)
            if asking is None or None in values:
                continue
            under = self._places[key]
            under_values = [under.get(value, ()) for value in (*values, None)]
            count = sum(map(len, under_values)) + len(self._items) - len(asking)
            if count < fewest:
                best, fewest = (under_values, key), count
        alternatives, chosen = best
        others = range(len(self._items)) if chosen is None else self._not_asking(chosen)
        lists = list(filter(None, alternatives))
        found = merge(*lists, others) if lists else others
        yield from (place for place, _ in groupby(found)) if len(lists) > 1 else found

    def _not_asking(self, key: str) -> Iterable[int]:
        """The places of what does not ask for a label; kept where most do, for then it is short."""
        asking = self._asking[key]
        if key not in self._rest:
            rest = (place for place in range(len(self._items)) if place not in asking)
            if 2 * len(asking) < len(self._items):
                return rest
            self._rest[key] = list(rest)
        return self._rest[key]


def _asked(selector: Selector) -> dict[str, frozenset[str | None]]:
    """Labels that whatever the selector matches has, each with the values that it can have there, None being any."""
    found: dict[str, frozenset[str | None]] = {}
    for one in conjuncts(selector):
        if isinstance(one, (Compare, Member, Has)):
            alternatives = needs(one)
            if alternatives is not None:
                found[one.key] = frozenset(need.value for need in alternatives)
    return found
