"""Reading and judging shared by several processes: each takes the next files, and all tell the others what they found.

They are copies of one process and talk through pipes that nobody else has. Hence values travel as Python writes them
down itself, which takes a third of the time of JSON, and are believed; what lies on a disk is neither (`piece.py`).
"""

from __future__ import annotations

import json
import marshal
from collections.abc import Iterator, Sequence
from typing import Any

from callint.calico import Target
from callint.encoded import problem
from callint.intake.entry import Entry
from callint.intake.judge import Judged, Measure
from callint.processes import Team
from callint.source import Document
from callint.source.lines import Lines
from callint.source.scalars import Typed

FILES, JUDGED = 0, 1
"""The piles from which files are taken to be read, and later to be judged."""


def read_all(entries: Sequence[Entry], team: Team, measure: Measure, cached: bool) -> list[Entry]:
    """Read all entries, here or elsewhere; returns those that a process took with it when it died.

    The largest come first, so that no process is left alone with one in the end. If all is `cached`, lines of JSON for
    that are told too.
    """
    entries = sorted(entries, key=lambda entry: -len(entry.data))
    lines = Lines(Typed(), measure.limits)
    mine = []
    for index in team.share(FILES, len(entries)):
        entries[index].read(lines)
        mine.append((index, *_plain(entries[index], cached)))
    for told in _others(team, marshal.dumps(mine)):
        for index, documents, problems, first in told:
            entry = entries[index]
            if documents is None:
                entry.read(lines)
                continue
            file = entry.file
            entry.documents = [
                Document(file, place, start, end, value, lined=lined, complete=complete)
                for place, (start, end, value, lined, complete) in enumerate(documents)
            ]
            entry.problems = [problem(one) for one in json.loads(problems)] if problems else ()
            entry.first = first
            entry.data = b""
    return [entry for entry in entries if entry.data]


def _plain(entry: Entry, cached: bool) -> tuple[Any, bytes, bytes]:
    """The documents and problems of an entry, and its first line for the cache.

    None in place of the documents if one of them knows more than its text tells: then the others read the file too.
    """
    if not all(document.portable for document in entry.documents):
        return None, b"", b""
    documents = [(one.start, one.end, one.value, one.lined, one.complete) for one in entry.documents]
    problems = json.dumps(entry.problems).encode() if entry.problems else b""
    return documents, problems, bytes(entry.line()) if cached else b""


def judge_all(
    entries: Sequence[Entry], team: Team, target: Target, measure: Measure
) -> tuple[dict[str, list[Judged]], list[Entry]]:
    """Judge all entries, here or elsewhere, the largest first; their second lines are known to all then.

    Returns the objects that were judged here, by file, and the entries that a process took with it when it died.
    """
    for entry in entries:
        entry.name = entry.name or entry.shown  # what has a name is told in lines
    largest = sorted(entries, key=lambda entry: -len(entry.file.text))
    here: dict[str, list[Judged]] = {}
    mine = []
    for index in team.share(JUDGED, len(largest)):
        entry = largest[index]
        here[entry.shown] = entry.judged(target, measure)
        mine.append((index, bytes(entry.second)))
    known = set(here)
    for told in _others(team, marshal.dumps(mine)):
        for index, second in told:
            entry = largest[index]
            if entry.second != second:
                entry.second, entry.fresh = second, True
            known.add(entry.shown)
    return here, [entry for entry in entries if entry.shown not in known]


def _others(team: Team, message: bytes) -> Iterator[Any]:
    """What each of the others tells."""
    for number, told in enumerate(team.tell(message)):
        if number != team.number and told is not None:
            yield marshal.loads(told)
