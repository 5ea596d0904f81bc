"""Diagrams and covers against Python sets of all points of a tiny space."""

from __future__ import annotations

import itertools
from functools import partial, reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.net import diagrams, intervals
from callint.net.cover import Product, TooManyCornersError, uncovered
from callint.net.diagrams import EMPTY, FULL, Node, Space, TooLargeError

MAXIMA = (3, 4, 2)
POINTS = list(itertools.product(*(range(top + 1) for top in MAXIMA)))
SPACE = Space(MAXIMA)
Point = tuple[int, ...]
Case = tuple[Node, frozenset[Point]]


def side(top: int) -> st.SearchStrategy[intervals.Intervals]:
    return st.sets(st.integers(0, top)).map(intervals.from_values)


PRODUCTS = st.tuples(*map(side, MAXIMA))


def points_of(product: Product) -> frozenset[Point]:
    return frozenset(point for point in POINTS if all(map(intervals.contains, product, point)))


CASES = st.recursive(
    PRODUCTS.map(lambda product: (SPACE.product(product), points_of(product))),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: (SPACE.apply("or", two[0][0], two[1][0]), two[0][1] | two[1][1])),
        st.tuples(inner, inner).map(lambda two: (SPACE.apply("and", two[0][0], two[1][0]), two[0][1] & two[1][1])),
        st.tuples(inner, inner).map(lambda two: (SPACE.apply("minus", two[0][0], two[1][0]), two[0][1] - two[1][1])),
        inner.map(lambda case: (SPACE.apply("minus", FULL, case[0]), frozenset(POINTS) - case[1])),
    ),
    max_leaves=8,
)


@given(CASES)
def test_membership_count_and_witness(case: Case) -> None:
    node, expected = case
    assert {point for point in POINTS if SPACE.contains(node, point)} == expected
    assert SPACE.count(node) == len(expected)
    assert (node is EMPTY) == (not expected)
    assert (node is FULL) == (len(expected) == len(POINTS))
    lowest = SPACE.pick(node, lambda _, possible: possible[0][0])
    assert lowest == min(expected, default=None)


@given(CASES, CASES, st.integers(0, 2), st.sampled_from([0, 64]))
def test_values_that_are_not_told_apart_are_alike(a: Case, b: Case, level: int, few: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diagrams, "_FEW", few)
        told = SPACE.telling([a[0], b[0]], level)
    values = range(MAXIMA[level] + 1)
    held = [
        [{(*point[:level], *point[level + 1 :]) for point in points if point[level] == value} for _, points in (a, b)]
        for value in values
    ]
    for one, other in itertools.combinations(values, 2):
        assert told(one) != told(other) or held[one] == held[other]
        assert held[one] != held[other] or few == 0 or told(one) == told(other)


@given(CASES, CASES)
def test_equality_is_identity(a: Case, b: Case) -> None:
    assert (a[0] is b[0]) == (a[1] == b[1])


@given(PRODUCTS, st.lists(PRODUCTS, max_size=8))
def test_uncovered_corners(product: Product, earlier: list[Product]) -> None:
    left = points_of(product) - frozenset().union(*map(points_of, earlier))
    corner = uncovered(product, earlier)
    assert (corner is None) == (not left)
    if corner is not None:
        assert all(corner)
        assert points_of(corner) <= left


def test_limits_raise_and_do_not_fill_memory() -> None:
    space = Space((1000, 1000), limit=50)
    with pytest.raises(TooLargeError):
        reduce(partial(space.apply, "or"), (space.product((((i * 2, i * 2),), ((i, i + 3),))) for i in range(100)))
    halves: list[Product] = [(((0, 4),), ((0, 9),)), (((5, 9),), ((0, 9),))]
    with pytest.raises(TooManyCornersError):
        uncovered((((0, 9),), ((0, 9),)), halves, steps=1)


def test_sides_stay_inside_their_fields() -> None:
    with pytest.raises(ValueError, match="from 0 to 3"):
        SPACE.product((((0, 4),), None, None))


def test_wide_nodes_and_long_operations_count_as_several() -> None:
    """Each union alone is one node with one more interval than the last: a hundred thousand of these in all."""
    space = Space((100_000, 3), limit=10_000)
    with pytest.raises(TooLargeError):
        reduce(partial(space.apply, "or"), (space.product((((i * 2, i * 2),), ((i % 3, 3),))) for i in range(2_000)))
    assert len(space._nodes) < 4_000
    with pytest.raises(TooLargeError):
        space.check()
