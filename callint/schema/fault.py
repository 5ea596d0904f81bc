"""What an object violates of its schema, before it is put in words and after."""

from __future__ import annotations

from typing import Any

from callint.finding import Path, Problem, Step
from callint.record import NamedTuple

PLACEHOLDER = "placeholder"
CASE = "case"
CONVERTED = "converted"
DEPRECATED = "deprecated"
UNKNOWN = "additionalProperties"


class Fault(NamedTuple):
    """One violated keyword: where, which (of JSON Schema, or named above), the value, and what was expected."""

    path: Path
    keyword: str
    value: Any
    expected: Any


def under(step: Step, faults: list[Fault]) -> list[Fault]:
    """The same faults seen from one step above."""
    return [Fault((step, *fault.path), fault.keyword, fault.value, fault.expected) for fault in faults]


class Examined(NamedTuple):
    """The problems of one object, and the paths (from the object's root) of values that nobody may read."""

    problems: tuple[Problem, ...] = ()
    gaps: tuple[Path, ...] = ()


NOTHING = Examined()
