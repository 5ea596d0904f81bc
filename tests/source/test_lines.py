"""What is read line by line is what libyaml makes of it: the same values, everything in the same place."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callint.source.build import build
from callint.source.chunks import cut
from callint.source.comments import extents
from callint.source.decode import decode
from callint.source.limits import Limits
from callint.source.line_places import ends, trace
from callint.source.lines import UNREAD, Lines, read
from callint.source.load import parse
from callint.source.scalars import Typed
from callint.source.tree import Tree
from random_cases import examples

EXAMPLES = Path(__file__).parents[2] / "examples"


def by_lines(text: str, limits: Limits | None = None) -> Tree | None:
    """What libyaml makes of a text that is read line by line, once it is proven to be the same; None if it is not."""
    limits = limits or Limits()
    value = read(text, Lines(Typed(), limits))
    if value is UNREAD:
        return None
    tree = build(text, Typed(), limits)
    assert not tree.odd, text
    assert repr(value) == repr(tree.value), text
    assert trace(text, value) == tree.trace, text
    assert not tree.aliases
    for start, end in extents(text):
        assert ends(text, start)[start] == end, (text, start)
    return tree


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\n",
        "a:\n  b: c\n  d:\n    - e\n    - f: g\n      h:\n      - i\n      -   j: k\n          l: m\nz: o",
        "# only\n\n  # comments\na:\n# here\n  - b # and\n\n  # there\n  - c#d\n",
        "  indented: yes\n  all: 0x1F\n",
        "- a\n- b:\n  - c\n- 'it''s' # d\n- \"e # f\"\n- ''\n",
        "a:   b  \nc: -1\nd: --- e\nf: http://g:80/h\ni: j#k\nl: m[n]{o}, 'p'\n",
        "a: []\nb: {}\nc: [1, 'two', {three: 4}] # d\ne: {f: {g: h}}\n",
        'a: "b\\n\\u00e9"\nc: é ü\n',
        "a: {b: 'c', d: [e f, g:h, \"i\" ] , j: all()} # k\nl: [ ]\nm: ['n''o', p]\nq: {r: , s: t}\n",
        "a:\nb:\n  c:\n  d: null\ne: ~\n",
        "a:\n- b\n- c:\n  - d\n  e: f\ng: h\n",
    ],
)
def test_plain_lines_are_read(text: str) -> None:
    assert by_lines(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        *("", "# nothing\n", "scalar\n", "a: b\na: c\n", "a: 1\n b: 2\n", "a:\n  b: 1\n c: 2\n", "a: 1\n- b\n"),
        *("- a\nb: c\n", "a: b\n  c\n", "a:\n  b\n", "a: |\n  b\n", "a: >\n  b\n", "a: b: c\n", "a: b:\n", "a: - b\n"),
        *("- - a\n", "-\n", "-a\n", "a:\n  - b\n c: d\n", "a: {b: 1, b: 2}\n", "- a: b\n c: d\n"),
        *("a:\tb\n", "a: b\r\n", "a: \x85b\n", "a: b\u2028\n", "a: b\x07\n", "\ufeffa: b\n", "a: b\xa0\n"),
        *("a: &b c\n", "a: *b\n", "a: !b c\n", "a: [*b]\n", "a: [&b c, *b]\n", "a: [!b c]\n", "? a\n", "a: ? b\n"),
        *("a: 'b\n", "a: 'b' c\n", 'a: "b" : c\n', 'a: "b\\q"\n', "a: [b\n", "a: [b] c\n", "a: {b: c}: d\n"),
        *("a: {{ b }}\n", "a: %b\n", "a: `b\n", "a: @b\n", "a: ,b\n", "a: ]\n", "a: .inf\n", "a: <<\n"),
        *("<<: {a: b}\n", "yes: 1\n", "1: a\n", "null: a\n", "a: {b: .nan}\n", "a: {yes: 1}\n"),
        *("--- a: b\n", "---a: b\n", "%a: b\n", "a: b\n...\n", "a: b\n... c: d\n", "'a': b\n", f"{'a' * 1100}: b\n"),
    ],
)  # fmt: skip
def test_what_is_in_doubt_is_left_to_libyaml(text: str) -> None:
    assert by_lines(text) is None


def test_limits_are_left_to_libyaml() -> None:
    deep = "".join(f"{' ' * depth}a:\n" for depth in range(40))
    assert by_lines(deep) is not None
    assert by_lines(deep, Limits(nesting=40)) is None
    assert by_lines(deep + "".join(f"{' ' * depth}a:\n" for depth in range(40, 90))) is None
    assert by_lines("a: [b, c]\n" + "".join(f'a{index}: ["\\n{index}"]\n' for index in range(40))) is not None
    assert by_lines("".join(f'a{index}: ["\\n{index}"]\n' for index in range(400))) is None
    assert by_lines("".join(f"a{index}: [{index}, '{index}']\nb{index}: {{c: [{index}]}}\n" for index in range(400)))
    selective = "{{order: {0}, selector: (a == 'x{0}' || !has(b)) && c != \"y\", types: [Ingress]}}"
    assert by_lines("".join(f"a{index}: {selective.format(index)}\n" for index in range(400)))


def test_many_brackets_are_not_deep_ones() -> None:
    assert by_lines(f"a: [{', '.join(f'{{b: {{c: [{index}]}}, d: {{}}}}' for index in range(30))}]\n") is not None
    assert by_lines("a: [{b: [{c: [{d: [{}]}]}]}]\n") is not None
    assert by_lines("a: [{b: [{c: [{d: [[[]]]}]}]}]\n") is None
    assert by_lines("a: [{b: '}}}}', c: [{d: ']]]', e: [{f: [{}, {}]}]}]}]\n") is None


def test_one_memo_serves_many_documents() -> None:
    lines = Lines(Typed(), Limits())
    for _ in range(3):
        for value in range(5_000):
            assert read(f"a: {value}\nb: [x]\n", lines) == {"a": value, "b": ["x"]}
    assert len(lines) < 10_000


HEADS = ("", "  ", "    ", "- ", "  - ", "    - ", "-   ", "  -  ", " ")
KEYS = ("a: ", "b: ", "a:", "b:", "c.d/e-f: ", "a:  ", "y: ", "1: ", "'a': ", "", "", "a b: ")
VALUES = (
    *("", "", "c", "1", "0x1F", "1.5", "-1", "-", "- d", "yes", "~", "12:30", "10.0.0.0/8", "fd00::1", "fd00::"),
    *("e: f", "'g'", "'g''h'", '"i"', '"j\\n"', '"k', "[l, 1]", "[]", "{m: n}", "{}", "[[o]]", "{p: [q]}", "[l"),
    *("{m: n, o: 'p', q: [r s, t:u]}", "[v  w, \"x\" , 'y'] # z", "{a: , b}", "[fd00::1/64, a:]", "{'a': b}"),
    *("[a: b, c]", "[d,e]", "{f: [], g: {}}", "[h , i' j]", "[ 'k''l', m ]", "{n: o # p}", "{q:r}", "[s,]", "{t: -}"),
    *("{{ r }}", "# s", "t # u", "t#u", "t ", "|", ">-", "&v w", "*v", "!x y", "<<", ".inf", "\tz", "é", "\u2028"),
    *("\x85", "...", "%"),
)  # fmt: skip
LINES = st.one_of(
    st.tuples(st.sampled_from(HEADS), st.sampled_from(KEYS), st.sampled_from(VALUES)).map("".join),
    st.sampled_from(["", "# x", "  # y", "---", "...", "  z"]),
)
PLAIN = st.tuples(st.sampled_from(HEADS), st.sampled_from(KEYS[:6]), st.sampled_from(("", "c", "1", "'g'", "[l]"))).map(
    "".join
)


NETWORKS = st.lists(
    st.one_of(
        st.integers(0, 255).map(lambda octet: f"10.{octet}.0.0/16"),
        st.sampled_from(["fd00::/8", "fe80:1::2/128", "1/2", "a/8", "a:/8", "f/1"]),
    ),
    min_size=8,
    max_size=12,
)


@given(
    st.sampled_from(["- ", "  - ", "    -  ", " - "]),
    NETWORKS,
    st.lists(LINES | st.sampled_from(["  - ::/0", "  - 10.0.0.0/8 ", "  - 10.0.0.0/8: ", "  - 1.2.3.4"]), max_size=3),
    st.integers(0, 12),
)
def test_runs_of_networks(dash: str, networks: list[str], others: list[str], at: int) -> None:
    lines = [f"{dash}{network}" for network in networks]
    by_lines("\n".join(["a:", "  b:", *lines[:at], *others, *lines[at:]]))
    by_lines("\n".join([*others, "a:", *lines, "c: d"]))
    assert by_lines("\n".join(["a:", *lines])) is not None
    assert by_lines("\n".join(["b: 10.0.0.0/8", "a:", *lines, "c:", *lines, ""])) is not None


WORDS = st.lists(st.sampled_from((
    *("a", "1", "~", ".5", "'x'", '"y"', "==", "!=", "&&", "||", "!has(b)", "(c", "d)", "'", '"', "it's", "a:'b'"),
    *("a:", "!", "&e", "*f", "-", "%", "@", "`", "|", ">", ":", "?", "#", "g#h", "i?", "\\n", "<<", "yes", "j\xa0"),
)), min_size=1, max_size=4).map(" ".join)  # fmt: skip
INSIDE = st.recursive(
    WORDS,
    lambda part: (
        st.lists(part, max_size=3).map(lambda parts: f"[{', '.join(parts)}]")
        | st.lists(st.tuples(WORDS, part), max_size=3).map(
            lambda pairs: f"{{{', '.join(f'{key}: {value}' for key, value in pairs)}}}"
        )
    ),
    max_leaves=6,
)


@given(st.lists(INSIDE, min_size=1, max_size=3))
@settings(max_examples=examples(400), deadline=None)
def test_any_words_in_brackets(parts: list[str]) -> None:
    by_lines(f"a: {{b: {', c: '.join(parts[:2])}}}\nd: [{', '.join(parts)}]\n")


@given(st.one_of(st.lists(LINES, max_size=8), st.lists(PLAIN, max_size=8)).map("\n".join))
@settings(max_examples=examples(400), deadline=None)
def test_any_lines(text: str) -> None:
    by_lines(text)


def documents(folder: Path) -> list[str]:
    files = [file for file in sorted(folder.rglob("*.y*ml")) if file.is_file()]
    texts = [decode(file.read_bytes())[0] for file in files]
    return [text[chunk.start : chunk.end] for text in texts for chunk in cut(text)]


def mutated(text: str, chance: random.Random) -> str:
    """The text with a few lines moved, doubled, indented, or given another sign."""
    lines = text.split("\n")
    for _ in range(chance.randint(1, 3)):
        at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        line = lines[at]
        place = chance.randint(0, len(line))
        lines[at : at + 1] = chance.choice(
            [
                [" " * chance.choice((1, 2)) + line],
                [line[chance.choice((1, 2)) :]],
                [line[:place] + chance.choice([*VALUES, *KEYS, *HEADS]) + line[place:]],
                [line[:place] + line[place + 1 :]],
                [line, line],
                [lines[other]],
                [],
            ]
        )
        lines = lines or [""]
    return "\n".join(lines)


def agrees(texts: list[str], changes: int) -> None:
    chance = random.Random(7)
    taken = sum(by_lines(text) is not None for text in texts if len(text) < 20_000)
    assert taken > 0.9 * len(texts)
    for text in texts:
        if len(text) < 4_000:
            for _ in range(changes):
                by_lines(mutated(text, chance))


def test_the_examples_and_what_is_near_to_them() -> None:
    agrees(documents(EXAMPLES), 10)


def test_manifests_of_others_and_what_is_near_to_them(shared: Path) -> None:
    agrees(documents(shared / "corpus"), 3)


def test_a_document_says_how_it_was_read() -> None:
    lined, other, odd = parse("a: b\n---\na: |\n  b\n---\na: b\na: c\n").documents
    assert [lined.lined, other.lined, odd.lined] == [True, False, False]
    assert [lined.portable, other.portable, odd.portable] == [True, True, False]
