"""Findings to text: one module a format, each a pure function that renders what it is given, in the order given."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from callint.finding import Finding
from callint.rule import RuleText

FORMATS = ("text", "concise", "json", "github", "sarif", "junit", "gitlab", "summary")


class Report(NamedTuple):
    """One run: what was found, what was read, and where to ask for a rule's text and a source line.

    `suppressed` findings carry their reason in `.suppressed`; `calico` is the target release (`v3.32`), `version` is
    callint's own. `rule` gives a rule's text by id, or None; `line` gives line N (1-based) of a file without its
    newline, "" if unknown.
    """

    findings: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]
    files: int
    documents: int
    objects: int
    calico: str
    version: str
    rule: Callable[[str], RuleText | None]
    line: Callable[[str, int], str]


def render(form: str, report: Report, *, colour: bool = False, width: int = 100, prefix: str = "") -> str:
    """Render a report in one of FORMATS as text that always encodes as UTF-8.

    `colour` and `width` (columns) concern `text` alone; `prefix` leads from the repository's root to the directory that
    the findings' files are relative to, for the formats that other programs match with a repository.
    Raises ValueError for an unknown format.
    """
    if form == "text":
        if not report.findings:
            return ""
        from callint.report import text

        return text.render(report, colour=colour, width=width)
    if form == "concise":
        from callint.report import concise

        return concise.render(report)
    if form == "json":
        from callint.report import machine

        return machine.render(report)
    if form == "github":
        from callint.report import github

        return github.render(report, prefix=prefix)
    if form == "sarif":
        from callint.report import sarif

        return sarif.render(report, prefix=prefix)
    if form == "junit":
        from callint.report import junit

        return junit.render(report, prefix=prefix)
    if form == "gitlab":
        from callint.report import gitlab

        return gitlab.render(report, prefix=prefix)
    if form == "summary":
        from callint.report import summary

        return summary.render(report)
    raise ValueError(f'unknown format "{form}", expected one of {", ".join(FORMATS)}')
