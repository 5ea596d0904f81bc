"""The report for people: each finding with its source lines, then the counts; nothing at all when all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from callint.finding import Finding, Related, Severity, Span, counted
from callint.report import Report
from callint.report.excerpt import excerpt
from callint.report.tally import outcome, scope
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
_WIDTH = 100


class _Page:
    """How findings are set whose lines have numbers of up to so many digits."""

    __slots__ = ("_also", "_arrows", "_bar", "_codes", "_digits", "_end", "_frame", "_heads", "_line", "_note", "_room")

    def __init__(self, line: Callable[[str, int], str], codes: Mapping[str, str], digits: int) -> None:
        """`line` gives lines of the source."""
        frame, strong, end = codes["frame"], codes["strong"], codes["end"]
        margin = " " * digits
        self._line = line
        self._codes = codes
        self._digits = digits
        self._frame = frame
        self._end = end
        self._heads: dict[tuple[str, str, Severity], str] = {}
        self._arrows = _Arrows(f"{margin}{frame}-->{end} ")
        self._bar = f"{margin} {frame}|{end}"
        self._note = f"{margin} {frame}={end} {strong}"
        self._room = _WIDTH - digits - 3
        # Many findings may point to one place.
        self._also = lru_cache(maxsize=64)(self._shown_beside)

    def finding(self, finding: Finding) -> str:
        """The lines of a finding, and a blank one."""
        severity, end = finding.severity, self._end
        head = self._heads.get((finding.rule, finding.name, severity)) or self._head(finding)
        lines = f"{head}{visible(finding.message)}{end}\n{self._place(finding.span, '', '^', self._codes[severity])}"
        for place in finding.related[:_MOST_RELATED]:
            lines += self._also(place)
        notes = _notes(finding)
        if notes:
            lines += f"{self._bar}\n"
            for name, text in notes:
                lines += f"{self._note}{name}{end}: {visible(text)}\n"
        return f"{lines}\n"

    def _head(self, finding: Finding) -> str:
        """What a finding begins with, which those of one rule share."""
        rule, name, severity = finding.rule, finding.name, finding.severity
        tone, strong = self._codes[severity], self._codes["strong"]
        head = f"{tone}{severity}[{visible(rule)}]{self._end} {strong}{visible(name)}: "
        self._heads[rule, name, severity] = head
        return head

    def _shown_beside(self, place: Related) -> str:
        return self._place(place.span, visible(place.label), "-", self._frame)

    def _place(self, span: Span, label: str, mark: str, tone: str) -> str:
        """`--> file:line:column`, then the line and its marks; without the line the label follows the arrow."""
        file, number, column, end_line, end_column = span
        arrow = f"{self._arrows[file]}:{number}:{column}"
        line = self._line(file, number)
        if not line:
            return f"{arrow}: {label}\n" if label else f"{arrow}\n"
        stop = end_column - 1 if end_line == number else len(line)
        text, indent, length = excerpt(line, column - 1, stop, self._room)
        end = self._end
        shown = f"{self._frame}{number:>{self._digits}} |{end} {text}".rstrip()
        marks = f"{' ' * indent}{tone}{mark * length}{f' {label}' if label else ''}{end}"
        return f"{arrow}\n{self._bar}\n{shown}\n{self._bar} {marks}\n"


class _Arrows(dict[str, str]):
    """What leads to a place in each file."""

    def __init__(self, before: str) -> None:
        super().__init__()
        self._before = before

    def __missing__(self, file: str) -> str:
        arrow = self[file] = f"{self._before}{visible(file)}"
        return arrow


def render(report: Report, *, colour: bool = False) -> Iterator[str]:
    """All findings, a blank line between them, then the counts; there is one at least."""
    codes = _COLOURS if colour else _PLAIN
    pages: dict[int, _Page] = {}
    for finding in report.findings:
        last = finding.span.line
        if finding.related:
            last = max(last, *[place.span.line for place in finding.related[:_MOST_RELATED]])
        digits = len(str(last))
        if digits not in pages:
            pages[digits] = _Page(report.line, codes, digits)
        yield pages[digits].finding(finding)
    yield f"{codes['strong']}{scope(report)}: {outcome(report)}{codes['end']}\n"
    yield f"more about a rule: callint explain {visible(report.findings[0].rule)}\n"


def _notes(finding: Finding) -> list[tuple[str, str]]:
    notes = remarks(finding)
    if finding.cluster != "default":
        notes.insert(0, ("cluster", finding.cluster))
    if len(finding.related) > _MOST_RELATED:
        notes.insert(0, ("related", counted(len(finding.related) - _MOST_RELATED, "more place")))
    return notes
