"""A laboratory: BIRD 1.6 daemons in network namespaces, all of which are gone afterwards, whatever happened.

Addresses and routes exist inside the namespaces only. Needs root, ip(8) and Debian's package `bird`.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

_START_SECONDS = 5.0
# What the tests here share stands beside them.
sys.path.insert(0, str(Path(__file__).parent))


class Learned(NamedTuple):
    """A route in a table of BIRD: as_path and communities as numbers, None where BIRD has no such attribute."""

    prefix: str
    communities: frozenset[tuple[int, ...]]
    as_path: tuple[int, ...]
    local_pref: int | None


def run(*command: str, text: str | None = None) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Host:
    """One namespace with, once started, one daemon."""

    def __init__(self, name: str, folder: Path, bird: str, *, beside: bool = False) -> None:
        """With `beside` the namespace is that of another host, which runs a daemon of its own."""
        self.namespace = name
        self.folder = folder
        self._bird = bird
        self._beside = beside
        self._daemon: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        if not beside:
            run("ip", "netns", "add", name)

    def ip(self, *lines: str) -> None:
        """Run lines of ip(8) inside the namespace."""
        run("ip", "-netns", self.namespace, "-batch", "-", text="\n".join(lines) + "\n")

    def start(self, configuration: str) -> None:
        """Start the daemon; a configuration that BIRD refuses is an error with BIRD's own words."""
        path = self._file("conf")
        path.write_text(configuration)
        run(self._bird, "-p", "-c", str(path))
        command = ["ip", "netns", "exec", self.namespace, self._bird, "-f", "-c", str(path), "-s", str(self._socket)]
        log = self._file("log").open("wb")
        self._daemon = subprocess.Popen([*command, "-P", str(path) + ".pid"], stdout=log, stderr=log)
        log.close()
        until = time.monotonic() + _START_SECONDS
        while not self._socket.exists():
            if time.monotonic() > until or self._daemon.poll() is not None:
                raise RuntimeError(self._file("log").read_text())
            time.sleep(0.02)

    @property
    def _socket(self) -> Path:
        return self._file("ctl")

    def _file(self, ending: str) -> Path:
        return self.folder / f"{self.namespace}.{Path(self._bird).name}.{ending}"

    def ask(self, command: str) -> list[str]:
        """The answer of the daemon to a command of its control language."""
        if self._control is None:
            self._control = socket.socket(socket.AF_UNIX)
            self._control.connect(str(self._socket))
            self._answer()
        self._control.sendall(command.encode() + b"\n")
        return self._answer()

    def _answer(self) -> list[str]:
        assert self._control is not None
        data = b""
        while not re.search(rb"(?m)^(0|[89])\d{3} .*\n\Z", data):
            more = self._control.recv(1 << 16)
            if not more:
                raise RuntimeError(f"the daemon of {self.namespace} went away")
            data += more
        return [line[5:] if re.match(r"\d{4}[- ]", line) else line[1:] for line in data.decode().splitlines()]

    def established(self) -> int:
        """How many BGP sessions are up."""
        return sum(" Established" in line for line in self.ask("show protocols"))

    def routes(self, selection: str = "") -> list[Learned]:
        """The routes of a table or protocol; of several with one prefix only the first line has it."""
        found: list[dict[str, Any]] = []
        prefix = ""
        for line in self.ask(f"show route all {selection}".strip()):
            start = re.match(r"(\S+/\d+)?\s.*\[\S+ \d\d:", line)
            if start:
                prefix = start[1] or prefix
                found.append({"prefix": prefix})
            detail = re.match(r"\s+BGP\.(\w+): ?(.*)", line)
            if detail and found:
                found[-1].setdefault(detail[1], detail[2])
        return [_learned(one) for one in found]

    def close(self) -> None:
        """End the daemon and remove the namespace."""
        if self._control is not None:
            self._control.close()
        if self._daemon is not None:
            self._daemon.terminate()
            try:
                self._daemon.wait(3)
            except subprocess.TimeoutExpired:
                self._daemon.kill()
                self._daemon.wait()
        if not self._beside:
            run("ip", "netns", "delete", self.namespace)


def _learned(route: dict[str, Any]) -> Learned:
    texts = re.findall(r"\(([\d, ]+)\)", f"{route.get('community', '')} {route.get('large_community', '')}")
    return Learned(
        route["prefix"],
        frozenset(tuple(map(int, text.split(","))) for text in texts),
        tuple(map(int, route.get("as_path", "").split())),
        int(route["local_pref"]) if "local_pref" in route else None,
    )


class Lab:
    """The hosts of one test."""

    def __init__(self, folder: Path, bird: str) -> None:
        self._folder = folder
        self._bird = bird
        self._hosts: list[Host] = []

    def host(self, name: str) -> Host:
        """A new host; its name is made unique on this machine."""
        host = Host(f"callint-{os.getpid()}-{len(self._hosts)}-{name}", self._folder, self._bird)
        self._hosts.append(host)
        host.ip("link set lo up")
        return host

    def six(self, host: Host) -> Host:
        """The daemon for IPv6 in the namespace of a host."""
        self._hosts.append(Host(host.namespace, self._folder, f"{self._bird}6", beside=True))
        return self._hosts[-1]

    def wire(self, a: Host, at_a: str, b: Host, at_b: str) -> None:
        """A pair of interfaces, one in each namespace; made there, so that the machine itself never sees them."""
        run("ip", "-n", a.namespace, "link", "add", at_a, "type", "veth", "peer", "name", at_b, "netns", b.namespace)
        a.ip(f"link set {at_a} up")
        b.ip(f"link set {at_b} up")

    def wait(self, done: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait until something holds."""
        until = time.monotonic() + seconds
        while not done():
            if time.monotonic() > until:
                raise RuntimeError(f"not within {seconds} s: {what}")
            time.sleep(0.1)

    def settled(self, count: Callable[[], int], seconds: float = 10) -> None:
        """Wait until a number of routes does not change any more."""
        seen, since, until = -1, time.monotonic(), time.monotonic() + seconds
        while time.monotonic() < until and (seen < 0 or time.monotonic() - since < 1.2):
            now = count()
            if now != seen:
                seen, since = now, time.monotonic()
            time.sleep(0.15)

    def close(self) -> None:
        """Remove everything, the rest also when one removal fails."""
        with ExitStack() as stack:
            for host in self._hosts:
                stack.callback(host.close)


def _why_not() -> str | None:
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    if shutil.which("ip") is None:
        return "needs ip(8)"
    if _bird() is None:
        return "needs BIRD 1.6 (Debian's package bird, or CALLINT_BIRD with the path of the daemon)"
    probe = subprocess.run(["ip", "netns", "add", f"callint-{os.getpid()}-probe"], capture_output=True, text=True)
    if probe.returncode:
        return f"cannot make a network namespace: {probe.stderr.strip()}"
    run("ip", "netns", "delete", f"callint-{os.getpid()}-probe")
    return None


def _bird() -> str | None:
    path = os.environ.get("CALLINT_BIRD") or shutil.which(
        "bird", path="/usr/sbin:/usr/local/sbin:" + os.environ["PATH"]
    )
    if path is None or not Path(path).exists():
        return None
    version = subprocess.run([path, "--version"], capture_output=True, text=True)
    return path if "1.6" in version.stdout + version.stderr else None


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A laboratory that is cleared away after the test."""
    why_not = _why_not()
    if why_not is not None:
        pytest.skip(why_not)
    bird = _bird()
    assert bird is not None
    made = Lab(tmp_path, bird)
    try:
        yield made
    finally:
        made.close()
