"""Evaluation against an evaluator of its own, which computes with sets of label maps instead of walking for one map."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.selector import evaluate, parse

VALUES = ("", "x", "y", "xy", "xyx")
WORLD = [
    {key: value for key, value in zip("ab", pair, strict=True) if value is not None}
    for pair in itertools.product((None, *VALUES), repeat=2)
]
EVERY = frozenset(range(len(WORLD)))
Case = tuple[str, frozenset[int]]


def where(condition: object) -> frozenset[int]:
    assert callable(condition)
    return frozenset(index for index, labels in enumerate(WORLD) if condition(labels))


def atom(key: str, operator: str, value: str, more: str) -> Case:
    if operator == "has":
        return f"has({key})", where(lambda labels: key in labels)
    present = where(lambda labels: key in labels)
    if operator in ("in", "not in"):
        chosen = where(lambda labels: labels.get(key) in (value, more))
        return f"{key} {operator} {{'{value}', '{more}'}}", chosen if operator == "in" else EVERY - chosen
    text = f"{key} {operator} '{value}'"
    if operator == "!=":
        return text, EVERY - where(lambda labels: labels.get(key) == value)
    tests = {"==": str.__eq__, "contains": str.__contains__, "starts with": str.startswith, "ends with": str.endswith}
    return text, present & where(lambda labels: tests[operator](labels.get(key, ""), value))


OPERATORS = ["has", "==", "!=", "in", "not in", "contains", "starts with", "ends with"]
ATOMS = st.builds(
    atom, st.sampled_from("ab"), st.sampled_from(OPERATORS), st.sampled_from(VALUES), st.sampled_from(VALUES)
)
CASES = st.recursive(
    ATOMS | st.sampled_from([("all()", EVERY), ("global()", EVERY)]),
    lambda inner: st.one_of(
        inner.map(lambda case: (f"!({case[0]})", EVERY - case[1])),
        st.tuples(inner, inner).map(lambda two: (f"({two[0][0]}) && ({two[1][0]})", two[0][1] & two[1][1])),
        st.tuples(inner, inner).map(lambda two: (f"({two[0][0]}) || {two[1][0]}", two[0][1] | two[1][1])),
    ),
    max_leaves=8,
)


@given(CASES)
def test_evaluation_agrees_with_sets(case: Case) -> None:
    text, expected = case
    # `a || b && c` was built from `a || (b && c)`: the precedence of the language does the rest.
    selector = parse(text)
    assert {index for index, labels in enumerate(WORLD) if evaluate(selector, labels)} == expected


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("a == ''", False),
        ("a != 'x'", True),
        ("a in {'x'}", False),
        ("a in {}", False),
        ("a not in {'x'}", True),
        ("a not in {}", True),
        ("a contains ''", False),
        ("a starts with ''", False),
        ("a ends with ''", False),
        ("has(a)", False),
        ("all()", True),
        ("global()", True),
        ("", True),
    ],
)
def test_a_missing_label(text: str, absent: bool) -> None:
    assert evaluate(parse(text), {"b": "x"}) is absent


def test_inherited_labels_fill_gaps_only() -> None:
    selector = parse("a == 'own' && b == 'namespace' && c == 'profile'")
    assert evaluate(selector, {"a": "own"}, {"a": "no", "b": "namespace"}, {"b": "no", "c": "profile"})
    assert not evaluate(selector, {"a": "own"}, {"b": "namespace"})
