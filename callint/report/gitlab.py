"""GitLab's Code Quality report: a JSON array (doc/ci/testing/code_quality.md of GitLab)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from callint.finding import Finding, Severity
from callint.report import Report
from callint.report.fingerprint import fingerprints
from callint.report.machine import encode, rows
from callint.report.place import last_line, rooted

_SEVERITIES: dict[Severity, str] = {"error": "major", "warning": "minor", "info": "info"}


def render(report: Report) -> Iterator[str]:
    """One item a finding; `check_name` is not displayed, so the description starts with the rule."""
    names = fingerprints(report.findings)
    pairs = zip(report.findings, names, strict=True)
    yield from rows(encode(_item(finding, name, report.prefix)) for finding, name in pairs)
    yield "\n"


def _item(finding: Finding, fingerprint: str, prefix: str) -> dict[str, Any]:
    return {
        "description": f"{finding.rule} {finding.name}: {finding.message}",
        "check_name": finding.rule,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": rooted(finding.span.file, prefix),
            "lines": {"begin": finding.span.line, "end": last_line(finding.span)},
        },
    }
