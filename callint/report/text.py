"""The report for people: each finding with its source lines, then the counts; nothing at all when all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from callint.finding import Finding, Span
from callint.record import NamedTuple
from callint.report import Report
from callint.report.excerpt import excerpt
from callint.report.tally import counted, outcome, scope
from callint.report.visible import visible
from callint.report.witness import remarks

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


class _Page(NamedTuple):
    """How a finding is set: its source, the colours, and the columns in all and before the bar."""

    line: Callable[[str, int], str]
    codes: Mapping[str, str]
    width: int
    gutter: int


def render(report: Report, *, colour: bool = False, width: int = 100) -> str:
    """All findings, a blank line between them, then the counts; "" without findings."""
    if not report.findings:
        return ""
    codes = _COLOURS if colour else _PLAIN
    lines: list[str] = []
    for finding in report.findings:
        numbers = [finding.span.line, *(place.span.line for place in finding.related[:_MOST_RELATED])]
        lines += _finding(finding, _Page(report.line, codes, width, len(str(max(numbers)))))
        lines.append("")
    lines.append(f"{codes['strong']}{scope(report)}: {outcome(report)}{codes['end']}")
    lines.append(f"more about a rule: callint explain {visible(report.findings[0].rule)}")
    return "\n".join(lines) + "\n"


def _finding(finding: Finding, page: _Page) -> Iterator[str]:
    tone, frame, strong, end = (page.codes[name] for name in (finding.severity, "frame", "strong", "end"))
    yield (
        f"{tone}{finding.severity}[{visible(finding.rule)}]{end} "
        f"{strong}{visible(finding.name)}: {visible(finding.message)}{end}"
    )
    yield from _place(finding.span, "", "^", tone, page)
    for place in finding.related[:_MOST_RELATED]:
        yield from _place(place.span, visible(place.label), "-", frame, page)
    notes = dict(_notes(finding))
    if notes:
        yield f"{' ' * page.gutter} {frame}|{end}"
    for name, text in notes.items():
        yield f"{' ' * page.gutter} {frame}={end} {strong}{name}{end}: {visible(text)}"


def _notes(finding: Finding) -> Iterator[tuple[str, str]]:
    if len(finding.related) > _MOST_RELATED:
        yield "related", counted(len(finding.related) - _MOST_RELATED, "more place")
    if finding.cluster != "default":
        yield "cluster", finding.cluster
    yield from remarks(finding)


def _place(span: Span, label: str, mark: str, tone: str, page: _Page) -> Iterator[str]:
    """`--> file:line:column`, then the line and its marks; without the line the label follows the arrow."""
    frame, end = page.codes["frame"], page.codes["end"]
    arrow = f"{' ' * page.gutter}{frame}-->{end} {visible(span.file)}:{span.line}:{span.column}"
    line = page.line(span.file, span.line).rstrip("\r\n")
    if not line:
        yield f"{arrow}: {label}" if label else arrow
        return
    stop = span.end_column - 1 if span.end_line == span.line else len(line)
    text, indent, length = excerpt(line, span.column - 1, stop, page.width - page.gutter - 3)
    bar = f"{' ' * page.gutter} {frame}|{end}"
    yield arrow
    yield bar
    yield f"{frame}{span.line:>{page.gutter}} |{end} {text}".rstrip()
    yield f"{bar} {' ' * indent}{tone}{mark * length}{f' {label}' if label else ''}{end}"
