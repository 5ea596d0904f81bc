"""Named tuples of `callint.record` are what those of `typing` are."""

from __future__ import annotations

import copy
import pickle
import typing
from typing import Any

import pytest

from callint import record


class Ours(record.NamedTuple):
    """A place."""

    file: str
    line: int
    tags: tuple[str, ...] = ()

    @property
    def next(self) -> int:
        """The line below."""
        return self.line + 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Theirs(typing.NamedTuple):
    """A place."""

    file: str
    line: int
    tags: tuple[str, ...] = ()

    @property
    def next(self) -> int:
        """The line below."""
        return self.line + 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@pytest.mark.parametrize(
    "ask",
    [
        lambda kind: kind("a", 1),
        lambda kind: kind("a", 1, ("b",)) == kind(file="a", tags=("b",), line=1),
        lambda kind: (kind("a", 1).file, kind("a", 1).line, kind("a", 1).tags, kind("a", 1).next),
        lambda kind: kind("a", 1)._replace(line=2),
        lambda kind: kind("a", 1)._asdict(),
        lambda kind: sorted([kind("b", 1), kind("a", 2), kind("a", 1)]),
        lambda kind: hash(kind("a", 1)) == hash(("a", 1, ())),
        lambda kind: repr(kind("a", 1)).removeprefix(kind.__name__),
        lambda kind: str(kind("a", 1)),
        lambda kind: (kind._fields, kind.__match_args__, kind.__doc__, kind.__module__, list(kind.__annotations__)),
        lambda kind: isinstance(kind("a", 1), tuple) and not hasattr(kind("a", 1), "__dict__"),
        lambda kind: [copy.copy(kind("a", 1)), copy.deepcopy(kind("a", 1)), pickle.loads(pickle.dumps(kind("a", 1)))],
        lambda kind: kind.__new__.__defaults__,
    ],
)
def test_they_answer_alike(ask: Any) -> None:
    assert ask(Ours) == ask(Theirs)


@pytest.mark.parametrize("kind", [Ours, Theirs])
def test_what_does_not_fit_is_refused(kind: Any) -> None:
    for values, named in (((), {}), (("a",), {}), (("a", 1, (), 2), {}), (("a", 1), {"text": 2})):
        with pytest.raises(TypeError):
            kind(*values, **named)
    with pytest.raises((TypeError, ValueError), match="text"):  # the latter before Python 3.13
        kind("a", 1)._replace(text=2)
    with pytest.raises(AttributeError):
        kind("a", 1).line = 2
    with pytest.raises(AttributeError):
        kind("a", 1).other = 2
