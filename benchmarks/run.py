"""Every figure of docs/performance.md beside its reference, both measured in the same run.

    python benchmarks/run.py [--objects N] [--rounds N] [--limit SECONDS] [WORD...]

Runs of the work and of its reference alternate; the ratio is that of the medians of their CPU seconds, children
included, and the span is that of the single rounds: the wider it is, the less the machine was ours. WORDs choose rows.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import corpus

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent / "examples" / "home-router"
PYTHON = [sys.executable]
CALLINT = [sys.executable, "-m", "callint"]
CHECKOV = ["--framework", "kubernetes", "--compact", "--quiet", "--skip-download"]
COLD = ["--no-config", "--no-cache", "--jobs", "1"]


STARTER = (
    "import os, sys; _, status, used = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0); "
    "print(); print(used.ru_maxrss); sys.exit(os.waitstatus_to_exitcode(status))"
)
"""A small program that starts another: none is said to have held less memory than what started it."""
TWICE = (
    "import subprocess as s, sys; both = [s.Popen(sys.argv[1:], stdout=s.DEVNULL) for _ in range(2)]; "
    "[one.wait() for one in both]"
)
"""A small program that does something twice at once."""

Measure = Callable[[], float]
"""Runs something and gives seconds."""


class Row(NamedTuple):
    """One line of the table; `goal` is the ratio to reach, `faster` whether the reference shall take the longer.

    A `slow` reference, which takes a minute, is measured once.
    """

    work: str
    reference: str
    goal: str
    measure: Measure
    against: Measure
    missing: str = ""
    faster: bool = False
    times: float = 1
    slow: bool = False


class TooLongError(Exception):
    """A process went over the limit of CPU seconds."""


class Stopwatch:
    """Runs processes and measures them."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def command(self, words: list[str], folder: Path = HERE) -> Measure:
        """The CPU seconds of a whole process."""
        return lambda: self._run(words, folder)[0]

    def clock(self, words: list[str], folder: Path = HERE) -> Measure:
        """The same by the clock on the wall."""

        def measure() -> float:
            began = time.monotonic()
            self._run(words, folder)
            return time.monotonic() - began

        return measure

    def child(self, name: str, folder: Path) -> Measure:
        """What a function of children.py says of itself."""
        return lambda: float(self._run([*PYTHON, str(HERE / "children.py"), name, str(folder)], HERE)[1])

    def memory(self, words: list[str]) -> int:
        """The largest memory of a process, in bytes."""
        _, said = self._run([*PYTHON, "-S", "-c", STARTER, *words], HERE)
        return int(said.split()[-1]) * 1024

    def _run(self, words: list[str], folder: Path) -> tuple[float, str]:
        """Its CPU seconds, and what it printed."""
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                words, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
            previous = signal.signal(signal.SIGALRM, lambda *_: os.killpg(process.pid, signal.SIGKILL))
            signal.alarm(self.limit)
            try:
                _, status, usage = os.wait4(process.pid, 0)
            finally:
                signal.alarm(0)
                signal.signal(signal.SIGALRM, previous)
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            said = output.read().decode(errors="replace")
        if process.returncode == -signal.SIGKILL:
            raise TooLongError
        if process.returncode not in (0, 1):
            raise SystemExit(f"{' '.join(words)} ended with {process.returncode}:\n{said}")
        return usage.ru_utime + usage.ru_stime, said


def rows(watch: Stopwatch, folder: Path, objects: int) -> Iterator[Row]:
    """The table of speed."""
    ten = corpus.few(folder / "ten")
    tree, tenth = folder / "tree", folder / "tenth"
    corpus.tree(tree, objects)
    corpus.tree(tenth, objects // 10)
    check = [*CALLINT, "check", *COLD]
    yield Row(
        "callint --version",
        "import click",
        "≤ 1.2",
        watch.command([*CALLINT, "--version"]),
        watch.command(python("click")),
    )
    yield Row(
        "check of ten objects", "python -c pass", "≤ 6", watch.command([*check, str(ten)]), watch.command(python())
    )
    yield Row(
        "check examples/home-router",
        "import click, yaml",
        "≤ 2.5",
        watch.command([*CALLINT, "check"], EXAMPLE),
        watch.command(python("click", "yaml")),
    )
    csafe = watch.child("csafe", tree)
    yield Row(f"check of {objects} objects", "CSafeLoader", "≤ 1.3", watch.command([*check, str(tree)]), csafe)
    few_hundred = folder / "few-hundred"
    corpus.tree(few_hundred, 500)
    for there, count, against in ((few_hundred, 500, watch.child("csafe", few_hundred)), (tree, objects, csafe)):
        yield Row(
            f"loader alone, {count} objects, every position asked for",
            "CSafeLoader",
            "≤ 0.65",
            watch.child("positions", there),
            against,
        )
        yield Row(
            f"loader alone, {count} objects, positions when asked for",
            "CSafeLoader",
            "≤ 0.4",
            watch.child("loader", there),
            against,
        )
    yield Row(
        "schema check alone",
        "jsonschema",
        "≥ 15 times faster",
        watch.child("schema", tree),
        watch.child("jsonschema", tenth),
        "" if importlib.util.find_spec("jsonschema") else "jsonschema is not installed",
        faster=True,
        times=10,
    )
    for program, words, goal in (
        ("yamllint", ["-d", "relaxed", str(tree)], "≥ 15 times faster"),
        ("checkov", ["-d", str(tree), *CHECKOV], "≥ 25 times faster"),
    ):
        found = shutil.which(program, path=f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}")
        yield Row(
            f"check of {objects} objects",
            program,
            goal,
            watch.command([*check, str(tree)]),
            watch.command([found or program, *words]),
            "" if found else f"{program} is not installed",
            faster=True,
            slow=True,
        )
    yield Row(
        f"check of {objects} objects",
        f"{objects // 10} objects, ten times",
        "linear: ≤ 1.1",
        watch.command([*check, str(tree)]),
        watch.command([*check, str(tenth)]),
        times=10,
    )
    one, again = [*check, str(tree)], [*CALLINT, "check", "--no-config", "--cache", "--jobs", "1", str(tree)]
    two = [*CALLINT, "check", "--no-config", "--no-cache", "--jobs", "2", str(tree)]
    yield Row(
        f"check of {objects} objects, two processes, by the clock, idle cores",
        "one process",
        "≤ 0.6",
        watch.clock(two),
        watch.clock(one),
    )
    yield Row(
        "two such runs beside each other, by the clock, idle cores",
        "one process",
        "what the machine takes",
        watch.clock([*PYTHON, "-S", "-c", TWICE, *one]),
        watch.clock(one),
    )
    cached = watch.command(again)
    for changed in (0, 10):
        yield Row(
            f"check of {objects} objects again, {changed} files changed",
            "without cache",
            "≤ 0.15",
            edited(tree, changed, cached),
            watch.command(one),
        )
    large = folder / "cluster"
    size = objects / 10_000
    corpus.cluster(large, int(5000 * size), int(20_000 * size), int(2000 * size))
    yield Row(
        f"analysis of {int(5000 * size)} nodes, {int(20_000 * size)} policies, {int(2000 * size)} host endpoints",
        "loading them",
        "≤ 1.5",
        watch.child("analysis", large),
        watch.child("loading", large),
    )


def edited(tree: Path, files: int, measure: Measure) -> Measure:
    """The measure behind a change of the order of a policy in each of so many files; the cache is full before."""
    known: list[Path] = []
    rounds = itertools.count(1001)

    def run() -> float:
        if not known:
            known.extend(sorted(tree.rglob("*.yaml")))
            measure()
        order = next(rounds)
        for file in known[:: max(1, len(known) // files)][:files] if files else ():
            text = file.read_text(encoding="utf-8")
            file.write_text(re.sub(r"order: \d+", f"order: {order}", text, count=1), encoding="utf-8")
        return measure()

    return run


def python(*modules: str) -> list[str]:
    """The program that imports modules, or does nothing."""
    return [*PYTHON, "-c", f"import {', '.join(modules)}" if modules else "pass"]


def told(row: Row, rounds: int) -> str:
    """The measured ratio with its span."""
    if row.missing:
        return row.missing
    try:
        times = range(1 if row.slow else rounds)
        pairs = [(row.measure(), row.against() * row.times) for _ in times]
    except TooLongError:
        return "over the limit of time"
    ratios = sorted(against / own if row.faster else own / against for own, against in pairs)
    own, against = (statistics.median(column) for column in zip(*pairs, strict=True))
    middle = against / own if row.faster else own / against
    return f"{middle:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def memory(watch: Stopwatch, folder: Path) -> str:
    """The largest memory of a check over the bytes read; and the same less what an empty check takes."""
    size = sum(file.stat().st_size for file in folder.rglob("*.yaml"))
    empty = folder.parent / "empty.yaml"
    empty.write_text("{}\n", encoding="utf-8")
    try:
        used = [watch.memory([*CALLINT, "check", *COLD, str(path)]) for path in (folder, empty)]
    except TooLongError:
        return "over the limit of time"
    return f"{used[0] / size:.1f}, less an empty check {(used[0] - used[1]) / size:.1f}"


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=int, default=900, help="seconds for one process")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    watch = Stopwatch(options.limit)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = os.path.join(folder, "cache")
        print("| work | reference | to reach | measured |\n|---|---|---|---|")
        for row in rows(watch, Path(folder), options.objects):
            if all(word in f"{row.work} {row.reference}" for word in options.words):
                print(f"| {row.work} | {row.reference} | {row.goal} | {told(row, options.rounds)} |", flush=True)
        if all(word in "memory" for word in options.words):
            for objects in (500, 1000, options.objects):
                tree = Path(folder, f"memory-{objects}")
                corpus.tree(tree, objects)
                goal = "≤ 35" if objects == 500 else "≤ 25"
                print(f"| peak memory, {objects} objects | bytes read | {goal} | {memory(watch, tree)} |", flush=True)


if __name__ == "__main__":
    main()
