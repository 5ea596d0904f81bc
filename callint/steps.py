"""A bound for what grows with pairs of objects; who meets it has no answer and must say so."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar, cast

from callint.objects import Cluster
from callint.selector.values import Budget, ExhaustedError

T = TypeVar("T")

FREE = Budget(sys.maxsize)
"""For questions whose bound is that of whoever asks."""

MORE = "`limits: {comparisons: N}` in callint.yaml allows for more"
"""What whoever meets the bound can do."""


class TooManyStepsError(ExhaustedError):
    """More comparisons would be needed than there may be; the text says of what."""


class Steps(Budget):
    """The steps that are left for one question: as many as the limit `comparisons` allows.

    Each question has its own, so that no answer depends on what was asked before.
    """

    __slots__ = ("_why",)

    def __init__(self, cluster: Cluster, what: str, share: float = 1) -> None:
        """`what` is compared; a question that is one of many alike has a share of the steps."""
        most = int(cluster.limits.comparisons * share)
        super().__init__(most)
        self._why = cluster.limits._replace(comparisons=most).too_many(what)

    def exhausted(self) -> TooManyStepsError:
        """Says what there is too much of."""
        return TooManyStepsError(self._why)


def counted(several: Iterable[T], steps: Budget, each: int) -> Iterator[T]:
    """The same, each of which takes so many steps; raises TooManyStepsError."""
    for one in several:
        steps.spend(each)
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
