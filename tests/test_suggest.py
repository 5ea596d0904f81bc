"""The nearest name, and the distance against its definition."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.suggest import Words, distance, is_slip, nearest
from calls import calls

WORDS = ["exportV4", "exportV6", "importV4", "importV6", "natOutgoing", "disabled", "cidr", "ipipMode", "vxlanMode"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("exportv4", "exportV4"),
        ("EXPORTV6", "exportV6"),
        ("exprotV4", "exportV4"),
        ("natoutgoin", "natOutgoing"),
        ("nat-outgoing", "natOutgoing"),
        ("disable", "disabled"),
        ("cdir", "cidr"),
        ("cird", "cidr"),
        ("natOutgoingSecs", "natOutgoing"),
        ("natOutgoingEverywhere", None),
        ("banana", None),
        ("x", None),
        ("", None),
        ("c" * 1000, None),
    ],
)
def test_nearest(name: str, expected: str | None) -> None:
    assert nearest(name, WORDS) == expected


@pytest.mark.parametrize(
    ("name", "meant", "slip"),
    [
        ("rakc-a", "rack-a", True),
        ("Rack-A", "rack-a", True),
        ("workers", "worker", True),
        ("rotue.router", "route.router", True),
        ("m5.xlarge", "m5.large", False),
        ("rack-ab", "rack-a", False),
        ("rack-ab", "rack-ba", False),
        ("rack-b", "rack-a", False),
        ("row-east-west", "row-west-east", False),
        ("rack1", "rack2", False),
        ("rack--", "rack-a", False),
        ("rack_a", "rack-a", True),
        ("eu.west_1", "eu-west-1", True),
        ("racka", "rack-a", False),
    ],
)
def test_slips_are_within_a_word(name: str, meant: str, slip: bool) -> None:
    assert is_slip(name, meant) is slip
    assert is_slip(meant, name) is slip


def naive(one: str, other: str) -> int:
    @cache
    def edits(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        best = min(edits(i - 1, j) + 1, edits(i, j - 1) + 1, edits(i - 1, j - 1) + (one[i - 1] != other[j - 1]))
        if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
            best = min(best, edits(i - 2, j - 2) + 1)
        return best

    return edits(len(one), len(other))


@given(st.text("abc", max_size=7), st.text("abc", max_size=7), st.integers(0, 5))
def test_distance_is_the_number_of_edits(one: str, other: str, bound: int) -> None:
    assert distance(one, other, bound) == min(naive(one, other), bound + 1)


@given(st.text(max_size=80))
def test_any_text_has_an_answer(name: str) -> None:
    assert nearest(name, WORDS) in [*WORDS, None]


def naively(name: str, known: list[str]) -> str | None:
    """Every name compared with every other, in the order of the alphabet; else the longest that begins it."""
    most = min(3, (len(name) + 3) // 4)
    same = [word for word in sorted(known) if word.lower() == name.lower()]
    near = [(naive(name.lower(), word.lower()), word) for word in sorted(known)]
    longest = sorted(known, key=lambda word: (-len(word), word))
    begins = [word for word in longest if name.lower().startswith(word.lower()) and 3 * len(word) >= 2 * len(name)]
    return same[0] if same else min([pair for pair in near if pair[0] <= most], default=(0, *begins, None))[1]


@given(st.lists(st.text("abAB-", min_size=1, max_size=9), max_size=12), st.text("abA-", min_size=2, max_size=14))
def test_the_nearest_of_many_is_that_of_comparing_all(known: list[str], name: str) -> None:
    assert nearest(name, known) == naively(name, known)
    words = Words(known)
    assert [words.nearest(name), words.nearest(name)] == [naively(name, known)] * 2


@given(st.text("abcD", max_size=7), st.lists(st.text("abcD", max_size=7), max_size=5))
def test_a_slip_is_the_nearest_name_where_it_is_one_edit_away(name: str, known: list[str]) -> None:
    near = nearest(name, known)
    close = near is not None and distance(name.lower(), near.lower(), 1) <= 1
    assert Words(known).slip(name) == (near if close else None)


def test_there_is_an_end_to_comparing() -> None:
    """Of thousands of names that are as long and of the same letters none is asked about all others."""

    def work(count: int) -> int:
        words = Words([f"port-of-a-kind-{n:05}" for n in range(count)])
        return calls(lambda: [words.nearest(f"post-off-a-kin{n:05}") for n in range(count)])

    assert work(2_000) < 3 * work(1_000)


def test_no_answer_depends_on_those_before() -> None:
    known = [f"port-of-a-kind-{n:05}" for n in range(2_000)]
    for n in range(100):
        nearest(f"post-off-a-kin{n:05}", known)
    assert nearest("post-of-a-kin-00007", known) is not None
