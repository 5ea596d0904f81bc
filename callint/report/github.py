"""Workflow commands that GitHub turns into annotations (actions/runner: ActionCommand.cs, ActionCommandManager.cs).

The runner keeps ten annotations of a level for each step, so the tenth says how many more there are. Columns are sent
for one line only, since the runner drops them otherwise; the end column is exclusive, as in every other format here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from callint.finding import Finding, Severity, Span, counted
from callint.report import Report
from callint.report.place import last_line, rooted
from callint.report.visible import visible
from callint.report.witness import remarks

_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}
_MOST_OF_A_LEVEL = 10
_MOST_OF_A_RULE_IN_A_FILE = 3
_LONGEST_MESSAGE = 4096
_LONGEST_TITLE = 200


def render(report: Report) -> Iterator[str]:
    """At most ten commands a level, worst level first, and at most three of them for one rule in one file."""
    for severity in _COMMANDS:
        for line in _level(severity, [f for f in report.findings if f.severity == severity], report.prefix):
            yield f"{line}\n"


def _level(severity: Severity, findings: Sequence[Finding], prefix: str) -> Iterator[str]:
    chosen = list(_chosen(findings))
    if len(chosen) < len(findings) or len(chosen) > _MOST_OF_A_LEVEL:
        chosen = chosen[: _MOST_OF_A_LEVEL - 1]
    for finding in chosen:
        title = f"{finding.rule} {finding.name}"
        yield _command(severity, title, _message(finding), _position(finding.span, prefix))
    if len(chosen) < len(findings):
        more = f"and {counted(len(findings) - len(chosen), f'more {severity}')}: see the job summary or the log"
        yield _command(severity, "callint", more, {})


def _chosen(findings: Iterable[Finding]) -> Iterator[Finding]:
    seen: Counter[tuple[str, str]] = Counter()
    for finding in findings:
        key = finding.rule, finding.span.file
        seen[key] += 1
        if seen[key] <= _MOST_OF_A_RULE_IN_A_FILE:
            yield finding


def _command(severity: Severity, title: str, message: str, position: dict[str, str]) -> str:
    properties = {**position, "title": _escaped(visible(title), _PROPERTY, _LONGEST_TITLE)}
    header = ",".join(f"{name}={value}" for name, value in properties.items())
    return f"::{_COMMANDS[severity]} {header}::{_escaped(message, _DATA, _LONGEST_MESSAGE)}"


def _position(span: Span, prefix: str) -> dict[str, str]:
    file = visible(rooted(span.file, prefix))
    last = last_line(span)
    position = {"file": _escaped(file, _PROPERTY), "line": f"{span.line}", "endLine": f"{last}"}
    if span.end_line == span.line:
        position |= {"col": f"{span.column}", "endColumn": f"{span.end_column}"}
    return position


def _message(finding: Finding) -> str:
    lines = [finding.message]
    lines += [f"{place.span.file}:{place.span.line}: {place.label}" for place in finding.related]
    lines += [f"{name}: {text}" for name, text in remarks(finding)]
    return "\n".join(map(visible, lines))


def _escaped(text: str, escapes: dict[str, str], longest: int | None = None) -> str:
    """Escape, and cut between characters so that the runner, which counts UTF-16 units, has nothing left to cut."""
    pieces = [escapes.get(character, character) for character in text]
    if longest is not None and sum(map(_units, pieces)) > longest:
        room = longest - 1
        kept = []
        for piece in pieces:
            room -= _units(piece)
            if room < 0:
                break
            kept.append(piece)
        pieces = [*kept, "\N{HORIZONTAL ELLIPSIS}"]
    return "".join(pieces)


def _units(piece: str) -> int:
    return 2 if piece > "\uffff" else len(piece)
