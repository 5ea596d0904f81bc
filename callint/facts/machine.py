"""Ask the machine that this runs on for its facts, changing nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from callint.calico.defaults import INTERFACE_PREFIXES
from callint.facts.collector import COMMANDS, PARSERS, assemble
from callint.facts.iproute import Entry

Runner = Callable[[Sequence[str]], str]

_TIMEOUT = 10.0


def local(
    node: str | None = None,
    *,
    runner: Runner | None = None,
    settings: Path = Path("/proc/sys/net"),
    workload_prefixes: Sequence[str] = INTERFACE_PREFIXES,
    workloads: bool = False,
) -> Entry:
    """The facts of this machine (`node` None: under its host name); what cannot be learned is unknown, see its `notes`.

    `runner` takes a command and returns what it prints, or raises OSError with a reason; `settings` is where the kernel
    shows its switches. The firewall is not asked, since iptables loads modules to answer.
    Raises ValueError where the name is none that a node can have.
    """
    run = runner or _run
    missing = {"firewall": 'add what holds by hand, like "firewall: {forward: drop}"'}
    parsed = {}
    for source in (*COMMANDS, "forwarding"):
        try:
            text = run(COMMANDS[source]) if source in COMMANDS else _switches(settings)
            parsed[source] = PARSERS[source](text)
        except (OSError, ValueError) as error:  # noqa: PERF203 - one broken source must not hide the others
            missing[source] = str(error)
    name = os.uname().nodename.lower() if node is None else node
    return assemble(name, parsed, missing, () if workloads else tuple(workload_prefixes))


def _switches(settings: Path) -> str:
    """The forwarding switches in the form in which `grep . /proc/sys/net/…` prints them."""
    paths = sorted(settings.glob("ipv[46]/conf/*/*forwarding"))
    lines = [f"/proc/sys/net/{path.relative_to(settings)}:{path.read_text().strip()}" for path in paths]
    if not lines:
        raise OSError(f'there is no "{settings}/ipv4/conf"')
    return "\n".join(lines)


def _run(command: Sequence[str]) -> str:
    name = " ".join(command)
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT,
            env={**os.environ, "LC_ALL": "C"},
            check=False,
        )
    except FileNotFoundError:
        raise OSError(f'"{command[0]}" is not installed') from None
    except subprocess.TimeoutExpired:
        raise OSError(f'"{name}" gave no answer within {_TIMEOUT:.0f} seconds') from None
    except OSError as error:
        raise OSError(f'"{name}" cannot be run ({error.strerror})') from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise OSError(f'"{name}" ended with {done.returncode}' + (f" ({said[0][:100]})" if said else ""))
    return done.stdout
