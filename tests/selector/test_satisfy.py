"""Satisfiability, implication and overlap against brute force over every short value of two labels."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from callint.policy.symbolic.implication import Implication
from callint.selector import Selector, parse
from callint.selector.plain import plain
from callint.selector.rewrite import both, either, negate, replace_all, with_prefix
from callint.selector.satisfy import Unknown, implies, overlaps, satisfiable
from callint.selector.syntax import ALL, GLOBAL, And, Compare, Has, Member, Not, Or
from callint.selector.values import Budget, Conditions, ExhaustedError, find_value, is_kubernetes_value

# `c` stands for every character that no selector names. A selector here names pieces of at most two characters and puts
# at most three conditions on a label: three pieces side by side, or two with one `c` between, are all that it can need.
VALUES = [None, *("".join(word) for length in range(7) for word in itertools.product("abc", repeat=length))]
SHORT = VALUES[: 1 + 1 + 3 + 9]
WORDS = st.text(alphabet="ab", max_size=2)
OPERATORS = st.sampled_from(["==", "!=", "contains", "starts with", "ends with"])


def atoms(keys: str) -> st.SearchStrategy[Selector]:
    key = st.sampled_from(keys)
    return st.one_of(
        st.builds(Has, key),
        st.builds(Compare, key, OPERATORS, WORDS),
        st.builds(
            lambda key, words, negated: Member(key, words, negated=negated),
            key,
            st.lists(WORDS, max_size=2),
            st.booleans(),
        ),
    )


def trees(keys: str, leaves: int) -> st.SearchStrategy[Selector]:
    return st.recursive(
        atoms(keys) | st.sampled_from([ALL, GLOBAL]),
        lambda inner: st.one_of(
            inner.map(Not),
            st.lists(inner, min_size=2, max_size=3).map(And),
            st.lists(inner, min_size=2, max_size=3).map(Or),
        ),
        max_leaves=leaves,
    )


def labels_of(**values: str | None) -> dict[str, str]:
    return {key: value for key, value in values.items() if value is not None}


def assert_witness(selector: Selector, found: object, expected: bool) -> None:
    assert not isinstance(found, Unknown)
    assert (found is not None) == expected, str(selector)
    if found is not None:
        assert isinstance(found, dict)
        assert selector.matches(found), (str(selector), found)


@given(trees("k", 3))
@example(parse("k starts with 'ab' && k ends with 'ba' && !(k contains 'aa')"))
@example(parse("k contains 'ab' && k contains 'ba' && !(k starts with 'a')"))
@example(parse("k starts with 'a' && k starts with 'b'"))
@example(parse("k != '' && !(k contains 'a') && has(k)"))
def test_one_label_against_every_value(selector: Selector) -> None:
    expected = any(selector.matches(labels_of(k=value)) for value in VALUES)
    assert_witness(selector, satisfiable(selector), expected)


@given(trees("kl", 6))
def test_two_labels_sound_always_and_complete_for_short_values(selector: Selector) -> None:
    expected = any(selector.matches(labels_of(k=k, l=m)) for k in SHORT for m in SHORT)
    found = satisfiable(selector)
    assert_witness(selector, found, expected or found is not None)


@given(trees("k", 2), trees("k", 1))
def test_implication_and_overlap(a: Selector, b: Selector) -> None:
    chosen_a = {value for value in VALUES if a.matches(labels_of(k=value))}
    chosen_b = {value for value in VALUES if b.matches(labels_of(k=value))}
    assert implies(a, b) == (chosen_a <= chosen_b)
    assert overlaps(a, b) == bool(chosen_a & chosen_b)


@st.composite
def plain_selectors(draw: st.DrawFn) -> Selector:
    """Values that labels must have or not, and labels that must be absent, which are compared without a search."""
    kinds = st.sampled_from(["==", "in", "has", "!has", "!=", "not in", "all"])
    found: list[Selector] = []
    for key in draw(st.lists(st.sampled_from("klm"), min_size=1, max_size=3)):
        kind = draw(kinds)
        words = draw(st.lists(st.sampled_from(["", "a", "b"]), min_size=1, max_size=3))
        if kind in ("==", "in"):
            found.append(Compare(key, "==", words[0]) if kind == "==" else Member(key, words))
        elif kind in ("!=", "not in"):
            found.append(Compare(key, "!=", words[0]) if kind == "!=" else Member(key, words, negated=True))
        else:
            found.append(ALL if kind == "all" else Has(key) if kind == "has" else Not(Has(key)))
    return And(found) if len(found) > 1 else found[0]


@given(plain_selectors(), plain_selectors())
@example(parse("k in {'a', 'b'} && has(l)"), parse("k in {'b', 'c'}"))
@example(parse("k in {'a', 'b'} && has(l)"), parse("k in {'a', 'b', 'c'}"))
@example(parse("!has(k)"), parse("!has(k) && !has(l)"))
@example(parse("k != 'a'"), parse("k not in {'a', 'b'}"))
@example(parse("!has(k)"), parse("k != 'a'"))
@example(parse("k in {'a', 'b'}"), parse("k not in {'a', 'b'}"))
def test_plain_selectors_label_by_label(a: Selector, b: Selector) -> None:
    everything = [labels_of(k=k, l=m, m=n) for k, m, n in itertools.product([None, "", "a", "b", "c"], repeat=3)]
    chosen_a, chosen_b = ([number for number, one in enumerate(everything) if side.matches(one)] for side in (a, b))
    assert implies(a, b) == (set(chosen_a) <= set(chosen_b))
    assert overlaps(a, b) == bool(set(chosen_a) & set(chosen_b))
    assert_witness(a, satisfiable(a), bool(chosen_a))


def test_what_leaves_out_values_is_plain() -> None:
    assert plain(parse("k == 'a' && l != 'b' && m not in {'a', 'b'}")) is not None
    assert plain(parse("k not in {}")) is None


@pytest.mark.parametrize(
    ("text", "witness"),
    [
        ("", {}),
        ("has(a)", {"a": ""}),
        ("has(a) && a != ''", {"a": "x"}),
        ("a in {'web', 'db'} && a != 'db'", {"a": "web"}),
        ("a starts with 'we' && a ends with 'eb'", {"a": "web"}),
        ("a contains 'web' && b == 'c' || !all()", {"a": "web", "b": "c"}),
        ("a not in {'x'} && !has(b)", {}),
        ("a == 'x' && a == 'y'", None),
        ("a == 'x' && !has(a)", None),
        ("a in {}", None),
        ("!all()", None),
        ("a contains '' && !has(a)", None),
        ("!(a contains '') && has(a)", None),
        ("a starts with 'x' && !(a contains 'x')", None),
        ("(a == 'x' || a == 'y') && a != 'x' && !(a starts with 'y')", None),
        ("a == 'x' && (b == 'y' || a == 'z') && b != 'y'", None),
    ],
)
def test_witnesses(text: str, witness: dict[str, str] | None) -> None:
    assert satisfiable(parse(text)) == witness


def test_values_that_kubernetes_does_not_admit() -> None:
    for text in (
        "a == 'two words'",
        "a starts with '-'",
        "a ends with '.'",
        f"a == '{'x' * 64}'",
        f"a contains '{'x' * 64}'",
    ):
        assert satisfiable(parse(text)) is not None
        assert satisfiable(parse(text), kubernetes=True) is None
    for text in (
        "a contains '--'",
        "a starts with 'a-' && a != 'a-'",
        "a contains '.' && !(a contains 'x')",
        "a == ''",
    ):
        found = satisfiable(parse(text), kubernetes=True)
        assert isinstance(found, dict)
        assert is_kubernetes_value(found["a"])
        assert parse(text).matches(found)
    assert satisfiable(parse(f"a starts with '{'x' * 62}' && a ends with '{'y' * 2}'"), kubernetes=True) is None


@given(trees("k", 3))
@settings(max_examples=50)
def test_kubernetes_values_are_found_where_there_are_any(selector: Selector) -> None:
    expected = any(selector.matches(labels_of(k=value)) for value in VALUES)
    found = satisfiable(selector, kubernetes=True)
    assert_witness(selector, found, expected)


WORD = st.sets(st.text(alphabet="ab", max_size=3), max_size=2).map(frozenset)
CONDITIONS = st.builds(Conditions, st.none() | WORD, *[WORD] * 7)


@given(CONDITIONS)
def test_a_value_is_found_wherever_there_is_one(conditions: Conditions) -> None:
    found = find_value(conditions, Budget(10_000))
    assert found is None or conditions.hold(found)
    values = ("".join(word) for length in range(6) for word in itertools.product("abc", repeat=length))
    assert found is not None or not any(map(conditions.hold, values))


@given(CONDITIONS)
def test_the_shortest_value_of_kubernetes(conditions: Conditions) -> None:
    found = find_value(conditions, Budget(100_000), kubernetes=True)
    values = ("".join(word) for length in range(6) for word in itertools.product("abc", repeat=length))
    shortest = next(filter(conditions.hold, values), None)
    assert found is None or conditions.hold(found)
    if shortest is not None:
        assert found is not None
        assert len(found) == len(shortest)


@given(st.lists(trees("kl", 4), min_size=2, max_size=5))
def test_implication_among_many(selectors: list[Selector]) -> None:
    """Answers of which most are known from others, against a search for each."""
    implication = Implication(10**9)
    for a, b in itertools.product(selectors, repeat=2):
        assert implication.holds(a, b) is (satisfiable(And([a, Not(b)])) is None)
        assert implication.excludes(a, b) is (satisfiable(And([a, b])) is None)
    assert not implication.unknown


def test_implication_has_an_end() -> None:
    selectors = [parse(f"has(a) && b starts with '{n}' || c == '{n}'") for n in range(100)]
    implication = Implication(1000)
    with pytest.raises(ExhaustedError):
        any(implication.holds(a, b) for a, b in itertools.permutations(selectors, 2))


@pytest.mark.parametrize(
    "text",
    [
        " && ".join(f"(a{i} == 'x' || b{i} == 'y' || has(c{i}))" for i in range(1000)),
        " && ".join(f"(a contains '{i}' || b contains '{i}')" for i in range(40)) + " && !has(a) && !has(b)",
        " && ".join(f"(k contains '{a}{b}' || l contains '{b}{a}')" for a in "abcdefgh" for b in "ijklmnop"),
        " && ".join(f"k contains '{a}{b}'" for a in "abcdefgh" for b in "abcdefgh"),
        " && ".join(f"k != '{i}'" for i in range(5000)),
        "k in {" + ",".join(f"'{i}'" for i in range(5000)) + "} && " + " && ".join(f"k != '{i}'" for i in range(3000)),
        " || ".join(f"(k{i} == 'x' && k{i} == 'y')" for i in range(3000)),
        "k ends with '" + "ab" * 40_000 + "' && !(k contains 'bb')",
    ],
)
def test_large_selectors_get_an_answer_in_bounded_time(text: str) -> None:
    selector = parse(text)
    begin = time.process_time()
    found = satisfiable(selector)
    assert time.process_time() - begin < 5
    if isinstance(found, dict):
        assert selector.matches(found)


def test_what_is_too_large_is_unknown() -> None:
    pairs = [f"(!has(p{i}h{k}) || !has(p{j}h{k}))" for k in range(6) for i in range(7) for j in range(i)]
    places = [f"({' || '.join(f'has(p{i}h{k})' for k in range(6))})" for i in range(7)]
    hard = parse(" && ".join(places + pairs))
    assert isinstance(satisfiable(hard), Unknown)
    assert implies(hard, parse("has(l)")) is None
    assert overlaps(hard, parse("k != 'x'")) is None


def test_rewriting() -> None:
    namespace = Has("projectcalico.org/namespace")
    raw = parse("(all() || !global()) && !(role == 'x' && has(a) && b not in {'c'})")
    rewritten = replace_all(with_prefix(raw, "pcns."), all_=namespace, global_=Not(namespace))
    assert str(rewritten) == (
        "((has(projectcalico.org/namespace) || has(projectcalico.org/namespace))"
        ' && !(pcns.role == "x" && has(pcns.a) && pcns.b not in {"c"}))'
    )
    assert parse(str(rewritten)) == rewritten
    assert replace_all(raw) == raw


def test_combining() -> None:
    a, b = parse("has(a)"), parse("has(b)")
    assert both() == both(ALL) == ALL
    assert both(a, ALL) == a
    assert str(both(a, b)) == "(has(a) && has(b))"
    assert either(a) == a
    assert str(either(a, b)) == "(has(a) || has(b))"
    assert negate(negate(a)) == a
