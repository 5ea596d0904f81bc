"""The output is the same to the byte, whatever the order of arguments and listings, the hash seed, the means."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from callint import rule

RUN = """
import os, random
listing, chance = os.scandir, random.Random(os.environ["LISTING"])
class Shuffled:
    def __init__(self, path="."):
        with listing(path) as entries:
            found = list(entries)
        chance.shuffle(found)
        self.entries = iter(found)
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def __iter__(self): return self
    def __next__(self): return next(self.entries)
    def close(self): pass
os.scandir = Shuffled
from callint.__main__ import run
run()
"""


class Way(NamedTuple):
    """One way to come to the same output."""

    jobs: int
    cache: str
    seed: int
    arguments: str = "."


WAYS = [
    Way(1, "--cache", 1),
    Way(1, "--cache", 2),
    Way(2, "--no-cache", 3),
    Way(2, "--cache", 4, "files"),
    Way(4, "--no-cache", 5, "files"),
    Way(4, "--cache", 6),
    Way(1, "--no-cache", 7, "files"),
]
"""In this order: the cache is empty at first, and files are added to it under other arguments."""


def output(tree: Path, cache: Path, way: Way) -> tuple[int, bytes, bytes]:
    """The exit code, the report as JSON, and as text."""
    chance = random.Random(way.seed)
    paths = [way.arguments]
    if way.arguments == "files":
        paths = [str(path.relative_to(tree)) for path in sorted(tree.rglob("*")) if path.is_file()]
        paths = [path for path in paths if path.endswith((".yaml", ".yml", ".json")) and "callint.yaml" not in path]
        paths.append(".")
        chance.shuffle(paths)
    text = cache / "report.txt"
    facts = ["--facts", "facts"] if (tree / "facts").is_dir() else []
    command = [sys.executable, "-c", RUN, "check", way.cache, "--jobs", str(way.jobs), "--format", "json"]
    run = subprocess.run(
        [*command, "--output", f"text={text}", *facts, *paths],
        cwd=tree,
        env={
            **os.environ,
            "PYTHONHASHSEED": str(way.seed),
            "LISTING": str(way.seed),
            "XDG_CACHE_HOME": str(cache),
            "COLUMNS": "80",
        },
        capture_output=True,
        timeout=120,
    )
    assert run.stderr == b""
    return run.returncode, run.stdout, text.read_bytes()


def examples(folder: Path, groups: tuple[str, ...]) -> None:
    """A tree of what the examples of rules call bad: every stage has something to say about it."""
    for one in rule.load():
        if one.group in groups and not one.staged:
            for number, example in enumerate(rule.explanation(one).examples):
                file = folder / one.group / f"{one.id}-{number}.{example.format}"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(example.bad.encode(example.encoding))
    for one in rule.load():
        if one.group in ("SRC", "OBJ") and one.staged:
            for number, example in enumerate(rule.explanation(one).examples):
                file = folder / "staged" / f"{one.id}-{number}.{example.format}"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(example.bad.encode(example.encoding))


@pytest.mark.parametrize("name", ["home-router", "home-router-broken", "rules"])
def test_every_way_leads_to_the_same(name: str, repository: Path, tmp_path: Path) -> None:
    tree = tmp_path / name
    if name == "rules":
        examples(tree, ("BGP", "NAT", "HEP"))
    else:
        (tmp_path / ".git").mkdir()
        shutil.copytree(repository / "examples", tmp_path, dirs_exist_ok=True)
    cache = tmp_path / "cache"
    cache.mkdir()
    expected = output(tree, cache, Way(1, "--no-cache", 0))
    assert expected[0] == (0 if name == "home-router" else 1)
    assert (b'"rule"' in expected[1]) is (name != "home-router")
    for way in WAYS:
        assert output(tree, cache, way) == expected, way
    assert list((cache / "callint").iterdir())


def test_facts_that_can_be_read_once_are_known_to_all_processes(repository: Path, tmp_path: Path) -> None:
    tree = repository / "examples" / "home-router-broken"
    facts = (tree / "facts" / "router.yaml").read_bytes()

    def found(*arguments: str) -> tuple[int, bytes]:
        command = [sys.executable, "-m", "callint", "check", "--no-config", "--format", "json", *arguments, "network"]
        environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
        run = subprocess.run(command, cwd=tree, input=facts, env=environment, capture_output=True, timeout=60)
        assert run.stderr == b""
        return run.returncode, run.stdout

    expected = found("--no-cache", "--jobs", "1", "--facts", "-")
    assert expected != found("--no-cache", "--jobs", "1")
    for means in ("--no-cache", "--cache", "--cache"):
        assert found(means, "--jobs", "3", "--facts", "-") == expected
