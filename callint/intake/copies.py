"""Reading and judging shared by several processes: each takes the next files, and later judges those that it has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from callint.cache import opened, sealed
from callint.calico import Target
from callint.intake.entry import Entry
from callint.intake.judge import Measure
from callint.processes import Channel, Crew, Tickets
from callint.source.lines import Lines
from callint.source.scalars import Typed

_BLOCKS = 200
"""In so many parts are the files given out: few enough to cost nothing, enough for all to end at the same time."""


class Copies:
    """Processes that know some of the entries until these are judged; as a context they are gone at its end."""

    __slots__ = ("_crew", "_entries", "_measure", "_size", "_tickets")

    def __init__(self, entries: Sequence[Entry], jobs: int, measure: Measure) -> None:
        """Start so many processes less this one."""
        self._entries = entries
        self._measure = measure
        self._size = -(-len(entries) // _BLOCKS)
        self._tickets = Tickets(-(-len(entries) // self._size))
        self._crew = Crew(jobs - 1, self._work)

    def __enter__(self) -> Copies:
        return self

    def __exit__(self, *raised: object) -> None:
        self._tickets.close()
        self._crew.__exit__(*raised)

    def read(self) -> list[Entry]:
        """Read all entries, here and there; returns those that a process took with it when it died.

        A document that knows more than its text tells cannot be handed over, so its file is read here again.
        """
        for _ in self._share():
            pass
        for number, message in self._crew.answers():
            for index, line in opened(message).items():
                entry = self._entries[int(index)]
                if line:
                    entry.copy, entry.first = number, line
                    entry.name = entry.name or entry.shown
                else:
                    entry.read(Lines(Typed(), self._measure.limits))
        return [entry for entry in self._entries if entry.data and not entry.first]

    def judge(self, entries: Sequence[Entry], target: Target) -> None:
        """Let the processes begin to judge those of the entries that they have read."""
        indexes = {id(entry): index for index, entry in enumerate(self._entries)}
        for number in range(len(self._crew)):
            asked = [indexes[id(entry)] for entry in entries if entry.copy == number]
            self._crew.send(number, json.dumps([target, asked]).encode())

    def finish(self) -> None:
        """Wait for what they found; a process that died leaves its entries without."""
        for _, message in self._crew.answers():
            for index, line in opened(message).items():
                self._entries[int(index)].second = line

    def _share(self) -> Iterator[int]:
        """Read the next files until there are none; their indexes."""
        lines = Lines(Typed(), self._measure.limits)
        for ticket in self._tickets:
            for index in range(ticket * self._size, min((ticket + 1) * self._size, len(self._entries))):
                self._entries[index].read(lines)
                yield index

    def _work(self, channel: Channel) -> None:
        """What a copy does; it encodes each file at once, so that all processes end at the same time."""
        channel.send(sealed({str(index): self._entries[index].line() for index in self._share()}))
        while asked := channel.receive():
            (release, road, dataplane), indexes = json.loads(asked)
            target = Target(tuple(release), road, dataplane)
            channel.send(sealed({str(index): self._judged(index, target) for index in indexes}))

    def _judged(self, index: int, target: Target) -> bytes:
        entry = self._entries[index]
        entry.name = entry.name or entry.shown  # what has a name is told in lines
        entry.judged(target, self._measure)
        return bytes(entry.second)
