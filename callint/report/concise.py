"""One line a finding, `file:line:column: severity[ID] name: message`, for editors, grep and comparisons."""

from __future__ import annotations

from collections.abc import Iterator

from callint.finding import Finding
from callint.report import Report
from callint.report.visible import guarded, visible


def render(report: Report) -> Iterator[str]:
    """All findings and nothing else, so that the lines can be counted, sorted and compared."""
    return (f"{_line(finding)}\n" for finding in report.findings)


def _line(finding: Finding) -> str:
    span = finding.span
    place = f"{visible(span.file)}:{span.line}:{span.column}"
    headline = f"{finding.severity}[{visible(finding.rule)}] {visible(finding.name)}: {visible(finding.message)}"
    return guarded(f"{place}: {headline}")
