"""Problems and findings as JSON and back, exactly: what another process found, or another run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from callint.finding import Finding, ObjectRef, Problem, Related, Span, Witness


def frozen(value: Any) -> Any:
    """The value with lists as tuples again, at every depth."""
    return tuple(frozen(item) for item in value) if isinstance(value, list) else value


def problem(plain: list[Any]) -> Problem:
    """A problem from its JSON, which is that of the named tuple."""
    kind, span, message, near, path, help_ = plain
    return Problem(kind, Span(*span), message, _related(near), tuple(path), help_)


def finding(plain: list[Any]) -> Finding:
    """A finding from its JSON, which is that of the named tuple."""
    rule, name, severity, message, span, about, path, cluster, near, proof, help_, fingerprint, suppressed = plain
    return Finding(
        rule,
        name,
        severity,
        message,
        Span(*span),
        about and ObjectRef(*about),
        path,
        cluster,
        _related(near),
        proof and Witness(proof[0], frozen(proof[1])),
        help_,
        fingerprint,
        suppressed,
    )


def _related(plain: Iterable[list[Any]]) -> tuple[Related, ...]:
    return tuple(Related(Span(*span), label) for span, label in plain)
