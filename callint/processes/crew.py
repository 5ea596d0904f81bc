"""Work shared with copies of this process: they begin with all that it knows, answer in bytes, and never outlive it.

Copies are made by fork: a fresh interpreter would take longer to start and to be told the work than most trees take.
Where there is no fork there are no copies, and the work is done here. A copy shares no lock and no thread, for callint
has none; it ends without flushing what this process was about to write.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress

from callint.processes.pipes import Channel
from callint.record import NamedTuple


def cores() -> int:
    """The processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


class _Copy(NamedTuple):
    """One copy: its process id, how to talk to it, and the end of a pipe whose closing tells it that we are gone."""

    pid: int
    channel: Channel
    thread: int

    def hang_up(self) -> None:
        self.channel.close()
        os.close(self.thread)


class Crew:
    """Copies of this process that all do the same work; as a context they are gone at its end, whatever happened."""

    __slots__ = ("_copies",)

    def __init__(self, copies: int, work: Callable[[Channel], object]) -> None:
        """Start at most so many copies, fewer where the system gives no more; each calls `work` once and ends."""
        self._copies: list[_Copy] = []
        try:
            while len(self._copies) < copies and (copy := self._copy(work)):
                self._copies.append(copy)
        except BaseException:
            self._end(kill=True)
            raise

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._end(kill=kind is not None)

    def __len__(self) -> int:
        """How many copies there are."""
        return len(self._copies)

    def send(self, number: int, message: bytes) -> None:
        """Hand a message to one copy; one that died in the meantime gives no answer."""
        with suppress(OSError):
            self._copies[number].channel.send(message)

    def answers(self) -> Iterator[tuple[int, bytes]]:
        """The next answer of each copy with its number; a copy that ended before it gave one is left out."""
        for number, copy in enumerate(self._copies):
            message = copy.channel.receive()
            if message is not None:
                yield number, message

    def _copy(self, work: Callable[[Channel], object]) -> _Copy | None:
        if not hasattr(os, "fork"):
            return None
        try:
            down, up, life = _pipes()
        except OSError:  # no more descriptors
            return None
        here = _Copy(0, Channel(up[0], down[1]), life[1])
        there = Channel(down[0], up[1])
        try:
            pid = os.fork()
        except OSError:  # no more processes, no memory: do with those there are
            here.hang_up()
            there.close()
            os.close(life[0])
            return None
        if pid == 0:
            code = 1
            try:
                if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as in the background of a script
                    signal.signal(signal.SIGINT, signal.SIG_DFL)
                for one in (*self._copies, here):
                    one.hang_up()
                _hang_on(life[0])
                work(there)
                code = 0
            finally:
                os._exit(code)
        there.close()
        os.close(life[0])
        return here._replace(pid=pid)

    def _end(self, kill: bool) -> None:
        for copy in self._copies:
            if kill:
                with suppress(ProcessLookupError):
                    os.kill(copy.pid, signal.SIGKILL)
            copy.hang_up()
        for copy in self._copies:
            os.waitpid(copy.pid, 0)
        self._copies = []


def _pipes() -> list[tuple[int, int]]:
    """Three pipes, or none at all."""
    made: list[tuple[int, int]] = []
    try:
        for _ in range(3):
            made += [os.pipe()]
    except OSError:
        for pair in made:
            for end in pair:
                os.close(end)
        raise
    return made


def _hang_on(life: int) -> None:
    """End this process as soon as nobody holds the other end of the pipe any more."""
    import fcntl

    signal.signal(signal.SIGIO, lambda *_: os._exit(1))
    fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)
