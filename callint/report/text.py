"""The report for people: each finding with its source lines, then the counts; nothing at all when all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from callint.finding import Finding, Span
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


class _Page:
    """How findings are set whose lines have numbers of up to so many digits."""

    __slots__ = ("_arrow", "_bar", "_codes", "_digits", "_frame", "_line", "_note", "_room")

    def __init__(self, line: Callable[[str, int], str], codes: Mapping[str, str], width: int, digits: int) -> None:
        """`line` gives lines of the source, `width` is that of the page in columns."""
        frame, strong, end = codes["frame"], codes["strong"], codes["end"]
        margin = " " * digits
        self._line = line
        self._codes = codes
        self._digits = digits
        self._frame = frame
        self._arrow = f"{margin}{frame}-->{end} "
        self._bar = f"{margin} {frame}|{end}"
        self._note = f"{margin} {frame}={end} {strong}"
        self._room = width - digits - 3

    def finding(self, finding: Finding) -> list[str]:
        """The lines of a finding."""
        codes = self._codes
        tone, strong, end = codes[finding.severity], codes["strong"], codes["end"]
        lines = [
            f"{tone}{finding.severity}[{visible(finding.rule)}]{end} "
            f"{strong}{visible(finding.name)}: {visible(finding.message)}{end}",
            *self._place(finding.span, "", "^", tone),
        ]
        for place in finding.related[:_MOST_RELATED]:
            lines += self._place(place.span, visible(place.label), "-", self._frame)
        notes = list(_notes(finding))
        if notes:
            lines.append(self._bar)
            lines += [f"{self._note}{name}{end}: {visible(text)}" for name, text in notes]
        return lines

    def _place(self, span: Span, label: str, mark: str, tone: str) -> list[str]:
        """`--> file:line:column`, then the line and its marks; without the line the label follows the arrow."""
        file, number, column, end_line, end_column = span
        arrow = f"{self._arrow}{visible(file)}:{number}:{column}"
        line = self._line(file, number).rstrip("\r\n")
        if not line:
            return [f"{arrow}: {label}" if label else arrow]
        stop = end_column - 1 if end_line == number else len(line)
        text, indent, length = excerpt(line, column - 1, stop, self._room)
        end = self._codes["end"]
        return [
            arrow,
            self._bar,
            f"{self._frame}{number:>{self._digits}} |{end} {text}".rstrip(),
            f"{self._bar} {' ' * indent}{tone}{mark * length}{f' {label}' if label else ''}{end}",
        ]


def render(report: Report, *, colour: bool = False, width: int = 100) -> Iterator[str]:
    """All findings, a blank line between them, then the counts; nothing without findings."""
    if not report.findings:
        return
    codes = _COLOURS if colour else _PLAIN
    pages: dict[int, _Page] = {}
    for finding in report.findings:
        digits = len(str(max([finding.span.line, *[place.span.line for place in finding.related[:_MOST_RELATED]]])))
        if digits not in pages:
            pages[digits] = _Page(report.line, codes, width, digits)
        yield "\n".join([*pages[digits].finding(finding), "", ""])
    yield f"{codes['strong']}{scope(report)}: {outcome(report)}{codes['end']}\n"
    yield f"more about a rule: callint explain {visible(report.findings[0].rule)}\n"


def _notes(finding: Finding) -> Iterator[tuple[str, str]]:
    if len(finding.related) > _MOST_RELATED:
        yield "related", counted(len(finding.related) - _MOST_RELATED, "more place")
    if finding.cluster != "default":
        yield "cluster", finding.cluster
    yield from remarks(finding)
