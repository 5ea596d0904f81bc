"""The pieces of work that `run.py` measures, each in a process of its own: prints the seconds of CPU that it took."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def csafe(folder: Path) -> float:
    """PyYAML's C loader over the bytes of every file, which gives neither positions nor the types of Go."""
    import yaml

    texts = [file.read_bytes() for file in sorted(folder.rglob("*.yaml"))]
    return _timed(lambda: [list(yaml.load_all(text, yaml.CSafeLoader)) for text in texts])


def loader(folder: Path) -> float:
    """Our loader alone, from the paths; positions are found when they are asked for."""
    from callint.source import load

    load([str(Path(__file__).parent)])
    return _timed(lambda: load([str(folder)]))


def positions(folder: Path) -> float:
    """The same, and then the position of every key and value of every document."""
    from callint.source import load, parse

    assert parse("a: b").documents[0].places  # what that imports is not to be measured
    return _timed(lambda: [document.places for document in load([str(folder)]).documents])


def schema(folder: Path) -> float:
    """Our check of shapes alone, compiling included."""
    from callint.calico import Target
    from callint.schema import examine

    objects = _objects(folder)
    target = Target(road="native")
    return _timed(lambda: [examine(document, base, plain, target, "native") for document, base, plain in objects])


def jsonschema(folder: Path) -> float:
    """The library over the same schemas and objects, each validator made once."""
    from jsonschema import Draft202012Validator

    from callint.calico import NEWEST
    from callint.schema.catalogue import find
    from callint.schema.history import at

    validators: dict[tuple[str, str], Any] = {}
    objects = _objects(folder)

    def run() -> None:
        for _, _, plain in objects:
            key = plain["apiVersion"], plain["kind"]
            if key not in validators:
                history = find(*key)
                validators[key] = Draft202012Validator(at(history, NEWEST, "native") if history else {})
            list(validators[key].iter_errors(plain))

    return _timed(run)


def loading(folder: Path) -> float:
    """Everything before the checks: text, shapes and values, and the typed objects."""
    return _lint(folder)[0]


def analysis(folder: Path) -> float:
    """The checks of all rules."""
    return _lint(folder)[1]


def _lint(folder: Path) -> tuple[float, float]:
    from callint import rule
    from callint.config import Config
    from callint.engine import Plan, run
    from callint.lint import DEFAULT, describe
    from callint.source import load

    plan = Plan(rule.load())
    start = time.process_time()
    described = describe(load([str(folder)]), Config(), DEFAULT, plan)
    for cluster in described.clusters:  # which are made when they are first asked for
        _ = cluster.policies, cluster.host_endpoints, cluster.nodes
    middle = time.process_time()
    for cluster in described.clusters:
        run(plan, cluster)
    return middle - start, time.process_time() - middle


def _objects(folder: Path) -> list[tuple[Any, Any, dict[str, Any]]]:
    from callint.objects import unpack
    from callint.source import load

    return [(document, *found) for document in load([str(folder)]).documents for found in unpack(document)]


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    gc.disable()
    print(globals()[sys.argv[1]](Path(sys.argv[2])))
