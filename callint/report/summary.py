"""Markdown for GITHUB_STEP_SUMMARY: every finding in one table.

The runner refuses a step's summary above 1 MiB (actions/runner, FileCommandManager.cs); other commands of the step
write to the same file, so the table ends well below it and says how many findings it left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from callint.finding import Finding, counted
from callint.report import Report
from callint.report.tally import outcome, scope
from callint.report.visible import visible
from callint.report.witness import remarks

_MOST_BYTES = 960 * 1024
_MARKUP = re.compile(r"[$*\[\\\]_`~]")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"})


def render(report: Report) -> Iterator[str]:
    """A heading with the counts, then the table, if there is anything to tell."""
    yield f"## callint: {outcome(report)}\n\n{scope(report)}, Calico {_escaped(report.calico)}\n"
    if not report.findings:
        return
    yield "\n| | rule | place | finding |\n|---|---|---|---|\n"
    room = _MOST_BYTES
    for index, finding in enumerate(report.findings):
        row = _row(finding)
        room -= len(row.encode())
        if room < 0:
            yield f"\n... and {counted(len(report.findings) - index, 'more finding')}\n"
            break
        yield row


def _row(finding: Finding) -> str:
    place = f"{_escaped(finding.span.file)}:{finding.span.line}:{finding.span.column}"
    told = [f"**{_escaped(finding.message)}**"]
    told += [
        f"{_escaped(f'{other.span.file}:{other.span.line}')}: {_escaped(other.label)}" for other in finding.related
    ]
    told += [f"{name}: {_escaped(text)}" for name, text in remarks(finding)]
    return (
        f"| {finding.severity} | {_escaped(finding.rule)} {_escaped(finding.name)} | {place} | {'<br>'.join(told)} |\n"
    )


def _escaped(text: str) -> str:
    """Text that Markdown shows as it stands: no markup, no HTML, no end of the table's cell."""
    return _MARKUP.sub(r"\\\g<0>", visible(text).translate(_ENTITIES))
