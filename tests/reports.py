"""Reports as whole texts."""

from __future__ import annotations

from callint.report import Report
from callint.report.formats import pieces


def render(form: str, report: Report, *, colour: bool = False) -> str:
    """A report in one of the formats."""
    return "".join(pieces(form, report, colour=colour))
