"""Problems and findings as JSON and back, exactly: what another process found, or another run.

What comes back is held against what callint writes, for a cache may hold anything; MisfitError says that it is not.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from callint.finding import SEVERITIES, Finding, ObjectRef, Path, Problem, Related, Span, Suppression, Witness

Made = TypeVar("Made")

_FARTHEST = 1 << 32
"""More lines or columns than a file has."""
_DEEPEST = 20
"""Lists within lists in what proves a finding."""


class MisfitError(ValueError):
    """Bytes that callint has not written, or not this callint."""


def decoded(line: bytes, make: Callable[[Any], Made]) -> Made:
    """What is made of a line of JSON; raises MisfitError where that is not as it was written."""
    try:
        return make(json.loads(line))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise MisfitError(str(error)) from error


def text(plain: Any) -> str:
    """A string, as it is."""
    if plain.__class__ is not str:
        raise MisfitError(f"no text: {plain.__class__}")
    return str(plain)


def count(plain: Any, most: int = _FARTHEST) -> int:
    """A whole number from 0 on, as it is."""
    if plain.__class__ is not int or not 0 <= plain <= most:
        raise MisfitError(f"no number up to {most}: {plain.__class__}")
    return int(plain)


def truth(plain: Any) -> bool:
    """Yes or no, as it is."""
    if plain.__class__ is not bool:
        raise MisfitError(f"neither true nor false: {plain.__class__}")
    return bool(plain)


def steps(plain: list[Any]) -> Path:
    """A path: keys and indexes."""
    return tuple(step if step.__class__ is str else count(step) for step in plain)


def frozen(value: Any, depth: int = _DEEPEST) -> Any:
    """The value with lists as tuples again, at every depth."""
    if value.__class__ is dict or not depth:
        raise MisfitError("what proves a finding holds maps, or is nested too deeply")
    return tuple(frozen(item, depth - 1) for item in value) if value.__class__ is list else value


def problem(plain: list[Any]) -> Problem:
    """A problem from its JSON, which is that of the named tuple."""
    kind, span, message, near, path, help_ = plain
    return Problem(text(kind), _span(span), text(message), _related(near), steps(path), text(help_))


def finding(plain: list[Any]) -> Finding:
    """A finding from its JSON, which is that of the named tuple."""
    rule, name, severity, message, span, about, path, cluster, near, proof, help_, suppressed = plain
    return Finding(
        text(rule),
        text(name),
        SEVERITIES[SEVERITIES.index(severity)],
        text(message),
        _span(span),
        None if about is None else _object(about),
        text(path),
        text(cluster),
        _related(near),
        None if proof is None else _witness(proof),
        text(help_),
        None if suppressed is None else _suppression(suppressed),
    )


def _span(plain: list[Any]) -> Span:
    file, *numbers = plain
    span = Span(text(file), *map(count, numbers))
    if min(numbers) < 1:
        raise MisfitError("lines and columns are counted from 1")
    return span


def _related(plain: list[Any]) -> tuple[Related, ...]:
    return tuple(Related(_span(span), text(label)) for span, label in plain)


def _object(plain: list[Any]) -> ObjectRef:
    version, kind, namespace, name = plain
    return ObjectRef(text(version), text(kind), None if namespace is None else text(namespace), text(name))


def _suppression(plain: list[Any]) -> Suppression:
    reason, in_source = plain
    return Suppression(text(reason), truth(in_source))


def _witness(plain: list[Any]) -> Witness:
    type_, facts = plain
    return Witness(text(type_), tuple((text(name), frozen(value)) for name, value in facts))
