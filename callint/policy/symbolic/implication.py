"""Whether whatever one selector matches is matched by another, asked for many pairs of selectors."""

from __future__ import annotations

from functools import cache, partial
from typing import TypeVar

from callint.selector import Selector
from callint.selector.index import SelectorIndex
from callint.selector.plain import implied, meet, plain, sample
from callint.selector.satisfy import Unknown, difference, intersection, samples
from callint.selector.syntax import atoms
from callint.selector.values import Budget

T = TypeVar("T")

_MOST_SAMPLES = 8
_OF_PAIR = 4
"""What two selectors take before one of them is asked for labels."""


class Implication:
    """Answers made once; most are no because of a few sets of labels.

    Whoever asks of selectors that are not plain raises ExhaustedError after so many steps. `unknown` is how often an
    answer was not known, since two selectors were too large.
    """

    def __init__(self, steps: int) -> None:
        """Nothing was asked yet."""
        self.unknown: int = 0
        self._budget = Budget(steps)
        self._answers: dict[tuple[Selector, Selector], bool | None] = {}
        self._apart: dict[tuple[Selector, Selector], bool | None] = {}
        self._samples_of = cache(partial(samples, most=_MOST_SAMPLES // 2))
        self._size = cache(lambda selector: len(atoms(selector)))

    def holds(self, a: Selector, b: Selector) -> bool:
        """Whether whatever `a` matches is surely matched by `b`."""
        if a is b:
            return True
        one, other = plain(a), plain(b)
        if one is not None and other is not None:
            return implied(one, other)
        if self._chosen(a, b, matched=False):
            return False
        if (a, b) not in self._answers:
            found = difference(a, b, self._budget)
            self._answers[a, b] = None if isinstance(found, Unknown) else found is None
            self._add(a, found)
        return self._sure(self._answers[a, b])

    def excludes(self, a: Selector, b: Selector) -> bool:
        """Whether surely nothing is matched by both."""
        one, other = plain(a), plain(b)
        if one is not None and other is not None:
            return not meet(one, other)
        if self._chosen(a, b, matched=True) or self._chosen(b, a, matched=True):
            return False
        if (a, b) not in self._apart:
            found = intersection(a, b, self._budget)
            self._apart[a, b] = None if isinstance(found, Unknown) else found is None
            self._add(a, found)
            self._add(b, found)
        return self._sure(self._apart[a, b])

    def candidates(self, selector: Selector, index: SelectorIndex[T]) -> list[T] | None:
        """The things of an index that may be implied by a selector, and perhaps others; None if that may be any."""
        known = plain(selector)
        if known is not None:
            return index.candidates(sample(known))
        return index.fewest(self._samples_of(selector))

    def _sure(self, answer: bool | None) -> bool:
        self.unknown += answer is None
        return answer is True

    def _chosen(self, a: Selector, b: Selector, *, matched: bool) -> bool:
        """Whether of the labels that are known to be matched by `a` some are matched by `b`, or are not."""
        samples = self._samples_of(a)
        self._budget.spend(_OF_PAIR)
        for place, labels in enumerate(samples):
            self._budget.spend(1 + self._size(b) // 2)
            if b.matches(labels) is matched:
                samples[0], samples[place] = labels, samples[0]  # the next one asked about is often much like this
                return True
        return False

    def _add(self, selector: Selector, labels: dict[str, str] | Unknown | None) -> None:
        """Remember labels that the selector matches, instead of those that were of no use for longest."""
        if isinstance(labels, dict):
            known = self._samples_of(selector)
            known[_MOST_SAMPLES - 1 :] = []
            known.insert(0, labels)
