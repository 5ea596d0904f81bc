"""Findings to text: one module a format, each a pure function that renders what it is given, in the order given.

What is rendered comes in pieces, so that nobody has to hold all of it.
"""

from __future__ import annotations

from collections.abc import Callable

from callint.catalogue import RuleText
from callint.finding import Finding
from callint.record import NamedTuple


class Report(NamedTuple):
    """One run: what was found, what was read, and where to ask for a rule's text and a source line.

    `suppressed` findings carry their reason in `.suppressed`; `calico` is the target release (`v3.32`), `version` is
    callint's own. `rule` gives a rule's text by id, or None; `line` gives line N (1-based) of a file without its
    newline, "" if unknown. `prefix` leads from the repository's root to the directory that the findings' files are
    relative to, for the formats that other programs match with a repository.
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
    prefix: str = ""
