"""Things with labels that selectors find, without asking each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from operator import itemgetter
from typing import Generic, TypeVar

from callint.policy.labels import Labels, holds
from callint.selector import Selector
from callint.selector.index import LabelIndex
from callint.steps import Steps

T = TypeVar("T")

_OF_CLASS = 4
"""Steps that it takes to see whether a selector matches labels."""


class _Class(Generic[T]):
    """Things that no selector can tell apart, with their places among all."""

    __slots__ = ("labels", "members")

    def __init__(self, labels: Labels) -> None:
        self.labels = labels
        self.members: list[tuple[int, T]] = []


class Selectable(Generic[T]):
    """Things with labels; a selector is asked once for those of equal labels, and never for those it cannot match.

    Whoever gives steps that are too few for what has to be asked raises TooManyStepsError.
    """

    def __init__(self, things: Iterable[tuple[Labels, T]]) -> None:
        """Put each to those that are labelled alike."""
        classes: dict[object, _Class[T]] = {}
        for place, (labels, thing) in enumerate(things):
            key = (frozenset(labels.known.items()), *labels[1:])
            found = classes.get(key)
            if found is None:
                found = classes[key] = _Class(labels)
            found.members.append((place, thing))
        self._index: LabelIndex[_Class[T]] = LabelIndex()
        for one in classes.values():
            self._index.add(one, one.labels.known, one.labels.present, one.labels.open)

    def classes(self, selector: Selector, steps: Steps | None = None) -> list[tuple[T, bool | None]]:
        """The first of each class that the selector matches, or may match (None), in their order."""
        return [(one.members[0][1], answer) for one, answer in self._asked(selector, steps)]

    def all(self, selector: Selector, steps: Steps | None = None) -> list[tuple[T, bool | None]]:
        """What the selector matches, or may match (None), in the order in which it was given."""
        found: list[tuple[int, T, bool | None]] = []
        for one, answer in self._asked(selector, steps):
            found += ((place, thing, answer) for place, thing in one.members)
        return [(thing, answer) for _, thing, answer in sorted(found, key=itemgetter(0))]

    def few(self, selector: Selector, most: int, steps: Steps | None = None, *, surely: bool = False) -> list[T]:
        """The first of what the selector matches, or may, or only `surely` does.

        Classes are in the order of their first members.
        """
        found = (one for one, answer in self._asked(selector, steps) if answer or not surely)
        members = chain.from_iterable(one.members for one in islice(found, most))
        return [thing for _, thing in sorted(members, key=itemgetter(0))[:most]]

    def surely(self, selector: Selector, steps: Steps | None = None) -> list[T]:
        """What the selector matches for certain, in the order in which it was given."""
        return [thing for thing, answer in self.all(selector, steps) if answer]

    def first(self, selector: Selector, steps: Steps | None = None) -> T | None:
        """Something that the selector matches for certain; None if there is nothing."""
        return next((one.members[0][1] for one, answer in self._asked(selector, steps) if answer), None)

    def any(self, selector: Selector, steps: Steps | None = None) -> bool:
        """Whether the selector matches anything, or may."""
        return next(self._asked(selector, steps), None) is not None

    def _asked(self, selector: Selector, steps: Steps | None) -> Iterator[tuple[_Class[T], bool | None]]:
        """Each class that the selector matches, or may match."""
        for one in self._index.each(selector):
            if steps is not None:
                steps.spend(_OF_CLASS)
            answer = holds(selector, one.labels)
            if answer is not False:
                yield one, answer
