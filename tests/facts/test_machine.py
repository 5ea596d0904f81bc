from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from callint.facts.collector import COMMANDS
from callint.facts.machine import local

Saved = Callable[[str], str]


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A /proc/sys/net in which lan0 alone forwards IPv4, and everything IPv6."""
    root = tmp_path / "net"
    for name, ipv4, ipv6 in (("all", 0, 1), ("lan0", 1, 1), ("wan0", 0, 1)):
        for version, value in (("ipv4", ipv4), ("ipv6", ipv6)):
            (root / version / "conf" / name).mkdir(parents=True)
            (root / version / "conf" / name / "forwarding").write_text(f"{value}\n")
            (root / version / "conf" / name / "mc_forwarding").write_text("0\n")
    return root


def test_the_commands_are_asked_and_put_together(settings: Path, saved: Saved):
    outputs = {
        COMMANDS["address"]: saved("address-details.json"),
        COMMANDS["route"]: saved("route.json"),
        COMMANDS["route6"]: saved("route6.json"),
        COMMANDS["sockets"]: saved("ss.txt"),
    }
    facts = local("router", runner=lambda command: outputs[tuple(command)], settings=settings)
    found = {interface["name"]: interface for interface in facts["interfaces"]}
    assert found["lan0"]["forwarding"] is True
    assert found["wan0"]["forwarding"] == {"ipv4": False, "ipv6": True}
    assert found["tun9"]["forwarding"] == {"ipv6": True}
    assert len(facts["listening"]) == 9
    assert facts["notes"][2:] == [
        "the policies of the chains INPUT, FORWARD and OUTPUT are unknown: "
        'add what holds by hand, like "firewall: {forward: drop}"'
    ]


def test_a_command_that_fails_leaves_a_note(settings: Path, saved: Saved):
    def run(command: Sequence[str]) -> str:
        if command[0] == "ss":
            raise OSError('"ss" is not installed')
        return "Usage: ip" if "-6" in command else saved("route.json") if "route" in command else "[]"

    facts = local("router", runner=run, settings=settings)
    assert "listening" not in facts
    assert facts["interfaces"] == []
    assert 'the listening sockets are unknown: "ss" is not installed' in facts["notes"]
    assert 'the IPv6 routes are unknown: the output of "ip -json -6 route" is not JSON' in facts["notes"]


def test_a_machine_with_nothing_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    facts = local("router", settings=tmp_path)
    assert set(facts) == {"version", "node", "notes"}
    assert 'the interfaces are unknown: "ip" is not installed' in facts["notes"]
    assert f'the forwarding interfaces are unknown: there is no "{tmp_path}/ipv4/conf"' in facts["notes"]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("#!/bin/sh\necho 'no such option' >&2\nexit 2\n", "ended with 2 (no such option)"),
        ("#!/bin/sh\nexit 1\n", "ended with 1"),
        ("not a program", "cannot be run (Exec format error)"),
    ],
)
def test_a_command_that_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str):
    program = tmp_path / "ip"
    program.write_text(script)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    facts = local("router", settings=tmp_path)
    assert f'the IPv4 routes are unknown: "ip -json route" {reason}' in facts["notes"]


def test_a_command_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program = tmp_path / "ip"
    program.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("callint.facts.machine._TIMEOUT", 0.1)
    assert any("gave no answer within" in note for note in local("router", settings=tmp_path)["notes"])


def test_the_host_name_is_the_node_where_none_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "Router-1", "", "", "")))
    assert local(settings=tmp_path)["node"] == "router-1"


NAMESPACE = """
set -e
ip link set lo up
ip link add lan0 type veth peer name pod0
ip link add cali0 type veth peer name pod1
ip link set lan0 up
ip link set pod0 up
ip address add 203.0.113.1/24 dev lan0
ip route add 198.51.100.0/24 via 203.0.113.9
echo 1 > /proc/sys/net/ipv4/conf/lan0/forwarding
exec "$0" -c "$1"
"""
PROGRAM = """
import json, socket
from callint.facts.machine import local
heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
heard.bind(("203.0.113.1", 53))
print(json.dumps(local("router")))
"""


def test_a_real_machine(repository: Path):
    """A network namespace without a name, which ends with the process that lives in it."""
    missing = [name for name in ("ip", "ss", "unshare") if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root and ip, ss, unshare (missing: {', '.join(missing) or 'root'})")
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", NAMESPACE, sys.executable, PROGRAM],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "PYTHONPATH": str(repository)},
    )
    if done.returncode != 0 and "callint" not in done.stderr:
        pytest.skip(f"no network namespace can be built here: {done.stderr.strip()[:200]}")
    facts: dict[str, Any] = json.loads(done.stdout)
    (lan0, lo) = facts["interfaces"]
    assert (lan0["name"], lan0["addresses"][0], lan0["kind"]) == ("lan0", "203.0.113.1/24", "veth")
    assert lan0["forwarding"] in (True, {"ipv4": True, "ipv6": False})
    assert (lo["name"], lo["kind"]) == ("lo", "loopback")
    assert {"to": "198.51.100.0/24", "via": "203.0.113.9", "interface": "lan0", "protocol": "boot"} in facts["routes"]
    (heard,) = facts["listening"]
    assert (heard["protocol"], heard["port"], heard["address"]) == ("udp", 53, "203.0.113.1")
    assert "left out: 1 workload interface with their routes" in facts["notes"]
