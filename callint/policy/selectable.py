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

_OF_CLASS = 8
"""Steps that it takes to see whether a selector matches labels."""


class _Class(Generic[T]):
    """Things that no selector can tell apart, with their places among all."""

    __slots__ = ("labels", "members")

    def __init__(self, labels: Labels) -> None:
        self.labels = labels
        self.members: list[tuple[int, T]] = []


class Selectable(Generic[T]):
    """Things with labels; a selector is asked once for those of equal labels, and never for those it cannot match.

    With steps, whoever asks for more than these allow raises TooManyStepsError.
    """

    def __init__(self, things: Iterable[tuple[Labels, T]], steps: Steps | None = None) -> None:
        """Put each to those that are labelled alike."""
        classes: dict[object, _Class[T]] = {}
        for place, (labels, thing) in enumerate(things):
            key = labels.alike
            if key not in classes:
                classes[key] = _Class(labels)
            classes[key].members.append((place, thing))
        self._index: LabelIndex[_Class[T]] = LabelIndex()
        for one in classes.values():
            self._index.add(one, *one.labels.seen)
        self._steps = steps

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self._index)

    def within(self, steps: Steps) -> Selectable[T]:
        """The same things for one who has so many steps."""
        found: Selectable[T] = Selectable((), steps)
        found._index = self._index
        return found

    def classes(self, selector: Selector) -> list[tuple[T, bool | None]]:
        """The first of each class that the selector matches, or may match (None), in their order."""
        return [(one.members[0][1], answer) for one, answer in self._asked(selector)]

    def all(self, selector: Selector) -> list[tuple[T, bool | None]]:
        """What the selector matches, or may match (None), in the order in which it was given."""
        found: list[tuple[int, T, bool | None]] = []
        for one, answer in self._asked(selector):
            self._spend(len(one.members))
            found += ((place, thing, answer) for place, thing in one.members)
        return [(thing, answer) for _, thing, answer in sorted(found, key=itemgetter(0))]

    def few(self, selector: Selector, most: int, *, surely: bool = False) -> list[T]:
        """The first of what the selector matches, or may, or only `surely` does.

        Classes are in the order of their first members.
        """
        found = (one for one, answer in self._asked(selector) if answer or not surely)
        members = chain.from_iterable(one.members for one in islice(found, most))
        return [thing for _, thing in sorted(members, key=itemgetter(0))[:most]]

    def surely(self, selector: Selector) -> list[T]:
        """What the selector matches for certain, in the order in which it was given."""
        return [thing for thing, answer in self.all(selector) if answer]

    def first(self, selector: Selector) -> T | None:
        """Something that the selector matches for certain; None if there is nothing."""
        return next((one.members[0][1] for one, answer in self._asked(selector) if answer), None)

    def any(self, selector: Selector) -> bool:
        """Whether the selector matches anything, or may."""
        return next(self._asked(selector), None) is not None

    def count(self, selector: Selector) -> int:
        """How many classes may have to be asked whether the selector matches them."""
        return self._index.count(selector)

    def _spend(self, steps: int) -> None:
        if self._steps is not None:
            self._steps.spend(steps)

    def _asked(self, selector: Selector) -> Iterator[tuple[_Class[T], bool | None]]:
        """Each class that the selector matches, or may match."""
        for one in self._index.each(selector):
            self._spend(_OF_CLASS)
            answer = holds(selector, one.labels)
            if answer is not False:
                yield one, answer
