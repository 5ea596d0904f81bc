"""One file on its way from bytes to judged objects."""

from __future__ import annotations

from collections.abc import Sequence

from callint.calico import Target
from callint.finding import Problem
from callint.intake.judge import Judged, Measure, judge
from callint.source import Document, SourceFile
from callint.source.decode import decode
from callint.source.lines import Lines
from callint.source.reader import read
from callint.source.scalars import Typed


class Entry:
    """What is known of one file so far.

    `name` is that of its piece in the cache, `first` and `second` are the lines of the piece as far as they are known.
    `fresh` tells that the cache has not got this piece yet.
    """

    __slots__ = ("_bad", "_file", "data", "documents", "first", "fresh", "name", "problems", "second", "shown")

    def __init__(self, shown: str, data: bytes) -> None:
        """The path that spans name, and what stands in the file."""
        self.shown = shown
        self.data = data
        self.name = ""
        self.first: bytes | memoryview = b""
        self.second: bytes | memoryview = b""
        self.fresh = True
        self.documents: Sequence[Document] = ()
        self.problems: Sequence[Problem] = ()
        self._file: SourceFile | None = None
        self._bad = -1  # the first character that was no UTF-8

    @property
    def file(self) -> SourceFile:
        """The file as text."""
        if self._file is None:
            text, self._bad = decode(self.data)
            self._file = SourceFile(self.shown, text)
        return self._file

    def read(self, lines: Lines) -> None:
        """Read the documents here and now; the bytes are let go."""
        file = self.file
        self.documents, self.problems = read(file, lines, self._bad)
        self.data = b""

    def forget(self, lines: Lines) -> None:
        """Read here what another run has told."""
        self.first = self.second = b""
        self.fresh = True
        self.read(lines)

    def judged(self, target: Target, measure: Measure) -> list[Judged]:
        """The objects, recalled if they were judged for the same target."""
        if not self.name:
            return list(judge(self.documents, target, measure))
        from callint.intake.piece import decode_judged, encode_judged

        known = decode_judged(target, self.documents, self.second) if self.second else None
        if known is not None:
            return known
        objects = list(judge(self.documents, target, measure))
        self.second = encode_judged(target, objects)
        self.fresh = True
        return objects

    def line(self) -> bytes | memoryview:
        """The first line; empty if the file cannot be told by it."""
        from callint.intake.piece import encode_documents

        return self.first or encode_documents(self.documents, self.problems)

    def piece(self) -> bytes:
        """Both lines, for the cache; empty if the file cannot be told by them."""
        first = self.line()
        return b"\n".join((first, self.second)) if first and self.second else b""


def recall(entries: Sequence[Entry], measure: Measure) -> None:
    """Make the documents of entries whose first line is known; their bytes are let go.

    If one of the lines is not to be believed, none is, and the files are read.
    """
    if not entries:
        return
    from callint.encoded import MisfitError
    from callint.intake.piece import decode_documents

    try:
        told = decode_documents([entry.file for entry in entries], [entry.first for entry in entries])
    except MisfitError:
        lines = Lines(Typed(), measure.limits)
        for entry in entries:
            entry.forget(lines)
        return
    for entry, (documents, problems) in zip(entries, told, strict=True):
        entry.documents, entry.problems = documents, problems
        entry.data = b""
