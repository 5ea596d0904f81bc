"""What processes say to each other through pipes: messages, and whose turn it is."""

from __future__ import annotations

import os
from collections.abc import Iterator

_HEAD = 8
_TICKET = 4
_TICKETS = 1000
"""As many as a pipe holds on every system."""


class Tickets:
    """Work that several processes take from one pipe, each part of it once: whoever is free takes the next."""

    __slots__ = ("_pipe",)

    def __init__(self) -> None:
        """Nobody has to know yet how much work there will be; raises OSError when no pipe can be made."""
        reading, writing = os.pipe()
        os.write(writing, b"".join(number.to_bytes(_TICKET, "big") for number in range(_TICKETS)))
        os.close(writing)
        self._pipe = reading

    def take(self, count: int) -> Iterator[int]:
        """Numbers from 0 to below `count`, those that nobody else has taken, until there are none left."""
        size = -(-count // _TICKETS)
        while ticket := os.read(self._pipe, _TICKET):
            first = int.from_bytes(ticket, "big") * size
            if first >= count:
                return
            yield from range(first, min(first + size, count))

    def close(self) -> None:
        """Take no more."""
        os.close(self._pipe)


class Channel:
    """Messages of bytes to and from the process at the other end."""

    __slots__ = ("_reading", "_writing")

    def __init__(self, reading: int, writing: int) -> None:
        """Two descriptors."""
        self._reading = reading
        self._writing = writing

    def send(self, message: bytes) -> None:
        """Hand over one message; raises OSError when nobody is there any more."""
        for part in (len(message).to_bytes(_HEAD, "big"), message):
            left = memoryview(part)
            while left:
                left = left[os.write(self._writing, left) :]

    def receive(self) -> bytes | None:
        """The next message; None when the other end is gone, in the middle of one too."""
        head = self._exactly(_HEAD)
        return None if head is None else self._exactly(int.from_bytes(head, "big"))

    def close(self) -> None:
        """Hang up."""
        os.close(self._reading)
        os.close(self._writing)

    def _exactly(self, count: int) -> bytes | None:
        parts = []
        while count:
            part = os.read(self._reading, min(count, 1 << 20))
            if not part:
                return None
            parts.append(part)
            count -= len(part)
        return b"".join(parts)
