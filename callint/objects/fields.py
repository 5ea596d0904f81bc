"""Reading fields of plain document values: a value of the wrong type counts as absent, its place is a gap already.

Scalars are converted as sigs.k8s.io/yaml does for a Go string field: numbers and booleans become their text.
"""

from __future__ import annotations

from typing import Any

from callint.finding import Path
from callint.source.scalars import go_text

Plain = dict[str, Any]
_EMPTY: Plain = {}


def as_text(value: Any) -> str | None:
    """The text of a scalar as Go prints it into a string field; None for null, lists and maps."""
    if isinstance(value, str):
        return value
    return go_text(value) if isinstance(value, (int, float)) else None


def at(value: Any, path: Path) -> Any:
    """What stands at a path below a value; None where the way there ends."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def text(plain: Plain, key: str) -> str | None:
    """A string field."""
    value = plain.get(key)
    return value if value is None or value.__class__ is str else as_text(value)


def flag(plain: Plain, key: str) -> bool | None:
    """A boolean field."""
    value = plain.get(key)
    return value if isinstance(value, bool) else None


def integer(plain: Plain, key: str) -> int | None:
    """A field that is a whole number."""
    return whole(plain.get(key))


def whole(value: Any) -> int | None:
    """A whole number, also one written as a float without fraction, for JSON prints both alike; None for all else."""
    if value.__class__ is float and value.is_integer():
        return int(value)
    return value if value.__class__ is int else None


def number(plain: Plain, key: str) -> float | None:
    """A number field, such as `order`."""
    value = plain.get(key)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def mapping(plain: Plain, key: str) -> Plain:
    """A map field; empty when absent."""
    value = plain.get(key)
    return value if isinstance(value, dict) else _EMPTY


def items(plain: Plain, key: str) -> list[tuple[int, Any]]:
    """The items of a list field with their places; empty when absent."""
    value = plain.get(key)
    return list(enumerate(value)) if isinstance(value, list) else []


def texts(plain: Plain, key: str) -> tuple[str, ...]:
    """A list of strings; items that are none are left out."""
    value = plain.get(key)
    if not isinstance(value, list):
        return ()
    for item in value:
        if item.__class__ is not str:
            return tuple([found for item in value if (found := as_text(item)) is not None])
    return tuple(value)


def labels(plain: Plain, key: str = "labels") -> dict[str, str]:
    """A map of strings to strings; null is the empty one, and values that are no scalars are left out."""
    written = mapping(plain, key)
    for item in written.values():
        if item.__class__ is not str:
            texts = ((name, "" if item is None else as_text(item)) for name, item in written.items())
            return {name: found for name, found in texts if found is not None}
    return written  # as nearly all are: nothing to convert, nothing to hold twice
