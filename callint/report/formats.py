"""The formats that a report can have, each in a module of its own that is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from callint.report import Report

FORMATS = ("text", "concise", "json", "github", "sarif", "junit", "gitlab", "summary")


def render(form: str, report: Report, *, colour: bool = False, width: int = 100, prefix: str = "") -> str:
    """A report in one of FORMATS as one text (see `pieces`)."""
    return "".join(pieces(form, report, colour=colour, width=width, prefix=prefix))


def pieces(form: str, report: Report, *, colour: bool = False, width: int = 100, prefix: str = "") -> Iterator[str]:
    """Render a report in one of FORMATS, piece by piece, as text that always encodes as UTF-8.

    `colour` and `width` (columns) concern `text` alone; `prefix` leads from the repository's root to the directory that
    the findings' files are relative to, for the formats that other programs match with a repository.
    Raises ValueError for an unknown format.
    """
    if form == "text":
        if not report.findings:
            return iter(())
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
