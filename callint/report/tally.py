"""How many of what: the counts and the sentence that ends a report."""

from __future__ import annotations

from collections.abc import Iterable

from callint.finding import SEVERITIES, Finding, counted
from callint.report import Report


def tally(findings: Iterable[Finding]) -> dict[str, int]:
    """Findings for each severity, worst first, zeros included."""
    counts: dict[str, int] = dict.fromkeys(SEVERITIES, 0)
    for finding in findings:
        counts[finding.severity] += 1
    return counts


def scope(report: Report) -> str:
    """`6 files, 8 objects`."""
    return f"{counted(report.files, 'file')}, {counted(report.objects, 'object')}"


def outcome(report: Report) -> str:
    """`3 errors, 1 warning (1 suppressed)`, or `no problems`."""
    found = ", ".join(counted(number, severity) for severity, number in tally(report.findings).items() if number)
    suppressed = f" ({len(report.suppressed)} suppressed)" if report.suppressed else ""
    return f"{found or 'no problems'}{suppressed}"
