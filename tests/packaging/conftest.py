"""What the packaging tests share: this checkout as a repository of its own, and wheels of everything it needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Run = Callable[..., str]
Install = Callable[..., Path]


@pytest.fixture(scope="session")
def run() -> Run:
    """A function that runs a program and returns its output; another exit code than `code` fails the test."""

    def runs(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None, code: int = 0) -> str:
        scrubbed = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GIT_", "GITHUB_", "PYTHON", "CALLINT_"))
        }
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env={**scrubbed, "GIT_CONFIG_GLOBAL": os.devnull, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=300,
        )
        assert done.returncode == code, f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}"
        return done.stdout

    return runs


@pytest.fixture(scope="session")
def commit(run: Run) -> Callable[[Path], None]:
    """A function that commits everything in a repository."""

    def commits(folder: Path) -> None:
        run("git", "add", "--all", cwd=folder)
        run("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "--message=x", cwd=folder)

    return commits


@pytest.fixture(scope="session")
def snapshot(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, run: Run, commit: Callable[[Path], None]
) -> Path:
    """This checkout as it stands, uncommitted work included, as a repository of one commit and no tag."""
    if not (repository / ".git").exists():
        pytest.skip("not a git checkout, so there is nothing to clone")
    folder = tmp_path_factory.mktemp("repository") / "callint"
    names = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=repository)
    for name in filter(None, names.split("\0")):
        if (repository / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(repository / name, folder / name)
    run("git", "init", "--quiet", cwd=folder)
    commit(folder)
    return folder


@pytest.fixture(scope="session")
def offline(tmp_path_factory: pytest.TempPathFactory, snapshot: Path, run: Run) -> dict[str, str]:
    """Variables under which pip installs callint, its dependencies, its build and pre-commit from local wheels."""
    house = tmp_path_factory.mktemp("wheelhouse")
    pip = (sys.executable, "-m", "pip")
    if subprocess.run([*pip, "--version"], capture_output=True).returncode:
        pytest.skip("this Python has no pip")
    probe = subprocess.run(
        [*pip, "download", "--quiet", "--no-deps", "--dest", house, "--retries=1", "--timeout=20", "hatchling"],
        capture_output=True,
        encoding="utf-8",
    )
    if probe.returncode:
        pytest.skip(f"pip reaches no package index: {probe.stderr.strip()[-200:]}")
    requirements = (f"{snapshot}", "hatchling", "editables", "pre-commit")
    run(*pip, "wheel", "--quiet", "--wheel-dir", house, *requirements, cwd=house)
    next(house.glob("callint-*.whl")).unlink()
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(house), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@pytest.fixture(scope="session")
def install(offline: dict[str, str], run: Run) -> Install:
    """A function that makes a virtual environment with what is named in it and returns its folder of programs."""

    def installs(folder: Path, *requirements: str | Path) -> Path:
        venv.create(folder, with_pip=False, symlinks=os.name != "nt")
        programs = folder / ("Scripts" if os.name == "nt" else "bin")
        pip = (sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet", "--no-compile")
        run(*pip, *requirements, cwd=folder, env=offline)
        return programs

    return installs
