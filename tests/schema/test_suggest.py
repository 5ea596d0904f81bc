"""The nearest name, and the distance against its definition."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.schema.suggest import distance, nearest

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
        ("banana", None),
        ("x", None),
        ("", None),
        ("c" * 1000, None),
    ],
)
def test_nearest(name: str, expected: str | None) -> None:
    assert nearest(name, WORDS) == expected


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
