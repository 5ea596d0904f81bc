"""The house as docs/architecture.md draws it: every import goes to a floor below, and no room is too large."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "callint"
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST = 500
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}
FRONT_DOOR = {"__init__", "__main__"}


def floors() -> dict[str, int]:
    """The floor of each module and package directly under callint, 0 at the bottom, from the picture."""
    text = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    picture = re.search(r"^## Floors\n.*?^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert picture, "docs/architecture.md has no picture of the floors"
    rows = [line.split() for line in picture[1].splitlines()]
    return {name: height for height, row in enumerate(reversed(rows)) for name in row}


def room(module: Path) -> str:
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(module: Path) -> Iterator[str]:
    """The modules and packages directly under callint that a file imports, wherever in it and for whatever reason."""
    for node in ast.walk(ast.parse(module.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("callint."))


def test_the_picture_names_every_room_once() -> None:
    assert set(floors()) == {room(module) for module in MODULES} - FRONT_DOOR


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_imports_go_down(module: Path) -> None:
    height = floors()
    own = room(module)
    if own in FRONT_DOOR:
        return
    upwards = {name for name in imported(module) if name in height and name != own and height[name] >= height[own]}
    assert upwards == set()


def named(module: Path) -> Iterator[Path]:
    """The files of callint that a file imports, for types too."""
    for node in ast.walk(ast.parse(module.read_bytes())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("callint."):
            place = REPOSITORY.joinpath(*(node.module or "").split("."))
            if place.is_dir():
                yield from (place / f"{alias.name}.py" for alias in node.names if (place / f"{alias.name}.py").exists())
            else:
                yield place.with_suffix(".py")


def test_no_module_comes_back_to_itself() -> None:
    order = TopologicalSorter({module: list(named(module)) for module in MODULES})
    assert len(list(order.static_order())) >= len(MODULES)


def test_a_report_knows_findings_and_the_texts_of_rules() -> None:
    known = {name for module in (PACKAGE / "report").glob("*.py") for name in imported(module)}
    assert known == {"report", "finding", "record", "catalogue"}


def test_the_algebra_knows_no_calico() -> None:
    known = {name for module in (PACKAGE / "net").glob("*.py") for name in imported(module)}
    assert known <= {"net", "record"}


@pytest.mark.parametrize("folder", ["callint", "action", "tests", "tools", "benchmarks"])
def test_no_file_is_too_long(folder: str) -> None:
    lengths = {path: len(path.read_bytes().splitlines()) for path in (REPOSITORY / folder).rglob("*.py")}
    assert {path.name: length for path, length in lengths.items() if length > LONGEST} == {}


def test_names_say_what_is_inside() -> None:
    assert [module for module in MODULES if SAYS_NOTHING & set(module.stem.split("_"))] == []
