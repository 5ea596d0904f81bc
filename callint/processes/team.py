"""Processes that do the same work side by side: of what can be shared each does a part, and tells the others.

All begin before anything is read. A copy made later, when all lies in memory, would have nothing to be told, but cost
more: who looks at an object of Python writes into it, and so each would copy half of the memory, page by page.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

from callint.processes.crew import Crew
from callint.processes.pipes import Channel, Tickets

T = TypeVar("T")

PILES = 4
"""So many piles of work a team can share."""


class Team:
    """This process among those that do the same work, all with the same calls in the same order; or one alone.

    `number` is its own from 0 on, `size` how many there are.
    """

    __slots__ = ("_piles", "number", "size")

    def __init__(self, number: int = 0, size: int = 1, piles: Sequence[Tickets] = ()) -> None:
        """`piles` are what work is taken from."""
        self.number = number
        self.size = size
        self._piles = dict(enumerate(piles))

    def share(self, pile: int, count: int) -> Iterator[int]:
        """Numbers below `count`, each of which nobody else gets: who is free takes the next one.

        Each of the PILES serves once so; whoever shares from it again has every so many-th number.
        """
        tickets = self._piles.pop(pile, None)
        return tickets.take(count) if tickets else iter(range(self.number, count, self.size))

    def tell(self, message: bytes) -> list[bytes | None]:
        """The messages of all by their numbers, this one among them; None from those that have died."""
        return [message]

    def end(self, message: bytes) -> list[bytes]:
        """What the copies say at the end, which is where they end; their own message is sent to the first process."""
        return []


class _First(Team):
    """The process that began, through which all others talk."""

    __slots__ = ("_crew",)

    def __init__(self, crew: Crew, piles: Sequence[Tickets]) -> None:
        super().__init__(0, len(crew) + 1, piles)
        self._crew = crew
        for number in range(len(crew)):
            crew.send(number, b"%d %d" % (number + 1, self.size))

    def tell(self, message: bytes) -> list[bytes | None]:
        told: list[bytes | None] = [message, *([None] * len(self._crew))]
        for number, answer in self._crew.answers():
            told[number + 1] = answer
        living = bytes(number for number, one in enumerate(told) if one is not None)
        for copy in range(len(self._crew)):
            self._crew.send(copy, living)
            for number in living:
                if number != copy + 1:
                    self._crew.send(copy, told[number] or b"")
        return told

    def end(self, message: bytes) -> list[bytes]:
        return [answer for _, answer in self._crew.answers()]


class _Copy(Team):
    """One of the others."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel, piles: Sequence[Tickets]) -> None:
        number, size = map(int, (channel.receive() or b"").split())
        super().__init__(number, size, piles)
        self._channel = channel

    def tell(self, message: bytes) -> list[bytes | None]:
        self._channel.send(message)
        told: list[bytes | None] = [None] * self.size
        for number in self._channel.receive() or b"":
            told[number] = message if number == self.number else self._channel.receive()
        return told

    def end(self, message: bytes) -> list[bytes]:
        self._channel.send(message)
        os._exit(0)


def together(processes: int, work: Callable[[Team], T]) -> T:
    """What `work` gives here; so many processes do it, fewer where the system gives no more.

    Nothing comes of what a copy returns or raises.
    """
    tickets: list[Tickets] = []
    try:
        with suppress(OSError):  # no more descriptors
            while processes > 1 and len(tickets) < PILES:
                tickets.append(Tickets())
        if processes < 2 or len(tickets) < PILES:
            return work(Team())
        with Crew(processes - 1, lambda channel: work(_Copy(channel, tickets))) as crew:
            return work(_First(crew, tickets))
    finally:
        for pile in tickets:
            pile.close()
