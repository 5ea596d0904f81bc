"""Clusters below a megabyte that took many seconds or much memory take two, and what was left out of them is told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hostile_bgp import V3
from hostile_hosts import policy

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="address space is limited as Linux does it")

MEMORY = 250 << 20
"""Bytes of address space."""
SECONDS = 10
"""Seconds of CPU: four times what the slowest takes, for machines that are busy."""


def check(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    code = (
        "import resource\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))\n"
        f"resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))\n"
        "from callint.__main__ import run; run()"
    )
    command = [sys.executable, "-c", code, "check", "--format", "concise", *arguments, "m.yaml"]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=30 * SECONDS)


def ports_of_interfaces(folder: Path) -> list[str]:
    """As many ports at each of many interfaces as rules of which each asks for another network and another port."""
    hosts, rules = 150, 4_000
    drops = ", ".join(
        f"{{action: {('Allow', 'Deny')[n % 2]}, protocol: TCP, source: {{nets: [11.{n // 256}.{n % 256}.0/24]}}, "
        f"destination: {{ports: [{10_000 + n * 7}]}}}}"
        for n in range(rules)
    )
    (folder / "m.yaml").write_text(
        "".join(
            f"---\n{V3}kind: HostEndpoint\nmetadata: {{name: h{n}}}\nspec: {{node: box, interfaceName: e{n}}}\n"
            for n in range(hosts)
        )
        + policy("all()", "g", f"types: [Ingress], ingress: [{drops}]")
    )
    (folder / "facts.yaml").write_text(
        "version: 1\nnode: box\ninterfaces:\n"
        + "".join(f"- {{name: e{n}, addresses: [10.0.{n}.1/24]}}\n" for n in range(hosts))
        + "services:\n"
        + "".join(
            f"  e{n}: [{', '.join(f'{{name: api-server, port: {port}}}' for port in range(first, first + 180, 3))}]\n"
            for n, first in enumerate(range(10_000, 10_000 + hosts * 180, 180))
        )
    )
    return ["--no-config", "--facts", "facts.yaml"]


def flow_through_networks_and_ports(folder: Path) -> list[str]:
    """A rule of one's own about everything, and rules of which each takes a network or a port from those behind it."""
    rules = ", ".join(
        f"{{action: Deny, protocol: TCP, source: {{nets: [10.{n // 256}.{n % 256}.0/24]}}}}, "
        f"{{action: Allow, protocol: TCP, destination: {{ports: [{n * 8 + 1}]}}}}"
        for n in range(4_000)
    )
    host = f"{V3}kind: HostEndpoint\nmetadata: {{name: h, labels: {{a: b}}}}\nspec: {{node: n, interfaceName: eth0}}\n"
    (folder / "m.yaml").write_text(host + policy("all()", "g", f"types: [Ingress], ingress: [{rules}]"))
    (folder / "callint.yaml").write_text("rules: {paths: [own]}\n")
    (folder / "own").mkdir()
    (folder / "own/MY001.yaml").write_text(
        "id: MY001\nname: my-flow\nsummary: packets are dropped\nseverity: error\ncheck: flow-required\n"
        "with: {from: any, to: {selector: a == 'b'}}\n"
    )
    return []


LEFT_OUT: dict[str, tuple[Callable[[Path], list[str]], bytes]] = {
    "ports of interfaces": (
        ports_of_interfaces,
        b"is let through is not known: it depends on a question that is too large: more than 250,000 nodes, "
        b"and so it is with 9000 more flows",
    ),
    "flow through networks and ports": (
        flow_through_networks_and_ports,
        b"passes is not known: it depends on a question that is too large: more than 1,500,000 nodes",
    ),
}
"""Clusters, and what is said of that which is not examined."""


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_is_told(name: str, tmp_path: Path) -> None:
    make, told = LEFT_OUT[name]
    run = check(tmp_path, *make(tmp_path))
    assert run.returncode in (0, 1), f"ended by signal {-run.returncode}"
    assert (run.stderr, told in run.stdout) == (b"", True)
