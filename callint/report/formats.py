"""The formats that a report can have, each in a module of its own that is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from callint.report import Report

FORMATS = ("text", "concise", "json", "github", "sarif", "junit", "gitlab", "summary")
_MODULES = {"json": "machine"}
"""Where a module is not called what the format is."""


def pieces(form: str, report: Report, *, colour: bool = False) -> Iterator[str]:
    """Render a report in one of FORMATS, piece by piece, as text that always encodes as UTF-8; colour is for `text`.

    Raises ValueError for an unknown format.
    """
    if form not in FORMATS:
        raise ValueError(f'unknown format "{form}", expected one of {", ".join(FORMATS)}')
    if form == "text" and not report.findings:
        return iter(())  # before the module is loaded, for that is how most runs end
    module = import_module(f"callint.report.{_MODULES.get(form, form)}")
    found: Iterator[str] = module.render(report, colour=colour) if form == "text" else module.render(report)
    return found
