"""The folder of the cache: private, bounded, and done without where anything about it is odd."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from callint.cache import Folder, digest, home, private, stamp
from callint.cache import folder as module

posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes of POSIX")
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    found = private(str(tmp_path / "cache"))
    assert found is not None
    with found:
        yield found


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {"HOME": "/home/a"}, "/home/a/.cache/callint"),
        ("linux", {"HOME": "/home/a", "XDG_CACHE_HOME": "/var/b"}, "/var/b/callint"),
        ("linux", {"HOME": "/home/a", "XDG_CACHE_HOME": "relative"}, "/home/a/.cache/callint"),
        ("linux", {"HOME": "nowhere"}, None),
        ("darwin", {"HOME": "/Users/a"}, "/Users/a/Library/Caches/callint"),
        ("win32", {"HOME": "/home/a"}, None),
        ("win32", {"LOCALAPPDATA": "/Local"}, "/Local/callint/cache"),
    ],
)
@posix
def test_where_it_belongs(
    monkeypatch: pytest.MonkeyPatch, platform: str, environment: dict[str, str], expected: str | None
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(module.sys, "platform", platform)
    assert home() == expected


@posix
def test_nobody_else_may_look_inside(folder: Folder) -> None:
    assert folder.write("a", b"secret")
    assert os.stat(folder.path).st_mode & 0o777 == 0o700
    assert os.stat(os.path.join(folder.path, "a")).st_mode & 0o777 == 0o600


@posix
def test_a_folder_that_others_may_write_is_refused(tmp_path: Path) -> None:
    for mode in (0o777, 0o770, 0o702):
        tmp_path.chmod(mode)
        assert private(str(tmp_path)) is None
    tmp_path.chmod(0o755)
    assert private(str(tmp_path)) is not None


@posix
@pytest.mark.skipif(not ROOT, reason="needs root, to give a folder away")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    assert private(str(tmp_path)) is None


@posix
def test_a_link_is_not_followed(tmp_path: Path, folder: Folder) -> None:
    (tmp_path / "link").symlink_to(folder.path)
    assert private(str(tmp_path / "link")) is None
    victim = tmp_path / "victim"
    victim.write_bytes(b"theirs")
    os.symlink(victim, os.path.join(folder.path, "a"))
    assert folder.read("a") is None
    assert folder.write("a", b"ours")
    assert (victim.read_bytes(), folder.read("a")) == (b"theirs", b"ours")


@posix
def test_what_is_no_file_is_absent(folder: Folder) -> None:
    os.mkfifo(os.path.join(folder.path, "pipe"))
    os.mkdir(os.path.join(folder.path, "folder"))
    assert [folder.read(name) for name in ("pipe", "folder", "missing")] == [None, None, None]
    assert not folder.write("folder", b"a")
    assert sorted(os.listdir(folder.path)) == ["folder", "pipe"]


def test_a_file_is_replaced_as_a_whole(folder: Folder) -> None:
    assert folder.write("a", b"1" * 100_000)
    assert folder.write("a", b"2")
    assert folder.read("a") == b"2"
    assert os.listdir(folder.path) == ["a"]


def test_what_is_too_large_is_not_kept(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder.write("a", b"12345")
    monkeypatch.setattr(module, "LARGEST", 4)
    assert not folder.write("a", b"54321")
    assert folder.read("a") is None


def test_the_longest_unused_go_first(folder: Folder) -> None:
    for age, name in enumerate("abcd"):
        assert folder.write(name, b"12345")
        when = time.time() - 1000 * (age + 1)
        os.utime(os.path.join(folder.path, name), (when, when))
    assert folder.read("d") == b"12345"
    folder.trim(most=12)
    assert sorted(os.listdir(folder.path)) == ["a", "d"]


def test_what_was_never_finished_goes_after_a_while(folder: Folder) -> None:
    for name, age in (("a-1-2.part", 10), ("b-1-2.part", 7200)):
        path = os.path.join(folder.path, name)
        Path(path).write_bytes(b"half")
        os.utime(path, (time.time() - age,) * 2)
    folder.trim()
    assert os.listdir(folder.path) == ["a-1-2.part"]


def test_a_full_disk_leaves_nothing_behind(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder.write("a", b"old")
    written: list[int] = []

    def full(handle: int, data: bytes) -> int:
        written.append(handle)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.os, "write", full)
    assert not folder.write("a", b"new")
    assert written
    assert folder.read("a") == b"old"
    assert os.listdir(folder.path) == ["a"]


@posix
def test_an_interrupt_leaves_nothing_behind(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(module.os, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        folder.write("a", b"new")
    assert os.listdir(folder.path) == []


def test_systems_that_open_by_path_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RELATIVE", False)
    found = private(str(tmp_path / "cache"))
    assert found is not None
    with found:
        assert found.write("a", b"1")
        assert found.read("a") == b"1"
        found.trim(most=0)
        assert found.read("a") is None


@pytest.mark.parametrize("path", ["\0", "/proc/self/none"])
def test_a_path_that_cannot_be_made(path: str) -> None:
    if path != "\0" and sys.platform != "linux":
        pytest.skip("a folder in which nothing can be made, as Linux has one")
    assert private(path) is None


def test_names_tell_parts_apart() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("a") == digest(b"a")
    assert digest() != digest("")
    assert digest("\ud800")


def test_another_program_has_another_stamp(repository: Path, tmp_path: Path) -> None:
    code = "from callint.cache import stamp; print(stamp())"
    copy = tmp_path / "callint"
    subprocess.run(["cp", "-pr", repository / "callint", copy], check=True)
    for name in ("rules", "schemas"):
        (tmp_path / name).mkdir()

    def its(folder: Path = tmp_path) -> str:
        run = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
        return run.stdout

    before = its()
    assert before == its()
    (tmp_path / "rules" / "A001-new.yaml").write_text("a: 1\n", encoding="utf-8")
    assert its() != before
    twin = tmp_path / "twin"
    twin.mkdir()
    subprocess.run(["cp", "-pr", copy, tmp_path / "rules", tmp_path / "schemas", twin], check=True)
    assert its(twin) != its(), "the times of files tell nothing where all are set to one"
    assert len(stamp()) == 32
