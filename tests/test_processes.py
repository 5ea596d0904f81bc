"""Copies of this process: they answer, they share, and none is ever left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from callint.processes import Channel, Crew, Team, Tickets, cores, together

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="copies are made by fork")


def echo(channel: Channel) -> None:
    while (message := channel.receive()) is not None:
        channel.send(message * 100_000)


def test_messages_of_any_size_come_whole() -> None:
    with Crew(2, echo) as crew:
        for number, message in enumerate((b"ab", b"")):
            crew.send(number, message)
        assert list(crew.answers()) == [(0, b"ab" * 100_000), (1, b"")]
        crew.send(0, b"c")
        assert next(crew.answers()) == (0, b"c" * 100_000)


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 12_345])
def test_each_part_of_the_work_is_taken_once(count: int) -> None:
    tickets = Tickets()

    def take(channel: Channel) -> None:
        channel.send(b" ".join(b"%d" % number for number in tickets.take(count)))

    with Crew(3, take) as crew:
        taken = list(tickets.take(count))
        for _, message in crew.answers():
            taken += map(int, message.split())
    tickets.close()
    assert sorted(taken) == list(range(count))


def test_what_all_do_together_each_does_and_is_told() -> None:
    def work(team: Team) -> tuple[int, int, list[list[bytes | None]], list[bytes]]:
        mine = b"%d: " % team.number + b" ".join(b"%d" % number for number in team.share(1, 40))
        told = [team.tell(mine), team.tell(b"")]
        return team.number, team.size, told, team.end(repr(told).encode())

    number, size, told, ends = together(4, work)
    assert (number, size) == (0, 4)
    assert [message.partition(b":")[0] for message in told[0] if message] == [b"0", b"1", b"2", b"3"]
    taken = [int(word) for message in told[0] if message for word in message.split()[1:]]
    assert sorted(taken) == list(range(40))
    assert ends == [repr(told).encode()] * 3


def test_what_is_shared_again_is_dealt() -> None:
    def work(team: Team) -> list[bytes | None]:
        list(team.share(0, 10))
        return team.tell(b" ".join(b"%d" % number for number in team.share(0, 8)))

    assert together(3, work) == [b"0 3 6", b"1 4 7", b"2 5"]


def test_one_alone_does_all_of_it() -> None:
    def work(team: Team) -> tuple[list[int], list[bytes | None], list[bytes]]:
        return [*team.share(0, 3), *team.share(0, 2)], team.tell(b"a"), team.end(b"b")

    assert together(1, work) == ([0, 1, 2, 0, 1], [b"a"], [])


@pytest.mark.parametrize("dying", [1, 2, 3])
def test_all_are_told_the_same_of_one_that_dies(dying: int) -> None:
    def work(team: Team) -> list[bytes]:
        if team.number == dying:
            os.kill(os.getpid(), signal.SIGKILL)
        told = team.tell(b"%d" % team.number)
        return [repr(told).encode(), *team.end(repr(told).encode())]

    expected = [None if number == dying else b"%d" % number for number in range(4)]
    assert together(4, work) == [repr(expected).encode()] * 3


def test_what_fails_here_ends_all() -> None:
    pids: list[int] = []

    def work(team: Team) -> None:
        pids.extend(int(message) for message in team.tell(b"%d" % os.getpid()) if message)
        if not team.number:
            raise KeyboardInterrupt
        time.sleep(60)

    with pytest.raises(KeyboardInterrupt):
        together(3, work)
    assert len(pids) == 3
    for pid in pids[1:]:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_what_fails_elsewhere_is_missing_here(capfd: pytest.CaptureFixture[str]) -> None:
    def work(team: Team) -> list[bytes]:
        if team.number:
            raise RuntimeError("on purpose")
        return team.end(b"")

    assert together(3, work) == []
    assert capfd.readouterr() == ("", "")


def test_a_copy_that_dies_gives_no_answer() -> None:
    def die_or_answer(channel: Channel) -> None:
        if channel.receive() == b"die":
            os.kill(os.getpid(), signal.SIGKILL)
        channel.send(b"alive")

    with Crew(2, die_or_answer) as crew:
        crew.send(0, b"die")
        crew.send(1, b"live")
        assert list(crew.answers()) == [(1, b"alive")]
        crew.send(0, b"nobody is there")
        assert list(crew.answers()) == []


def test_a_copy_that_fails_says_nothing_on_our_streams(capfd: pytest.CaptureFixture[str]) -> None:
    def fail(_: Channel) -> None:
        raise RuntimeError("on purpose")

    with Crew(1, fail) as crew:
        assert list(crew.answers()) == []
    assert capfd.readouterr() == ("", "")


def test_copies_are_gone_when_their_work_is_given_up() -> None:
    def forever(channel: Channel) -> None:
        channel.send(str(os.getpid()).encode())
        while True:
            time.sleep(60)

    pids: list[int] = []

    def given_up() -> None:
        with Crew(2, forever) as crew:
            pids.extend(int(message) for _, message in crew.answers())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        given_up()
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="the state of a process is read as Linux shows it")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_copies_do_not_outlive_us(how: signal.Signals) -> None:
    code = (
        "import os, sys, time\n"
        "from callint.processes import Crew\n"
        "def work(channel):\n"
        "    channel.send(str(os.getpid()).encode())\n"
        "    while True: pass\n"
        "with Crew(2, work) as crew:\n"
        "    print(*(message.decode() for _, message in crew.answers()), flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        pids = process.stdout.readline().split()
        assert len(pids) == 2
        process.send_signal(how)
    for _ in range(100):
        if not any(running(pid) for pid in pids):
            return
        time.sleep(0.1)
    pytest.fail(f"{pids} still run")


def running(pid: str) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_no_copies_where_none_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise OSError("no more processes")

    monkeypatch.setattr(os, "fork", refuse)
    with Crew(3, echo) as crew:
        assert len(crew) == 0
        assert list(crew.answers()) == []
    monkeypatch.delattr(os, "fork")
    with Crew(3, echo) as crew:
        assert len(crew) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit on descriptors")
@pytest.mark.parametrize("spare", range(10))
def test_as_many_copies_as_there_are_descriptors_for(spare: int) -> None:
    code = (
        "import os, resource, sys\n"
        "from callint.processes import Crew\n"
        "limit = len(os.listdir('/dev/fd')) - 1 + int(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))\n"
        "with Crew(9, lambda channel: channel.send(b'done')) as crew:\n"
        "    print(len(crew), [message for _, message in crew.answers()] == [b'done'] * len(crew))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(spare)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(max(0, spare // 3 - 1)), "True"]  # six to make one, of which three stay


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit on descriptors")
@pytest.mark.parametrize("spare", range(12))
def test_work_is_done_with_as_many_descriptors_as_there_are(spare: int) -> None:
    code = (
        "import os, resource, sys\n"
        "from callint.processes import together\n"
        "before = len(os.listdir('/dev/fd'))\n"
        "_, most = whole = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (before - 1 + int(sys.argv[1]), most))\n"
        "def work(team):\n"
        "    taken = list(team.share(0, 9))\n"
        "    return sorted([*taken, *(one for message in team.end(bytes(taken)) for one in message)])\n"
        "print(together(3, work) == list(range(9)))\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, whole)\n"
        "print(len(os.listdir('/dev/fd')) == before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(spare)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="copies are made by fork")
def test_an_interrupt_that_is_ignored_ends_no_copy() -> None:
    def work(channel: Channel) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        channel.send(b"alive")

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Crew(1, work) as crew:
            assert [message for _, message in crew.answers()] == [b"alive"]
    finally:
        signal.signal(signal.SIGINT, before)


def test_there_is_a_core() -> None:
    assert cores() >= 1
