"""JUnit XML in the form that CI systems read: a suite for each file, a case for each finding.

GitLab takes the suite's name from `classname`, shows an element's content only, and keeps the first of two cases of one
name (GitLab, unit_test_reports.md): hence one failure a case, all text in the content, and positions in the names.
Errors and warnings are failures, and JUnit's errors where callint could not look; infos and suppressed findings are
skipped cases. Without any, one case passes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from callint.finding import Finding
from callint.report import Report
from callint.report.place import rooted
from callint.report.tally import scope
from callint.report.visible import visible
from callint.report.witness import remarks

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}  # the ampersand first, which the others contain
_UNSEEN = frozenset({"unreadable-file", "size-limit", "check-crashed"})
"""Rules that say that something was not checked."""
_NONCHARACTERS = re.compile("[\ufffe\uffff]")


def render(report: Report) -> Iterator[str]:
    """The whole document; always well-formed XML 1.0, since text is made visible first."""
    return (f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    suites: dict[str, list[Finding]] = {}
    for finding in (*report.findings, *report.suppressed):
        suites.setdefault(rooted(finding.span.file, report.prefix), []).append(finding)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    every = [finding for findings in suites.values() for finding in findings]
    yield f'<testsuites name="callint" {_counts(every)}>'
    for file, findings in suites.items():
        yield from _suite(file, findings)
    if not suites:
        yield f'  <testsuite name="callint" {_counts([])}>'
        name = _escaped(f"no problems found in {scope(report)}")
        yield f'    <testcase classname="callint" name="{name}" time="0"/>'
        yield "  </testsuite>"
    yield "</testsuites>"


def _suite(file: str, findings: list[Finding]) -> Iterator[str]:
    path = _escaped(file)
    yield f'  <testsuite name="{path}" {_counts(findings)}>'
    seen: dict[str, int] = {}
    for finding in findings:
        subject = f" {finding.object}" if finding.object else ""
        name = f"{finding.rule}{subject} ({finding.span.line}:{finding.span.column})"
        seen[name] = number = seen.get(name, 0) + 1
        if number > 1:
            name += f" #{number}"
        yield f'    <testcase classname="{path}" name="{_escaped(name)}" file="{path}" time="0">'
        yield f"      {_result(finding)}"
        yield "    </testcase>"
    yield "  </testsuite>"


def _result(finding: Finding) -> str:
    kind = _kind(finding)
    type_ = "" if kind == "skipped" else f' type="{finding.severity}"'
    return f'<{kind} message="{_escaped(finding.message)}"{type_}>{_content(finding)}</{kind}>'


def _content(finding: Finding) -> str:
    lines = [
        f"{finding.severity}[{finding.rule}] {finding.name}: {finding.message}",
        f"at {finding.span.start}",
    ]
    lines += [f"see {place.span.start}: {place.label}" for place in finding.related]
    lines += [f"{name}: {text}" for name, text in remarks(finding)]
    if finding.suppressed is not None:
        lines.append(f"suppressed: {finding.suppressed.reason}")
    return "\n".join(map(_escaped, lines))


def _kind(finding: Finding) -> str:
    if finding.suppressed is not None or finding.severity == "info":
        return "skipped"
    return "error" if finding.name in _UNSEEN else "failure"


def _counts(findings: Sequence[Finding]) -> str:
    """The numbers of cases; without findings there is one that passes."""
    kinds = Counter(map(_kind, findings))
    failures, errors, skipped = kinds["failure"], kinds["error"], kinds["skipped"]
    return f'tests="{len(findings) or 1}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="0"'


def _escaped(text: str) -> str:
    shown = visible(text)
    if not shown.isascii():
        shown = _NONCHARACTERS.sub("\ufffd", shown)
    for sign, entity in _ENTITIES.items():
        shown = shown.replace(sign, entity)
    return shown
