"""Whole outputs of the real command, kept beside this file; `CALLINT_GOLDEN=update` writes them anew.

They stand for what people and programs see, so a change here is a change for users. broken.txt is the whole
report of the broken example, of which README.md shows the concise form; the others show each form on a part.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BROKEN = "examples/home-router-broken"
GOLDEN = {
    "broken.txt": (1, ["check", BROKEN]),
    "network-colour.txt": (1, ["check", "--color", "always", "--select", "POL", f"{BROKEN}/network"]),
    "network.concise": (1, ["check", "--format", "concise", f"{BROKEN}/network"]),
    "network.json": (1, ["check", "--format", "json", f"{BROKEN}/network"]),
    "network.github": (1, ["check", "--format", "github", f"{BROKEN}/network"]),
    "network.sarif": (1, ["check", "--format", "sarif", "--select", "HEP,POL", f"{BROKEN}/network"]),
    "network.junit": (1, ["check", "--format", "junit", f"{BROKEN}/network"]),
    "network.gitlab": (1, ["check", "--format", "gitlab", f"{BROKEN}/network"]),
    "text.txt": (1, ["check", "--select", "SRC", f"{BROKEN}/text"]),
    "text.concise": (1, ["check", "--format", "concise", "--select", "SRC", f"{BROKEN}/text"]),
    "text.github": (1, ["check", "--format", "github", "--select", "SRC", f"{BROKEN}/text"]),
    "silent.txt": (0, ["check", "examples/home-router"]),
    "silent.json": (0, ["check", "--format", "json", "examples/home-router"]),
    "silent.sarif": (0, ["check", "--format", "sarif", "examples/home-router"]),
    "nothing.txt": (2, ["check", f"{BROKEN}/text/nul.yaml", "--no-config"]),
    "explain.txt": (0, ["explain", "HEP001"]),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_output_is_as_it_was(name: str, repository: Path) -> None:
    code, arguments = GOLDEN[name]
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "SYSTEMROOT", "HOME")}
    done = subprocess.run(
        [sys.executable, "-m", "callint", *arguments],
        cwd=repository,
        env={**kept, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (code, b"")
    file = Path(__file__).with_name(name)
    if os.environ.get("CALLINT_GOLDEN") == "update":
        file.write_bytes(done.stdout)
    assert done.stdout.decode("utf-8") == file.read_bytes().decode("utf-8"), "CALLINT_GOLDEN=update writes it anew"


def test_no_golden_output_is_left_over() -> None:
    folder = Path(__file__).parent
    assert {path.name for path in folder.iterdir() if path.is_file() and path.suffix != ".py"} == set(GOLDEN)
