from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.selector import Selector, SelectorError, keys, keys_and_values, mentions, parse
from callint.selector.syntax import ALL, GLOBAL, And, Compare, Has, Member, Not, Or

KEYS = st.text(alphabet="abz09_./-", min_size=1, max_size=6) | st.sampled_from(["has", "all", "not", "in", "contains"])
LITERALS = st.text(max_size=4).filter(lambda text: not ('"' in text and "'" in text))
ATOMS = st.one_of(
    st.sampled_from([ALL, GLOBAL]),
    st.builds(Has, KEYS),
    st.builds(Compare, KEYS, st.sampled_from(["==", "!=", "contains", "starts with", "ends with"]), LITERALS),
    st.builds(
        lambda key, values, negated: Member(key, values, negated=negated), KEYS, st.lists(LITERALS), st.booleans()
    ),
)
TREES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        inner.filter(lambda operand: not isinstance(operand, Not)).map(Not),
        st.lists(inner, min_size=2, max_size=3).map(And),
        st.lists(inner, min_size=2, max_size=3).map(Or),
    ),
    max_leaves=12,
)
PIECES = st.sampled_from(
    [
        *"(){},!=&|'\"ab \t\n",
        "==",
        "!=",
        "&&",
        "||",
        "has(",
        "all()",
        "global()",
        "in",
        "not",
        "starts",
        "with",
        "“",
        "a == 'b'",
    ]
)


def refusal(text: str, *, strict: bool = False) -> SelectorError | None:
    try:
        parse(text, strict=strict)
    except SelectorError as error:
        return error
    return None


@given(TREES)
def test_print_and_parse_round_trip(tree: Selector) -> None:
    text = str(tree)
    assert parse(text) == tree
    assert hash(parse(text)) == hash(tree)
    assert str(parse(text)) == text


@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=30), st.booleans())
def test_any_text_is_a_selector_or_a_placed_error(text: str, strict: bool) -> None:
    error = refusal(text, strict=strict)
    if error is None:
        tree = parse(text, strict=strict)
        assert parse(str(tree)) == tree
        named = {mention.key.value for mention in mentions(text, strict=strict)}
        assert named == keys(tree) == set(keys_and_values(tree))
        return
    assert str(error)
    assert 0 <= error.offset <= error.offset + error.length <= len(text)
    assert error.length > 0 or error.offset == len(text)
    assert not error.limit


@given(st.lists(PIECES | st.just(" && ") | ATOMS.map(str), max_size=9).map("".join), st.booleans())
def test_operands_read_one_by_one_are_what_they_are_in_parentheses(text: str, strict: bool) -> None:
    if text.strip(" \t") and refusal(text, strict=strict) is None:
        assert parse(text, strict=strict) == parse(f"({text})", strict=strict)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", "all()"),
        (" \t", "all()"),
        ("a=='x'", 'a == "x"'),
        ("a == 'say \"x\"'", "a == 'say \"x\"'"),
        ("a in{'y','x','y',}", 'a in {"x", "y"}'),
        ("a notin{}", "a not in {}"),
        ("a not\tin { 'x' }", 'a not in {"x"}'),
        ("a startswith'x'", 'a starts with "x"'),
        ("a ends  with ''", 'a ends with ""'),
        ("has( a/b.c_d-e )", "has(a/b.c_d-e)"),
        ("all( ) && global(\t)", "(all() && global())"),
        ("!!!has(a)", "!has(a)"),
        ("!!has(a)", "has(a)"),
        ("!a == 'x'", '!a == "x"'),
        ("a == 'x && y' && !(has(b) && has(c))&&has(d)", '(a == "x && y" && !(has(b) && has(c)) && has(d))'),
        ("a == 'x' && (has(b) && has(c))", '(a == "x" && (has(b) && has(c)))'),
        ("has(a) || has(b) && has(c)", "(has(a) || (has(b) && has(c)))"),
        ("((has(a)))", "has(a)"),
        ("!(has(a) || has(b))", "!(has(a) || has(b))"),
        ("all == 'x'", 'all == "x"'),
        ("contains contains 'contains'", 'contains contains "contains"'),
        ("in in {'in'}", 'in in {"in"}'),
        ("-./_ == 'a\nb'", '-./_ == "a\nb"'),
        ("has(" + "x" * 512 + ")", "has(" + "x" * 512 + ")"),
    ],
)
def test_accepted(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "wrong", "hint"),
    [
        ('a = "b"', "=", '"=="'),
        ("a == b", "b", 'quote the value: "b"'),
        ("a in {b}", "b", "quote"),
        ("a == “b”", "“", "quote with"),
        ("has(a) & has(b)", "&", '"&&"'),
        ("has(a) | has(b)", "|", '"||"'),
        ("has(a)\n", "\n", ">-"),
        ("has(a)\n&& has(b)", "\n", ">-"),
        ("has(\na)", "\n", ""),
        ("has (a)", "has (", "without the space"),
        ("all ()", "all (", "without the space"),
        ('has("a")', '"', "without quotes"),
        ("has(a", "has(a", ""),
        ("all(x)", "x", ""),
        ('"a" == "b"', '"a"', "left"),
        ("a", "", "has(a)"),
        ("a && has(b)", "&&", "has(a)"),
        ("has(a) and has(b)", "and", '"&&"'),
        ("not has(a)", "has", '"!"'),
        ("has(a), has(b)", ",", '"&&"'),
        ("(has(a), has(b))", ",", '"&&"'),
        ("a in ('b', 'c')", "(", "braces"),
        ("()", ")", ""),
        ("(has(a)", "(", ""),
        ("has(a))", ")", 'no "("'),
        ("has(a) &&", "", ""),
        ("has(a) && && has(b)", "&&", ""),
        ("has(a) && b == c && has(d)", "c", "quote"),
        ("!", "", ""),
        ("a == 'b", "'b", ""),
        ("a in 'b'", "'b'", ""),
        ("a in {'b' 'c'}", "'c'", ""),
        ("a in {,}", ",", ""),
        ("a in {'b'", "", ""),
        ("a inx {'b'}", "inx", ""),
        ("a Contains 'b'", "Contains", ""),
        ("a == 'b' 'c'", "'c'", ""),
        ("a\u00a0== 'b'", "\u00a0", ""),
        ("x" * 513 + " == 'b'", "x" * 513, ""),
        ("has(" + "x" * 513 + ")", "x" * 513, ""),
        ("a starts\nwith 'b'", "starts", ""),
    ],
)
def test_refused(text: str, wrong: str, hint: str) -> None:
    with pytest.raises(SelectorError) as caught:
        parse(text, strict=True)
    error = caught.value
    assert text[error.offset : error.offset + error.length] == wrong
    assert hint in error.hint
    assert bool(hint) == bool(error.hint)


@pytest.mark.parametrize("text", ["has(\na\n)", "all(\n)", "global(\r\n)", "a starts\nwith 'b'", "a not\n in {'b'}"])
def test_line_breaks_that_only_v3_29_and_before_read(text: str) -> None:
    parse(text)
    with pytest.raises(SelectorError):
        parse(text, strict=True)


@pytest.mark.parametrize("text", ["has(a)\n", "has(a)\n&& has(b)", "a ==\n'b'", "a in\n{'b'}"])
def test_line_breaks_that_no_release_reads(text: str) -> None:
    for strict in (False, True):
        with pytest.raises(SelectorError):
            parse(text, strict=strict)


def test_limits_are_said_to_be_limits() -> None:
    for text in ("(" * 101 + "has(a)" + ")" * 101, "a == '" + "x" * 100_000 + "'"):
        with pytest.raises(SelectorError) as caught:
            parse(text)
        assert caught.value.limit
    parse("(" * 100 + "has(a)" + ")" * 100)
    parse("!" * 50_001 + "has(a)")
    wide = parse(" || ".join(["has(a)"] * 5_000))
    assert isinstance(wide, Or)
    assert len(wide.operands) == 5_000


def test_deepest_tree_prints_and_evaluates() -> None:
    text = "!(has(a)&&" * 100 + "has(b)" + ")" * 100
    tree = parse(text)
    assert parse(str(tree), max_depth=101) == tree
    assert isinstance(tree.matches({"a": ""}), bool)


def test_mentions_have_places() -> None:
    text = "role in {'db', \"web\"} && has(zone) || all() && !app starts with 'x'"
    found = [
        (
            mention.key.value,
            text[mention.key.start : mention.key.end],
            mention.operator,
            [v.value for v in mention.values],
        )
        for mention in mentions(text)
    ]
    assert found == [
        ("role", "role", "in", ["db", "web"]),
        ("zone", "has(zone)", "has", []),
        ("app", "app", "starts with", ["x"]),
    ]
    assert [text[value.start : value.end] for value in mentions(text)[0].values] == ["'db'", '"web"']


def test_keys_and_values() -> None:
    tree = parse("a == 'x' && !(a in {'y'} || has(b)) && global()")
    assert keys_and_values(tree) == {"a": frozenset("xy"), "b": frozenset()}
