"""A name for a finding that survives edits elsewhere in the file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from callint.finding import Finding, ObjectRef


def fingerprints(findings: Iterable[Finding]) -> list[str]:
    """One unique `hash:n` for each finding, in order.

    The hash covers rule, file, object and path, no line; n counts, from 1, the findings that agree in all of these.
    """
    blake2b = _blake2b()
    seen: dict[str, int] = {}
    begun: dict[tuple[str, str, ObjectRef | None], str] = {}
    result = []
    for finding in findings:
        about = finding.rule, finding.span.file, finding.object
        begin = begun.get(about)
        if begin is None:
            begin = begun[about] = repr((*about[:2], about[2] and tuple(about[2])))[:-1]
        identity = f"{begin}, {finding.path!r})"
        digest = blake2b(identity.encode(), digest_size=16).hexdigest()
        seen[digest] = number = seen.get(digest, 0) + 1
        result.append(f"{digest}:{number}")
    return result


def _blake2b() -> Any:
    """The hash without hashlib, which loads OpenSSL first."""
    try:
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    return blake2b
