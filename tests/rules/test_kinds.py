"""Every kind of problem that a stage before the checks can report has a rule of that name, and the other way round.

The kinds are read off the source text of the stages: the first argument wherever a problem, or what becomes one, is
made. That each of them is really reported is what the examples of the rules show (test_examples.py).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from callint import catalogue, rule

STAGES = {
    "source": ["source", "intake/kustomize.py", "divide.py", "given.py"],
    "schema": ["schema", "validate"],
    "facts": ["facts"],
    "suppression": ["suppress.py", "baseline.py"],
}
BORROWED = {"source": {"suppression-unused"}, "schema": {"net-read-otherwise"}}
"""Kinds of another stage, or of a check, that a stage reports as well.

A pattern under `exclude` is read where files are found, and of networks with host bits a rule is judged on its road,
while a check tells of those in network sets, which every road takes.
"""
MAKERS = frozenset({"Problem", "Story", "Stranger", "Note", "note", "say", "Flaw", "Effect", "refuse", "parsed"})
"""Calls whose first argument is the kind of a problem."""
BY_KEYWORD = {"Complaint": "syntax-error"}
"""Calls that take the kind as the keyword `kind`, and the kind without it."""
FORWARDED = frozenset({"kind", "problem"})
"""Attributes that carry a kind from one of those calls to the next."""
FORWARDING = {
    "callint/source/reader.py",
    "callint/source/odd_nodes.py",
    "callint/validate/scope.py",
    "callint/validate/network_policy.py",
    "callint/validate/values.py",
}
"""Modules whose own `say`, `note`, `refuse` and `parsed` forward a kind in a plain variable."""

CATALOGUE = rule.load()


def modules(repository: Path, names: list[str]) -> Iterator[tuple[str, ast.Module]]:
    for name in names:
        path = repository / "callint" / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            yield file.relative_to(repository).as_posix(), ast.parse(file.read_text("utf-8"))


def calls(tree: ast.Module, makers: frozenset[str]) -> Iterator[tuple[ast.expr, dict[str, set[str]]]]:
    """The first argument of each call to a maker, and the text constants that its function assigns to names."""
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        assigned: dict[str, set[str]] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                assigned.setdefault(node.targets[0].id, set()).update(constants(node.value))
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in makers and node.args:
                    yield node.args[0], assigned
                elif name in BY_KEYWORD:
                    kind = next((keyword.value for keyword in node.keywords if keyword.arg == "kind"), None)
                    yield kind or ast.Constant(BY_KEYWORD[name]), assigned
    for node in [node for node in tree.body if not isinstance(node, (ast.FunctionDef, ast.ClassDef))]:
        for call in [one for one in ast.walk(node) if isinstance(one, ast.Call)]:
            if getattr(call.func, "id", "") in makers and call.args:
                yield call.args[0], {}


def constants(node: ast.expr) -> set[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.IfExp):
        return constants(node.body) | constants(node.orelse)
    return set()


def emitted(repository: Path, names: list[str]) -> set[str]:
    kinds: set[str] = set()
    for name, tree in modules(repository, names):
        for argument, assigned in calls(tree, MAKERS):
            found = constants(argument) or assigned.get(getattr(argument, "id", ""), set())
            forwarded = isinstance(argument, ast.Attribute) and argument.attr in FORWARDED
            passed_on = name in FORWARDING and getattr(argument, "id", "") == "kind"
            known = bool(found) or forwarded or passed_on
            assert known, f"{name}:{argument.lineno}: this test cannot tell which kind of problem is made here"
            kinds |= found
    return kinds


@pytest.mark.parametrize("stage", STAGES)
def test_kinds_of_a_stage_are_its_rules(stage: str, repository: Path) -> None:
    own = {one.name for one in CATALOGUE if one.check == stage}
    assert emitted(repository, STAGES[stage]) == own | BORROWED.get(stage, set())


def test_every_stage_is_looked_at() -> None:
    assert {*STAGES, "engine"} == set(catalogue.STAGES)


def test_engine_reports_one_kind_of_its_own() -> None:
    assert [one.name for one in CATALOGUE if one.check == "engine"] == ["check-crashed"]
