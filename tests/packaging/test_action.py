"""The step of action.yml as a runner runs it: bash, a virtual environment of its own, annotations and outputs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow


def test_the_step_installs_this_very_callint_and_checks(
    snapshot: Path, tmp_path: Path, offline: dict[str, str], run: Callable[..., str]
) -> None:
    (step,) = yaml.safe_load((snapshot / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    workspace, temp = tmp_path / "workspace", tmp_path / "temp"
    workspace.mkdir()
    temp.mkdir()
    script = temp / "step.sh"
    script.write_text(step["run"])
    (workspace / "pool.yaml").write_text(
        "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: a}\nspec: {cird: 10.0.0.0/8}\n"
    )
    (workspace / "pip.py").write_text("raise SystemExit('a module of the pull request was imported')\n")
    env = {
        **offline,
        "GITHUB_ACTION_PATH": str(snapshot),
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "RUNNER_OS": "Linux",
        "RUNNER_TEMP": str(temp),
        "CALLINT_PATHS": "pool.yaml",
        "CALLINT_ARGS": "--select=OBJ002",
    }
    log = run("bash", "--noprofile", "--norc", "-eo", "pipefail", script, cwd=workspace, env=env, code=1)
    assert "::error file=pool.yaml,line=4," in log
    assert "\n1\n" in (tmp_path / "output").read_text()
    assert os.listdir(temp) == ["step.sh"], "the virtual environment is cleaned away"
    assert run("git", "status", "--short", cwd=snapshot) == "", "the action's own folder is left alone"
