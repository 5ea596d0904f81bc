"""The report for people: each finding with its source lines, then the counts; nothing at all when all is well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from callint.finding import Finding, Span
from callint.report import Report
from callint.report.excerpt import excerpt
from callint.report.tally import outcome, scope
from callint.report.visible import visible
from callint.report.witness import sentence

_COLOURS = {
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "info": "\x1b[1;36m",
    "frame": "\x1b[1;34m",
    "strong": "\x1b[1m",
    "end": "\x1b[0m",
}
_PLAIN = dict.fromkeys(_COLOURS, "")
_MOST_RELATED = 10


def render(report: Report, *, colour: bool = False, width: int = 100) -> str:
    """All findings, a blank line between them, then the counts; "" without findings."""
    if not report.findings:
        return ""
    codes = _COLOURS if colour else _PLAIN
    lines: list[str] = []
    for finding in report.findings:
        lines += _finding(finding, report, codes, width)
        lines.append("")
    lines.append(f"{codes['strong']}{scope(report)}: {outcome(report)}{codes['end']}")
    lines.append(f"more about a rule: callint explain {visible(report.findings[0].rule)}")
    return "\n".join(lines) + "\n"


def _finding(finding: Finding, report: Report, codes: Mapping[str, str], width: int) -> Iterator[str]:
    tone, strong, end = codes[finding.severity], codes["strong"], codes["end"]
    related = finding.related[:_MOST_RELATED]
    gutter = len(str(max(finding.span.line, *(place.span.line for place in related), 0)))
    yield (
        f"{tone}{finding.severity}[{visible(finding.rule)}]{end} "
        f"{strong}{visible(finding.name)}: {visible(finding.message)}{end}"
    )
    yield from _place(finding.span, "", "^", tone, gutter, report, codes, width)
    for place in related:
        yield from _place(place.span, visible(place.label), "-", codes["frame"], gutter, report, codes, width)
    notes = []
    if len(finding.related) > len(related):
        notes.append(("related", f"{len(finding.related) - len(related)} more places"))
    if finding.cluster != "default":
        notes.append(("cluster", finding.cluster))
    if finding.witness is not None:
        notes.append(("witness", sentence(finding.witness)))
    if finding.help:
        notes.append(("help", finding.help))
    if notes:
        yield f"{' ' * gutter} {codes['frame']}|{end}"
    for name, text in notes:
        yield f"{' ' * gutter} {codes['frame']}={end} {strong}{name}{end}: {visible(text)}"


def _place(
    span: Span, label: str, mark: str, tone: str, gutter: int, report: Report, codes: Mapping[str, str], width: int
) -> Iterator[str]:
    """`--> file:line:column`, then the line and its marks; without the line the label follows the arrow."""
    frame, end = codes["frame"], codes["end"]
    arrow = f"{' ' * gutter}{frame}-->{end} {visible(span.file)}:{span.line}:{span.column}"
    line = report.line(span.file, span.line).rstrip("\r\n")
    if not line:
        yield f"{arrow}: {label}" if label else arrow
        return
    stop = span.end_column - 1 if span.end_line == span.line else len(line)
    text, indent, length = excerpt(line, span.column - 1, stop, width - gutter - 3)
    bar = f"{' ' * gutter} {frame}|{end}"
    yield arrow
    yield bar
    yield f"{frame}{span.line:>{gutter}} |{end} {text}".rstrip()
    yield f"{bar} {' ' * indent}{tone}{mark * length}{f' {label}' if label else ''}{end}"
