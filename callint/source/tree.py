"""What one document becomes: plain values, a trace of where each stands, and notes of what is odd about them."""

from __future__ import annotations

from typing import Any

from callint.finding import Path
from callint.record import NamedTuple
from callint.source.scalars import Mark

DROPPED = Mark("\0")
"""Stands in the trace for a key that Go cannot read; its value is left out."""


class Note(NamedTuple):
    """Something odd about one node: `start` is its offset, `first` the offset of the place that explains it, or -1."""

    kind: str
    start: int
    path: Path
    detail: str = ""
    first: int = -1


class Tree:
    """What one document became.

    `trace` lists the nodes in the order of the text. A scalar or an alias is its offset. A list or mapping is
    `~offset`, the trace index behind its end, then its items; in a mapping each item is led by the key and the key's
    offset (a key that is itself a list or mapping is an item of its own, under DROPPED). `aliases` leads from the
    trace index of an alias to that of its anchor. `expanded` counts the nodes that aliases stand for. `rest` is the
    offset where the document ended although something follows, or -1. `error` is the parser's, if it stopped.
    `unsaid` counts the notes beyond the limit. `reread` is the text that was read instead of the document's own, of
    the same length, if libyaml would not read that.
    """

    __slots__ = ("aliases", "complete", "error", "expanded", "notes", "reread", "rest", "trace", "unsaid", "value")

    def __init__(self, expanded: int, value: Any = None) -> None:
        """Start empty."""
        self.value = value
        self.trace: list[Any] = []
        self.aliases: dict[int, int] = {}
        self.notes: list[Note] = []
        self.error: Exception | None = None
        self.expanded = expanded
        self.rest = -1
        self.reread: str | None = None
        self.complete = True
        self.unsaid = 0

    @property
    def odd(self) -> bool:
        """Whether the limits, what stood before or behind, or another text than the document's own shaped this."""
        return not self.complete or bool(self.notes) or self.error is not None or self.rest >= 0 or bool(self.reread)
