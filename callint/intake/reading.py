"""From paths to documents and judged objects: known ones from the cache, the others by one process or several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from callint.calico import Target
from callint.finding import Problem, Span
from callint.intake.entry import Entry, recall
from callint.intake.judge import MEASURE, Judged, Measure, unjudged
from callint.intake.means import ALONE, Means
from callint.source import Document, Sources
from callint.source.discover import discover
from callint.source.exclude import NOTHING, Excluded
from callint.source.lines import Lines
from callint.source.load import no_collection
from callint.source.scalars import Typed

if TYPE_CHECKING:
    from callint.intake.store import Store
    from callint.processes import Team

T = TypeVar("T")


class Reading:
    """Files on their way to judged objects.

    `size` is that of all files in bytes; `died` tells that a process ended early, which a finding says too.
    """

    def __init__(
        self, entries: Sequence[Entry], problems: Sequence[Problem], means: Means, measure: Measure, store: Store | None
    ) -> None:
        """`entries` are the files that could be read, `problems` tell of the others."""
        self.size = sum(len(entry.data) for entry in entries)
        self.died = False
        self._entries = {entry.shown: entry for entry in entries}
        self._problems = problems
        self._ended: Sequence[Problem] = ()
        self._processes = means.processes(self.size)
        self._measure = measure
        self._store = store
        self._team: Team | None = None

    @property
    def empty(self) -> bool:
        """Whether there was nothing to read, and nothing is wrong with that."""
        return not self._entries and not self._problems

    @property
    def cached(self) -> bool:
        """Whether there is a cache to ask and to keep answers in."""
        return self._store is not None

    def together(self, work: Callable[[Team | None], T]) -> T:
        """What `work` gives, which is told by which team it is done; if by several processes, each does all of it.

        Whatever is read and judged meanwhile, each reads and judges a part of, and has the rest from the others.
        """
        if self._processes < 2:
            return work(None)
        from callint.processes import together

        def join(team: Team) -> T:
            self._team = team
            return work(team)

        try:
            return together(self._processes, join)
        finally:
            self._team = None

    @cached_property
    def texts(self) -> Sources:
        """The files alone, for whoever shows lines of them."""
        return Sources([entry.file for entry in self._entries.values()])

    @cached_property
    def sources(self) -> Sources:
        """The documents, which are read when they are first asked for."""
        entries = self._entries.values()
        known = [entry for entry in entries if entry.first]
        with no_collection():
            lost = self._read([entry for entry in entries if not entry.first])
            recall(known, self._measure)
        if lost:
            self.died = True
            self._ended = [_ended(lost)]
        return self._together()

    def _together(self) -> Sources:
        entries = self._entries.values()
        return Sources(
            [entry.file for entry in entries],
            [document for entry in entries for document in entry.documents],
            [*self._problems, *(problem for entry in entries for problem in entry.problems), *self._ended],
            [problem.span.file for problem in self._problems],
        )

    def judge(self, documents: Iterable[Document], target: Target) -> Iterator[Judged]:
        """The objects of documents, all of the same cluster, in the documents' order unless a process died."""
        entries = [self._entries[file] for file in dict.fromkeys(document.file for document in documents)]
        lost: Sequence[Entry] = ()
        here: dict[str, list[Judged]] = {}
        if self._team:
            from callint.intake.exchange import judge_all

            here, lost = judge_all(entries, self._team, target, self._measure)
        for entry in entries:
            if entry not in lost:
                yield from here.get(entry.shown) or entry.judged(target, self._measure)
        if lost:
            self.died = True
            objects = unjudged(document for entry in lost for document in entry.documents)
            yield from (one._replace(problems=(_ended(lost),)) if one is objects[0] else one for one in objects)

    def forget(self) -> bool:
        """Read here and now what the cache has told; whether it has told anything."""
        told = [entry for entry in self._entries.values() if not entry.fresh]
        lines = Lines(Typed(), self._measure.limits)
        for entry in told:
            entry.forget(lines)
        if told:
            self.sources = self._together()
        return bool(told)

    def answer(self, question: Callable[[], str]) -> bytes:
        """What was kept as the answer to a question about these very files; empty without a cache."""
        return self._store.answer(self._name(question)) if self._store else b""

    def keep(self, question: Callable[[], str] | None = None, answer: bytes = b"") -> None:
        """Put into the cache what is not there yet, and perhaps the answer to a question about all files."""
        if self._store:
            entries = self._entries.values()
            fresh = {entry.name: piece for entry in entries if entry.fresh and (piece := entry.piece())}
            self._store.put([entry.name for entry in entries], fresh)
            if question:
                self._store.put_answer(self._name(question), answer)

    def _name(self, question: Callable[[], str]) -> str:
        from callint.cache import digest

        return digest(question(), repr(self._problems), *(entry.name for entry in self._entries.values()))

    def _read(self, unknown: Sequence[Entry]) -> Sequence[Entry]:
        """Read files of which nothing is known; those that a process took with it when it died."""
        if self._team:
            from callint.intake.exchange import read_all

            return read_all(unknown, self._team, self._measure, self.cached)
        lines = Lines(Typed(), self._measure.limits)
        for entry in unknown:
            entry.read(lines)
        return ()


def read(
    paths: Sequence[str],
    means: Means = ALONE,
    measure: Measure = MEASURE,
    *,
    ignore: bool = True,
    excluded: Excluded = NOTHING,
    stdin_name: str | None = None,
    stdin: Callable[[], bytes] | None = None,
) -> Reading:
    """Read what the paths name, as `source.load` does, in the way that the means allow; `stdin_name` as `discover`."""
    found = discover(paths, ignore, excluded=excluded, stdin_name=stdin_name)
    problems = list(found.problems)
    entries: list[Entry] = []
    for place in found.places:
        data = place.read(measure.limits.file_bytes, stdin)
        if isinstance(data, Problem):
            problems.append(data)
        else:
            entries.append(Entry(place.shown, data))
    store = _look_up(entries, paths, means, measure)
    return Reading(entries, problems, means, measure, store)


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
