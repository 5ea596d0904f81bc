"""Findings that somebody accepted: comments, annotations and entries of the configuration, each with a reason.

A suppression that names no known rule, gives no reason, has expired or suppresses nothing is a problem itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from callint.catalogue import Catalogue
from callint.finding import Finding, Problem, Span, Suppression
from callint.objects import Resource
from callint.record import NamedTuple
from callint.source import Sources

if TYPE_CHECKING:
    from datetime import date

ANNOTATION = "callint.dev/ignore"

_COMMENT = r"(?s)#+\s*callint:\s*(?P<verb>[a-z-]*)\s*(?:\[(?P<rules>[^\]]*)\])?(?P<reason>.*)"
_SEPARATORS = " \t-:"
_REACH = "a comment that stands alone is about what is reported in the next line"


class Entry(NamedTuple):
    """One suppression of one rule: where it stands, what it covers and why.

    `lines` are the lines of `span.file` it covers (comments); `object` is the `Kind/name` or `Kind/namespace/name` it
    covers (annotations, configuration), and `file` the path of the file or folder in which it is covered. What the
    configuration says is not `in_source`, and may hold `until` the end of a day.
    """

    rule: str
    reason: str
    span: Span
    lines: tuple[int, ...] = ()
    object: str = ""
    file: str = ""
    in_source: bool = True
    until: date | None = None


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def comments(sources: Sources) -> tuple[list[Entry], list[Problem]]:
    """The suppressions in comments: `# callint: ignore[ID, ID] reason` on the line of a finding or the line above."""
    entries: list[Entry] = []
    problems: list[Problem] = []
    for file in sources.files:
        if "callint:" not in file.text:
            continue
        for line, column, text in file.comments:
            match = re.match(_COMMENT, text)
            if match is None:
                continue
            span = Span(file.path, line, column, line, column + len(text))
            if match["verb"] != "ignore" or match["rules"] is None or not _names(match["rules"]):
                expected = "expected `# callint: ignore[RULE] reason`"
                problems.append(Problem("suppression-malformed", span, f"the comment is no suppression, {expected}"))
                continue
            reason = match["reason"].strip(_SEPARATORS)
            covered = (line, line + 1) if not file.line(line)[: column - 1].strip() else (line,)
            entries.extend(Entry(name, reason, span, lines=covered) for name in _names(match["rules"]))
    return entries, problems


def annotated(resources: Iterable[Resource]) -> list[Entry]:
    """The suppressions in annotations: `callint.dev/ignore: "ID, ID: reason"`, one a line."""
    entries: list[Entry] = []
    for resource in resources:
        text = resource.annotations.get(ANNOTATION)
        if text is None:
            continue
        span = resource.span("metadata", "annotations", ANNOTATION)
        for line in text.splitlines():
            if line.strip():
                names, _, reason = line.partition(":")
                entries.extend(
                    Entry(name, reason.strip(), span, object=str(resource.ref), file=span.file)
                    for name in _names(names)
                )
    return entries


Key = tuple[str, str | int]
"""What an entry covers: a line of a file, or an object (empty: any) in a folder or file (empty: anywhere)."""


class _Shelf:
    """The suppressions of one rule by what they cover, so that thousands of them are not asked one by one."""

    __slots__ = ("_above", "_entries", "_first", "_hit")

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries
        self._first: dict[Key, int] = {}
        self._hit: set[Key] = set()
        self._above: dict[str, tuple[str, ...]] = {}
        for place, entry in enumerate(entries):
            for key in _keys(entry):
                self._first.setdefault(key, place)

    def covering(self, finding: Finding) -> Entry | None:
        """The first that covers a finding; all that do are used from now on."""
        spans = (finding.span, *(related.span for related in finding.related))
        places = self._above.get(finding.span.file) or self._places(finding.span.file)
        keys: set[Key] = {(span.file, span.line) for span in spans}
        keys.update((about, folder) for about in ("", str(finding.object)) for folder in places)
        hit = keys & self._first.keys()
        self._hit |= hit
        return self._entries[min(map(self._first.__getitem__, hit))] if hit else None

    def _places(self, file: str) -> tuple[str, ...]:
        """Anywhere, the folders that a file lies in, and the file."""
        places = self._above[file] = ("", *above(absolute(file)))
        return places

    def unused(self) -> list[Entry]:
        """Those that covered nothing so far."""
        return [entry for entry in self._entries if self._hit.isdisjoint(_keys(entry))]


def _keys(entry: Entry) -> list[Key]:
    if entry.lines:
        return [(entry.span.file, line) for line in entry.lines]
    return [(entry.object, entry.file and absolute(entry.file))]


def absolute(path: str) -> str:
    """One spelling for each place, so that a file lies in its folder wherever callint runs."""
    return os.path.abspath(path).replace(os.sep, "/")


def above(path: str) -> list[str]:
    """The folders that an absolute path lies in, and the path itself."""
    return [*(path[:at] or "/" for at, sign in enumerate(path) if sign == "/"), path]


class Applied(NamedTuple):
    """Findings split in two, and what is wrong with the suppressions."""

    kept: list[Finding]
    suppressed: list[Finding]
    problems: list[Problem]


def apply(
    entries: Iterable[Entry],
    findings: Iterable[Finding],
    catalogue: Catalogue,
    ran: set[str],
    today: date | None = None,
) -> Applied:
    """Take suppressed findings out; `ran` are the ids of rules that could have reported, for the unused ones.

    `today` is another day for tests.
    """
    problems: list[Problem] = []
    usable: dict[str, list[Entry]] = {}
    for entry in entries:
        rule = catalogue.get(entry.rule)
        if entry.until is not None and (today or entry.until.today()) > entry.until:
            message = f'suppression of "{entry.rule}" ended on {entry.until.isoformat()}'
            problems.append(Problem("suppression-expired", entry.span, message))
        elif rule is None:
            annotated = entry.in_source and not entry.lines
            hint = ", expected `RULE: reason`" if annotated and " " in entry.rule else catalogue.meant(entry.rule)
            message = f'suppression names "{entry.rule}", which is no rule{hint}'
            problems.append(Problem("suppression-unknown-rule", entry.span, message))
        elif not entry.reason:
            message = f'suppression of "{entry.rule}" gives no reason, so it has no effect'
            problems.append(Problem("suppression-without-reason", entry.span, message))
        else:
            usable.setdefault(rule.id, []).append(entry)
    kept: list[Finding] = []
    suppressed: list[Finding] = []
    by_rule = {identifier: _Shelf(candidates) for identifier, candidates in usable.items()}
    for finding in findings:
        covering = by_rule[finding.rule].covering(finding) if finding.rule in by_rule else None
        if covering:
            suppressed.append(finding._replace(suppressed=Suppression(covering.reason, covering.in_source)))
        else:
            kept.append(finding)
    for identifier, shelf in by_rule.items():
        for entry in shelf.unused() if identifier in ran else ():
            message = f'suppression of "{entry.rule}" suppresses nothing'
            problems.append(Problem("suppression-unused", entry.span, message, help=_REACH if entry.lines[1:] else ""))
    return Applied(kept, suppressed, problems)
