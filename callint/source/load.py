"""Paths to documents: every file read once, every document that can be read, a problem for whatever cannot."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from callint.finding import Problem
from callint.source.decode import decode
from callint.source.discover import discover
from callint.source.document import Document, SourceFile
from callint.source.exclude import NOTHING, Excluded
from callint.source.limits import Limits
from callint.source.lines import Lines
from callint.source.reader import read
from callint.source.scalars import Typed


class Sources:
    """What was read: files and documents in the order of their paths, and what is wrong with the text.

    `unreadable` lists the paths of which nothing could be read (missing, no file, over the size limit).
    """

    __slots__ = ("_by_path", "documents", "files", "problems", "unreadable")

    def __init__(
        self,
        files: Sequence[SourceFile] = (),
        documents: Sequence[Document] = (),
        problems: Sequence[Problem] = (),
        unreadable: Sequence[str] = (),
    ) -> None:
        """Hold what was read."""
        self.files = tuple(files)
        self.documents = tuple(documents)
        self.problems = tuple(problems)
        self.unreadable = tuple(unreadable)
        self._by_path = {file.path: file for file in self.files}

    def file(self, path: str) -> SourceFile | None:
        """The file that a span names, if it was read."""
        return self._by_path.get(path)

    def line(self, path: str, number: int) -> str:
        """One line of a file, for excerpts; empty if there is none."""
        file = self._by_path.get(path)
        return file.line(number) if file else ""


def load(
    paths: Sequence[str],
    *,
    stdin: Callable[[], bytes] | None = None,
    limits: Limits | None = None,
    ignore: bool = True,
    own: bool = False,
    excluded: Excluded = NOTHING,
) -> Sources:
    """Read every file that `paths` name: files, directories, globs, and `-` for what `stdin` returns.

    `ignore` leaves out what git ignores below directories and globs, `excluded` is as for `discover`, `own` as for
    `reader.read`. Never raises for what it meets: whatever cannot be read is in `problems`.
    """
    limits = limits or Limits()
    found = discover(paths, ignore, own, excluded)
    problems = list(found.problems)
    unreadable = [problem.span.file for problem in problems]
    files: list[SourceFile] = []
    documents: list[Document] = []
    lines = Lines(Typed(), limits)
    with no_collection():
        for place in found.places:
            data = place.read(limits.file_bytes, stdin)
            if isinstance(data, Problem):
                problems.append(data)
                unreadable.append(place.shown)
                continue
            text, bad = decode(data)
            file = SourceFile(place.shown, text)
            files.append(file)
            read_documents, told = read(file, lines, bad, own=own)
            documents += read_documents
            problems += told
    return Sources(files, documents, problems, unreadable)


@contextmanager
def no_collection() -> Iterator[None]:
    """The collection of garbage costs as much as the reading, and finds none."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def parse(text: str, path: str = "<text>", limits: Limits | None = None, *, own: bool = False) -> Sources:
    """Read one text as `load` reads a file."""
    file = SourceFile(path, text)
    return Sources([file], *read(file, Lines(Typed(), limits or Limits()), own=own))
