"""`callint routes` takes little memory and time of whatever cluster, and tells all of those that there really are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hostile_bgp import NETWORKS, V3, advertised, node, nodes
from hostile_filters import FILTERS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="address space is limited as Linux does it")

MEMORY = 350 << 20
"""Bytes of address space; the worst of these takes 200 MB of memory."""
SECONDS = 12
"""Seconds of CPU: four times what the slowest takes, for machines that are busy."""

SLOW = (
    "a pool for each node",
    "nodes of one address",
    "pools that are kept in and as many filters that let them out",
    "routers outside of nodes that pass on a Local Service",
    "reflectors of as many racks, and nodes and pools of each",
    "a filter for each peer inside a pool",
    "nodes of all labels",
    "an AS and a network for each node",
    "a cluster id for each node",
    "blocks of each node",
    "a Local Service for each node",
    "advertisements of each node",
    "a filter of communities",
    "advertisements inside of each other",
)
"""All of these took more before routes were bounded: up to a minute, and gigabytes."""


def routes(folder: Path, manifest: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run `callint routes` with little memory and time."""
    (folder / "m.yaml").write_text(manifest)
    code = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))\n"
        f"resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))\n"
        "from callint.__main__ import run; run()"
    )
    command = [sys.executable, "-c", code, "routes", "--no-config", "m.yaml", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=30 * SECONDS)


@pytest.mark.parametrize("name", SLOW)
def test_routes_are_bounded(name: str, tmp_path: Path) -> None:
    run = routes(tmp_path, (NETWORKS | FILTERS)[name]())
    if run.returncode == 2:
        assert run.stdout == b""
        assert run.stderr.startswith(b"callint: more than 1,000,000 comparisons of ")
        assert run.stderr.endswith(b"allows for more, and --node with --peer asks about fewer sessions\n")
    else:
        assert (run.returncode, run.stderr) == (0, b"")


def test_it_is_said_how_many_sessions_are_not_told_and_those_of_one_node_are(tmp_path: Path) -> None:
    """A thousand nodes of which each has a network of its own have sessions with each other and with one router."""
    manifest = advertised() + nodes(1_000)
    run = routes(tmp_path, manifest)
    assert b"comparisons of routes of all 1,000,000 BGP sessions would be needed" in run.stderr
    run = routes(tmp_path, manifest, "--node", "n7", "--format", "json")
    assert (run.returncode, run.stderr) == (0, b"")
    assert len(json.loads(run.stdout)["sessions"]) == 1_000
    run = routes(tmp_path, advertised() + nodes(3_000), "--node", "n7", "--peer", "p")
    assert (run.returncode, run.stderr) == (0, b"")


def test_the_mesh_of_racks_with_two_routers_each_is_told(tmp_path: Path) -> None:
    """A thousand nodes in forty networks, whose routes are those of their racks."""
    run = routes(
        tmp_path,
        f"{V3}kind: IPPool\nmetadata: {{name: p}}\nspec: {{cidr: 10.244.0.0/16}}\n"
        + "".join(
            f"---\n{V3}kind: BGPPeer\nmetadata: {{name: t{rack}-{n}}}\n"
            f"spec: {{nodeSelector: rack == 'r{rack}', peerIP: 172.16.{rack}.{250 + n}, asNumber: {65000 + rack}}}\n"
            for rack in range(40)
            for n in range(2)
        )
        + "".join(
            f"---\n{V3}kind: Node\nmetadata: {{name: n{n}, labels: {{rack: r{n % 40}}}}}\n"
            f"spec: {{bgp: {{ipv4Address: 172.16.{n % 40}.{n // 40 + 1}/24}}}}\n"
            for n in range(1_000)
        ),
        "--format",
        "json",
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert sum(one["alike"] for one in json.loads(run.stdout)["sessions"]) == 1_000 * (999 + 2)


def test_a_reflector_tells_all_of_its_clients(tmp_path: Path) -> None:
    run = routes(
        tmp_path,
        f"{V3}kind: IPPool\nmetadata: {{name: p}}\nspec: {{cidr: 10.244.0.0/16}}\n"
        f"---\n{V3}kind: BGPConfiguration\nmetadata: {{name: default}}\nspec: {{nodeToNodeMeshEnabled: false}}\n"
        f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p}}\n"
        "spec: {nodeSelector: '!has(reflector)', peerSelector: has(reflector)}\n"
        f"---\n{V3}kind: Node\nmetadata: {{name: r, labels: {{reflector: 'true'}}}}\n"
        "spec: {bgp: {ipv4Address: 172.16.0.1/12, routeReflectorClusterID: 1.0.0.1}}\n"
        + "".join(map(node, range(3_000))).replace("/24", "/8"),
        "--node",
        "r",
        "--format",
        "json",
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert len(json.loads(run.stdout)["sessions"]) == 3_000
