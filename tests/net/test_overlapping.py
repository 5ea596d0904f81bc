"""Things with sets of numbers, found by a number that they share."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callint.net.address import parse_cidr
from callint.net.intervals import Intervals, merge
from callint.net.overlapping import InOrder, Networks

SETS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 40)), min_size=1, max_size=4).map(
    lambda found: merge((low, low + size) for low, size in found)
)


@given(st.lists(SETS, max_size=8), SETS)
def test_none_is_missed_and_each_comes_once_and_in_its_order(several: list[Intervals], wanted: Intervals) -> None:
    known: InOrder[int] = InOrder()
    for place, numbers in enumerate(several):
        known.add(numbers, place)
    assert bool(known) == bool(several)
    found = known.near(wanted)
    assert found == sorted(set(found))
    assert {place for place, numbers in enumerate(several) if _meet(numbers, wanted)} <= set(found)


def test_those_far_away_are_not_found() -> None:
    known: InOrder[str] = InOrder()
    known.add(((0, 3), (40, 43)), "both")
    known.add(((1 << 20, 1 << 20),), "far")
    assert known.near(((2, 41),)) == ["both"]
    assert known.near(((100, 100),)) == []


def _meet(one: Intervals, other: Intervals) -> bool:
    return any(low <= last and first <= high for low, high in one for first, last in other)


def test_networks_that_overlap_one_of_their_family_in_order() -> None:
    texts = ("10.1.0.0/16", "fd00::/8", "10.0.0.0/8", "10.2.0.0/16", "10.1.2.0/24", "0.0.0.0/0")
    known = Networks((parse_cidr(text), text) for text in texts)
    assert [about for _, about in known.overlapping(parse_cidr("10.1.0.0/16"))] == [texts[0], *texts[2:3], *texts[4:]]
    assert [about for _, about in known.overlapping(parse_cidr("fd01::1/128"))] == ["fd00::/8"]
    assert known
    assert not Networks(())
