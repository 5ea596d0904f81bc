"""Nothing in callint is there for its tests alone: what is defined is named somewhere else in callint too."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
MODULES = {path: ast.parse(path.read_bytes()) for path in sorted((REPOSITORY / "callint").rglob("*.py"))}
CALLED_BY_OTHERS = {
    "list_commands": "click, of a group",
    "get_command": "click, of a group",
    "invoke": "click, of a group",
    "format_commands": "click, of a group",
    "make_context": "click, of a group",
    "resolve_command": "click, of a group",
    "from_crds": "click, as the command that its decorator makes of it",
    "connected": "programs that import callint: who reaches whom; benchmarks/policy.py measures it",
    "of_policies": "programs that import callint: workloads for policies that select none; measured with connected",
}
"""What nothing in callint names, and who does."""


def named() -> dict[str, set[tuple[Path, int]]]:
    """Where names are read, and written as text, as names of functions are where something is looked up by name."""
    found = defaultdict(set)
    for path, module in MODULES.items():
        for node in ast.walk(module):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                found[node.id].add((path, node.lineno))
            elif isinstance(node, ast.Attribute):
                found[node.attr].add((path, node.lineno))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found[node.value].add((path, node.lineno))
    return found


def defined(module: ast.Module) -> Iterator[tuple[str, int, int]]:
    """Functions, methods and classes wherever they stand, and constants of the module, with their lines."""
    for node in ast.walk(module):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name, node.lineno, node.end_lineno or 0
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        yield from ((one.id, node.lineno, node.end_lineno or 0) for one in targets if isinstance(one, ast.Name))


def unnamed() -> dict[str, str]:
    """What nothing outside its own lines names, with its place."""
    names = named()
    return {
        name: f"{path.relative_to(REPOSITORY)}:{first}"
        for path, module in MODULES.items()
        for name, first, last in defined(module)
        if not name.startswith("__")
        if all(place == path and first <= line <= last for place, line in names[name])
    }


def test_nothing_is_there_for_tests_alone() -> None:
    alone = {name: place for name, place in unnamed().items() if name not in CALLED_BY_OTHERS}
    assert alone == {}


def test_what_others_call_is_there() -> None:
    there = {name for module in MODULES.values() for name, _, _ in defined(module)}
    assert set(CALLED_BY_OTHERS) <= there
