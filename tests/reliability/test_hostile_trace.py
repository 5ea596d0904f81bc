"""`callint trace` takes little time, however many policies and rules a packet meets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hostile_bgp import V3
from hostile_hosts import host_endpoint

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="CPU time is limited as Linux does it")

SECONDS = 8
"""Seconds of CPU: four times what the slowest takes, for machines that are busy; both took more than 15."""

MET = {
    "rules of one policy": (
        f"---\n{V3}kind: GlobalNetworkPolicy\nmetadata: {{name: a}}\nspec:\n  selector: all()\n  ingress:\n"
        + "".join(
            f"  - {{action: Deny, protocol: TCP, source: {{notNets: [10.0.0.0/8]}}, destination: {{ports: [{n}]}}}}\n"
            for n in range(100, 9_000)
        )
    ),
    "tiers that pass on": "".join(
        f"---\n{V3}kind: Tier\nmetadata: {{name: t{n}}}\nspec: {{order: {n}}}\n"
        f"---\n{V3}kind: GlobalNetworkPolicy\nmetadata: {{name: t{n}.a}}\n"
        f"spec: {{tier: t{n}, selector: all(), ingress: [{{action: Pass}}]}}\n"
        for n in range(3_500)
    ),
}


@pytest.mark.parametrize("name", MET)
def test_whatever_a_packet_meets_is_told_soon(name: str, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(host_endpoint(1) + MET[name])
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))\n"
        "from callint.__main__ import run; run()"
    )
    packet = ["--node", "box", "--in", "e1", "--src", "10.0.0.7", "--dst", "10.0.0.1", "--tcp", "80"]
    command = [sys.executable, "-c", code, "trace", "--no-config", "m.yaml", *packet]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=30 * SECONDS)
    assert (run.returncode, run.stderr) == (0, b"")
