"""Processes and the cache end decently: interrupted, killed, read-only, full, two at once, nobody reading."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are made by fork")
linux = pytest.mark.skipif(sys.platform != "linux", reason="the state of a process is read as Linux shows it")

POOL = """\
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {{name: pool-{number}}}
spec:
  cidr: 10.{number}.0.0/16
  cird: {number}
"""
CHECK = [sys.executable, "-m", "callint", "check", "--no-config"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02}.yaml").write_text(POOL.format(number=number), encoding="utf-8")
    return folder


def patched(patch: str, tree: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """The program with a change that strikes in copies of it alone."""
    code = (
        "import os, sys, time\nfrom pathlib import Path\n"
        f"here = os.getpid()\nfolder = Path({str(tree.parent)!r})\n{patch}\n"
        "from callint.__main__ import run\n"
        f"sys.argv[1:] = ['check', '--no-config', '--no-cache', *{arguments!r}, '.']\nrun()\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


DEATHS = {
    "reading": (
        "from callint.intake.entry import Entry\nread = Entry.read\n"
        "def dying(self, lines):\n"
        "    if os.getpid() != here: os.kill(os.getpid(), 9)\n"
        "    time.sleep(0.05)\n"
        "    read(self, lines)\n"
        "Entry.read = dying\n",
        "the process that had to look at this file",
    ),
    "judging": (
        "from callint.intake.entry import Entry\njudged, read = Entry.judged, Entry.read\n"
        "def dying(self, *about):\n"
        "    if os.getpid() != here: os.kill(os.getpid(), 9)\n"
        "    return judged(self, *about)\n"
        "def slow(self, lines):\n"
        "    time.sleep(0.02)\n"
        "    read(self, lines)\n"
        "Entry.judged, Entry.read = dying, slow\n",
        "the process that had to look at this file",
    ),
    "checking": (
        "import callint.share as share\nanswer = share._answer\n"
        "def dying(*about):\n"
        "    if os.getpid() != here: os.kill(os.getpid(), 9)\n"
        "    time.sleep(0.02)\n"
        "    return answer(*about)\n"
        "share._answer = dying\n",
        "could not be checked: the process that checked it ended early",
    ),
}


@pytest.mark.parametrize("when", DEATHS)
def test_a_process_that_dies_is_a_finding(when: str, tree: Path) -> None:
    patch, sentence = DEATHS[when]
    process = patched(patch, tree, "--jobs", "2")
    printed, errors = process.communicate(timeout=60)
    text = printed.decode()
    assert (process.returncode, errors) == (2, b"")
    assert "[SRC095]" in text
    assert sentence in text
    assert "unknown-field" in text


@pytest.mark.usefixtures("interruptible")
def test_whoever_debugs_sees_what_a_copy_would_have_died_of(tree: Path) -> None:
    (tree / "callint.yaml").write_text("jobs: 2", encoding="utf-8")
    code = (
        "import os, sys, time\nfrom callint.intake.entry import Entry\nhere, read = os.getpid(), Entry.read\n"
        "def bad(self, lines):\n"
        "    if self.shown.endswith('20.yaml'): raise RuntimeError('on purpose')\n"
        "    if os.getpid() == here: time.sleep(0.05)\n"
        "    read(self, lines)\n"
        "Entry.read = bad\n"
        "from callint.__main__ import run\n"
        "sys.argv[1:] = ['check', '--no-cache', '--debug', '.']\nrun()\n"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tree, capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("Traceback")
    assert "RuntimeError: on purpose" in run.stderr


@linux
@pytest.mark.parametrize("whole_group", [True, False])
def test_an_interrupt_leaves_no_process(whole_group: bool, tree: Path) -> None:
    patch = (
        "from callint.intake.entry import Entry\n"
        "def slow(self, lines):\n"
        "    (folder / f'pid-{os.getpid()}').touch()\n"
        "    time.sleep(60)\n"
        "Entry.read = slow\n"
    )
    process = patched(patch, tree, "--jobs", "3")
    for _ in range(300):
        pids = [path.name.partition("-")[2] for path in tree.parent.glob("pid-*")]
        if len(pids) == 3:
            break
        time.sleep(0.1)
    assert len(pids) == 3
    if whole_group:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=30)
    assert (process.returncode, printed, errors) == (130, b"", b"callint: interrupted\n")
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_nobody_reads_the_report(tree: Path, tmp_path: Path) -> None:
    line = f'"{sys.executable}" -m callint check --no-config --jobs 2 --cache . | true'
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    run = subprocess.run(["/bin/sh", "-c", line], cwd=tree, env=environment, capture_output=True, timeout=60)
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")


def outcome(tree: Path, cache: Path | str, *before: str) -> tuple[int, bytes, bytes]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    command = [*before, *CHECK, "--cache", "."]
    run = subprocess.run(command, cwd=tree, env=environment, capture_output=True, timeout=60)
    return run.returncode, run.stdout, run.stderr


def without(tree: Path) -> tuple[int, bytes, bytes]:
    run = subprocess.run([*CHECK, "--no-cache", "."], cwd=tree, capture_output=True, timeout=60)
    assert run.stdout
    return run.returncode, run.stdout, run.stderr


def test_a_cache_that_cannot_be_made_is_done_without(tree: Path, tmp_path: Path) -> None:
    expected = without(tree)
    file = tmp_path / "file"
    file.write_bytes(b"")
    assert outcome(tree, file) == expected
    (tmp_path / "callint").symlink_to(tree)
    assert outcome(tree, tmp_path) == expected
    assert outcome(tree, "/dev/null/cache") == expected


@linux
@pytest.mark.parametrize("options", ["size=4k", "ro"])
def test_a_full_or_read_only_cache_is_done_without(options: str, tree: Path, tmp_path: Path) -> None:
    script = tmp_path / "mounted.sh"
    script.write_text(
        f'mount -t tmpfs -o {options} tmpfs "$XDG_CACHE_HOME" || exit 77\n"$@"; code=$?\n'
        'find "$XDG_CACHE_HOME" -type f >&2; exit $code\n'
    )
    cache = tmp_path / "cache"
    cache.mkdir()
    if not shutil.which("unshare"):
        pytest.skip("needs unshare, for a file system of its own")
    found = outcome(tree, cache, "unshare", "--mount", "/bin/sh", str(script))
    if found[0] == 77 or b"unshare" in found[2]:
        pytest.skip("needs the right to mount a file system")
    assert found == without(tree)


def test_two_runs_at_once_share_the_cache(tree: Path, tmp_path: Path) -> None:
    expected = without(tree)
    cache = tmp_path / "cache"
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    for _ in range(2):
        runs = [
            subprocess.Popen(
                [*CHECK, "--cache", "--jobs", str(1 + number % 2), "."],
                cwd=tree,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for number in range(4)
        ]
        for run in runs:
            printed, errors = run.communicate(timeout=60)
            assert (run.returncode, printed, errors) == expected
        (tree / "00.yaml").write_text("a: 1\n", encoding="utf-8")
        expected = without(tree)
    assert not list((cache / "callint").glob("*.part"))
    assert outcome(tree, cache) == expected


def test_a_cache_without_place_in_the_environment(tree: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    run = subprocess.run(
        [*CHECK, "--cache", "."], cwd=tree, env={**environment, "HOME": "relative"}, capture_output=True, timeout=60
    )
    assert (run.returncode, run.stdout, run.stderr) == without(tree)
