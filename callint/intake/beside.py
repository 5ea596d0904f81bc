"""JSON of editors, compilers and package managers: it lies beside manifests and is none, and has comments in it."""

from __future__ import annotations

from collections.abc import Sequence

from callint.source import Sources
from callint.source.discover import show

_MARKS = ("apiVersion", "kind")


def manifests(sources: Sources, given: Sequence[str]) -> Sources:
    """All but JSON files that something is wrong with, that nobody named, and that hold no word of an object."""
    broken = {problem.span.file for problem in sources.problems if problem.span.file.endswith(".json")}
    if not broken:
        return sources
    broken -= set(map(show, given))
    beside = {
        file.path for file in sources.files if file.path in broken and not any(mark in file.text for mark in _MARKS)
    }
    return Sources(
        sources.files,
        [document for document in sources.documents if document.file not in beside],
        [problem for problem in sources.problems if problem.span.file not in beside],
        sources.unreadable,
    )
