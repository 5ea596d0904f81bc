"""From paths to documents and judged objects: known ones from the cache, the others by one process or several."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from callint.calico import Target
from callint.finding import Problem, Span
from callint.intake.entry import Entry, recall
from callint.intake.judge import MEASURE, Judged, Measure, unjudged
from callint.intake.means import ALONE, Means
from callint.source import Document, Sources
from callint.source.discover import discover
from callint.source.lines import Lines
from callint.source.scalars import Typed

if TYPE_CHECKING:
    from callint.intake.copies import Copies
    from callint.intake.store import Store


class Reading:
    """Everything read, and the processes that still know of it; as a context these are gone at its end.

    `size` is that of all files in characters; `died` tells that a process ended early, which a finding says too.
    """

    __slots__ = ("_copies", "_entries", "_measure", "_store", "died", "size", "sources")

    def __init__(
        self, sources: Sources, entries: Sequence[Entry], measure: Measure, store: Store | None, copies: Copies | None
    ) -> None:
        """`entries` are the files of the sources."""
        self.sources = sources
        self.size = sum(len(file.text) for file in sources.files)
        self.died = False
        self._entries = {entry.shown: entry for entry in entries}
        self._measure = measure
        self._store = store
        self._copies = copies

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._copies:
            self._copies.__exit__(*raised)

    def judge(self, documents: Iterable[Document], target: Target) -> Iterator[Judged]:
        """The objects of documents, all of the same cluster, in the documents' order unless a process died."""
        entries = [self._entries[file] for file in dict.fromkeys(document.file for document in documents)]
        if self._copies:
            self._copies.judge(entries, target)
        # before the first is asked for, so that all processes work at the same time
        here = {entry.shown: entry.judged(target, self._measure) for entry in entries if entry.copy < 0}
        if self._copies:
            self._copies.finish()
        lost = [entry for entry in entries if entry.copy >= 0 and not entry.second]
        for entry in entries:
            if entry not in lost:
                yield from here.get(entry.shown) or entry.judged(target, self._measure)
        if lost:
            self.died = True
            objects = unjudged(document for entry in lost for document in entry.documents)
            yield from (one._replace(problems=(_ended(lost),)) if one is objects[0] else one for one in objects)

    def keep(self) -> None:
        """Put into the cache what is not there yet."""
        if self._store:
            entries = self._entries.values()
            fresh = {entry.name: piece for entry in entries if entry.fresh and (piece := entry.piece())}
            self._store.put([entry.name for entry in entries], fresh)


def read(
    paths: Sequence[str],
    means: Means = ALONE,
    measure: Measure = MEASURE,
    *,
    ignore: bool = True,
    stdin: Callable[[], bytes] | None = None,
) -> Reading:
    """Read what the paths name, as `source.load` does, in the way that the means allow."""
    limits = measure.limits
    found = discover(paths, ignore)
    problems = list(found.problems)
    unreadable = [problem.span.file for problem in problems]
    entries: list[Entry] = []
    for place in found.places:
        data = place.read(limits.file_bytes, stdin)
        if isinstance(data, Problem):
            problems.append(data)
            unreadable.append(place.shown)
        else:
            entries.append(Entry(place.shown, data))
    with _no_collection():
        store = _look_up(entries, paths, means, measure)
        unknown = [entry for entry in entries if not entry.first]
        jobs = min(means.processes(sum(len(entry.data) for entry in unknown)), len(unknown))
        if jobs > 1:
            from callint.intake.copies import Copies

            copies = Copies(unknown, jobs, measure)
            try:
                lost = copies.read()
            except BaseException:
                copies.__exit__(BaseException)
                raise
        else:
            copies, lost = None, []
            lines = Lines(Typed(), limits)
            for entry in unknown:
                entry.read(lines)
        recall([entry for entry in entries if entry.first and entry not in lost])
    problems += [problem for entry in entries for problem in entry.problems]
    if lost:
        problems.append(_ended(lost))
    sources = Sources(
        [entry.file for entry in entries],
        [document for entry in entries for document in entry.documents],
        problems,
        unreadable,
    )
    reading = Reading(sources, entries, measure, store, copies)
    reading.died = bool(lost)
    return reading


def _look_up(entries: Sequence[Entry], paths: Sequence[str], means: Means, measure: Measure) -> Store | None:
    """Give the entries what the cache knows of them; the cache, if there is one and it is worth its while."""
    if not means.caches(sum(len(entry.data) for entry in entries)):
        return None
    from callint.cache import digest
    from callint.intake.store import open_store

    store = open_store(measure, paths)
    if store is None:
        return None
    for entry in entries:
        entry.name = digest(entry.shown, entry.data)
        if lines := store.get(entry.name):
            entry.first, entry.second = lines
            entry.fresh = False
    return store


def _ended(lost: Sequence[Entry]) -> Problem:
    more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    message = f"the process that had to look at this file{more} ended before it was done, so they were not checked"
    return Problem("check-crashed", Span(lost[0].shown, 1, 1, 1, 1), message)


@contextmanager
def _no_collection() -> Iterator[None]:
    """The collection of garbage costs as much as the reading, and finds none."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
