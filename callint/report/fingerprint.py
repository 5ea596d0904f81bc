"""A name for a finding that survives edits elsewhere in the file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from callint.finding import Finding


def fingerprints(findings: Iterable[Finding]) -> list[str]:
    """One unique `hash:n` for each finding, in order.

    The hash covers rule, file, object and path, no line; n counts, from 1, the findings that agree in all of these.
    """
    findings = list(findings)
    if not findings:
        return []
    blake2b = _blake2b()

    seen: dict[str, int] = {}
    result = []
    for finding in findings:
        identity = repr((finding.rule, finding.span.file, finding.object and tuple(finding.object), finding.path))
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
