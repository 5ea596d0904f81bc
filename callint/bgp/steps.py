"""A bound for what grows with the pairs of nodes, peers and filters; who meets it has no answer and must say so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar, cast

from callint.objects import Cluster

T = TypeVar("T")


class TooManyStepsError(Exception):
    """More comparisons would be needed than there may be; the text says of what."""


class Steps:
    """The steps that are left for one question, about a microsecond each.

    Each question has its own, so that no answer depends on what was asked before.
    """

    __slots__ = ("_left", "_most", "_what")

    def __init__(self, cluster: Cluster, what: str) -> None:
        """As many as the limit `comparisons` allows."""
        self._most = self._left = cluster.limits.comparisons
        self._what = what

    def take(self, steps: int) -> None:
        """Raises TooManyStepsError if there are not so many."""
        self._left -= steps
        if self._left < 0:
            raise TooManyStepsError(f"more than {self._most:,} comparisons of {self._what} would be needed")


def counted(several: Iterable[T], steps: Steps, each: int) -> Iterator[T]:
    """The same, each of which takes so many steps; raises TooManyStepsError."""
    for one in several:
        steps.take(each)
        yield one


class Answer(Generic[T]):
    """The answer to a question, for whoever asks again, also where there is none."""

    __slots__ = ("_found", "_why")

    def __init__(self, make: Callable[[], T]) -> None:
        """Asks."""
        self._why = ""
        self._found: T | None = None
        try:
            self._found = make()
        except TooManyStepsError as error:
            self._why = str(error)

    def get(self) -> T:
        """The answer; raises TooManyStepsError."""
        if self._why:
            raise TooManyStepsError(self._why)
        return cast("T", self._found)
