"""Indexes over selectors and labels against asking every pair."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from callint.selector import Selector, parse
from callint.selector import index as index_module
from callint.selector.index import LabelIndex, SelectorIndex
from callint.selector.needs import Need, needs
from callint.selector.overlap import OverlapIndex
from callint.selector.satisfy import overlaps
from callint.selector.syntax import ALL, GLOBAL, And, Compare, Has, Member, Not, Or

KEYS = st.sampled_from("abc")
WORDS = st.sampled_from(["", "x", "xy", "y"])
OPERATORS = st.sampled_from(["==", "!=", "contains", "starts with", "ends with"])
ATOMS = st.one_of(
    st.builds(Has, KEYS),
    st.builds(Compare, KEYS, OPERATORS, WORDS),
    st.builds(
        lambda key, words, negated: Member(key, words, negated=negated),
        KEYS,
        st.lists(WORDS, max_size=2),
        st.booleans(),
    ),
    st.sampled_from([ALL, GLOBAL]),
)
SELECTORS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=3).map(And),
        st.lists(inner, min_size=2, max_size=3).map(Or),
    ),
    max_leaves=6,
)
PLAIN = st.lists(
    st.one_of(
        st.builds(Has, KEYS),
        st.builds(Compare, KEYS, st.just("=="), WORDS),
        st.builds(lambda key, words: Member(key, words, negated=False), KEYS, st.lists(WORDS, min_size=1, max_size=2)),
    ),
    min_size=2,
    max_size=3,
).map(And)
LABELS = st.dictionaries(KEYS, WORDS)


def test_the_label_that_fewest_have_is_what_is_needed() -> None:
    index: LabelIndex[int] = LabelIndex()
    for number in range(10):
        index.add(number, {"app": str(number), "zone": "lan"})
    assert index.candidates(parse("zone == 'lan' && app in {'3', '7'} && !has(old)")) == [3, 7]
    assert index.candidates(parse("zone == 'wan' || app == '1'")) == [1]
    assert index.candidates(parse("!has(old)")) == list(range(10))


def test_what_nothing_can_match_needs_what_nothing_has() -> None:
    nothing, one = needs(Not(ALL)), needs(parse("a == 'x'"))
    assert nothing is not None
    assert one is not None
    assert set(nothing) == set()
    assert set(one) == {Need("a", "x")}


@given(st.lists(LABELS, max_size=8), SELECTORS)
def test_no_labels_that_match_are_left_out(several: list[dict[str, str]], selector: Selector) -> None:
    index: LabelIndex[int] = LabelIndex()
    for number, labels in enumerate(several):
        index.add(number, labels)
    found = index.candidates(selector)
    assert list(found) == sorted(found)
    assert {number for number, labels in enumerate(several) if selector.matches(labels)} <= set(found)


@given(st.lists(SELECTORS | PLAIN, max_size=12), LABELS, st.sets(KEYS), st.sampled_from([1, 2, 16]))
def test_no_selector_that_matches_is_left_out(
    several: list[Selector], labels: dict[str, str], unknown: set[str], many: int
) -> None:
    """What is `many` under one label is parted by another, and both ways of asking find all that matches."""
    present = sorted(unknown - labels.keys())
    with patch.object(index_module, "_MANY", many):
        index = SelectorIndex((selector, number) for number, selector in enumerate(several))
        for found in (index.candidates(labels), index.candidates(labels, present), index.candidates(labels)):
            assert found == sorted(set(found))
            assert {number for number, selector in enumerate(several) if selector.matches(labels)} <= set(found)
        for value in ("", "x", "xy", "y"):
            guessed = labels | dict.fromkeys(present, value)
            matched = {number for number, selector in enumerate(several) if selector.matches(guessed)}
            assert matched <= set(index.candidates(labels, present))


def test_many_selectors_of_one_label_are_parted_by_another() -> None:
    texts = [f"app == 'web' && zone in {{'z{number % 10}', 'z{number % 7}'}}" for number in range(70)]
    index = SelectorIndex((parse(text), text) for text in [*texts, "app == 'web'", "zone == 'z3'"])
    several = [text for text in texts if "'z3'" in text]
    assert index.candidates({"app": "web", "zone": "z3"}) == [*several, "app == 'web'", "zone == 'z3'"]
    assert index.candidates({"app": "web"}) == ["app == 'web'"]
    assert index.candidates({"app": "web"}, present=["zone"]) == [*texts, "app == 'web'", "zone == 'z3'"]


@given(st.lists(SELECTORS, max_size=6), SELECTORS)
def test_no_selector_that_overlaps_is_left_out(several: list[Selector], selector: Selector) -> None:
    found = list(OverlapIndex((one, number) for number, one in enumerate(several)).candidates(selector))
    assert found == sorted(set(found))
    assert {number for number, one in enumerate(several) if overlaps(one, selector)} <= set(found)
