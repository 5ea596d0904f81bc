"""The hooks of .pre-commit-hooks.yaml, under the real pre-commit, from a clone of this repository."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow

Commit = Callable[[Path], None]
Install = Callable[..., Path]
Run = Callable[..., str]

FILTER = """\
apiVersion: projectcalico.org/v3
kind: BGPFilter
metadata: {name: lan}
spec:
  exportV4: [{action: Reject}]
"""
PEER = """\
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: upstream}
spec: {peerIP: 192.0.2.1, asNumber: 64512, filters: [lan]}
"""


@pytest.fixture(scope="module")
def hook(
    snapshot: Path, tmp_path_factory: pytest.TempPathFactory, offline: dict[str, str], install: Install, run: Run
) -> Callable[..., str]:
    """A function that runs one hook of this repository on what another repository has staged."""
    home = tmp_path_factory.mktemp("pre-commit")
    program = install(home / "venv", "pre-commit") / "pre-commit"
    revision = run("git", "rev-parse", "HEAD", cwd=snapshot).strip()
    env = {**offline, "PRE_COMMIT_HOME": str(home / "cache")}

    def runs(identifier: str, folder: Path, code: int) -> str:
        hooks = [{"id": identifier, "args": ["--select=BGP001", "--calico-version=v3.31"]}]
        config = home / "config.yaml"
        config.write_text(yaml.safe_dump({"repos": [{"repo": str(snapshot), "rev": revision, "hooks": hooks}]}))
        return run(program, "run", "--config", config, "--color=never", cwd=folder, env=env, code=code)

    return runs


@pytest.fixture
def tree(tmp_path: Path, run: Run, commit: Commit) -> Path:
    """A repository with a peer, the filter that it names, and a file of another kind."""
    (tmp_path / "filter.yaml").write_text(FILTER)
    (tmp_path / "peer.yaml").write_text(PEER)
    (tmp_path / "notes.txt").write_text("kind: none\n")
    run("git", "init", "--quiet", cwd=tmp_path)
    commit(tmp_path)
    return tmp_path


def test_a_change_of_one_file_is_judged_with_the_whole_tree(tree: Path, hook: Callable[..., str], run: Run) -> None:
    (tree / "peer.yaml").write_text(PEER.replace("upstream", "renamed"))
    run("git", "add", "--all", cwd=tree)
    assert "Passed" in hook("callint", tree, 0)
    (tree / "filter.yaml").write_text(FILTER.replace("lan", "wan"))
    run("git", "add", "--all", cwd=tree)
    failed = hook("callint", tree, 1)
    assert "error[BGP001]" in failed
    assert "peer.yaml:4:" in failed


def test_a_commit_without_manifests_skips_the_hook(tree: Path, hook: Callable[..., str], run: Run) -> None:
    (tree / "notes.txt").write_text("other\n")
    run("git", "add", "--all", cwd=tree)
    assert "Skipped" in hook("callint", tree, 0)


def test_a_deletion_is_seen_by_the_hook_that_always_runs(tree: Path, hook: Callable[..., str], run: Run) -> None:
    run("git", "rm", "--quiet", "filter.yaml", cwd=tree)
    assert "Skipped" in hook("callint", tree, 0)
    assert "error[BGP001]" in hook("callint-always", tree, 1)
