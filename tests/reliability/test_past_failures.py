"""What the fuzzer once found stays mended: each file in fuzz/past, and each target's own beginnings."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).resolve().parent.parent.parent / "fuzz"
PAST = sorted(file for file in (FOLDER / "past").glob("*-*")) if (FOLDER / "past").is_dir() else []
BEGINNINGS = [b"", b"a", b"\xff\xfe", b"&0 $: *0", b"ignore[BGP001] why", b"!(a == 'b') || has(c)", b"10.0.0.0/8"]


@pytest.fixture(scope="module")
def targets() -> ModuleType:
    spec = importlib.util.spec_from_file_location("targets", FOLDER / "targets.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("file", PAST, ids=lambda file: file.name)
def test_a_past_failure(file: Path, targets: ModuleType) -> None:
    targets.TARGETS[file.name.partition("-")[0]](file.read_bytes())


@pytest.mark.parametrize(
    "name", ["loader", "lines", "selector", "bgp_filter", "cidr", "suppression", "check", "manifest", "mixed"]
)
def test_a_target_runs(name: str, targets: ModuleType) -> None:
    for data in BEGINNINGS:
        targets.TARGETS[name](data)
