"""Prefix sets against Python sets over a small universe: one end of the address space, and a few far networks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from itertools import pairwise
from operator import or_

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.net.address import BITS, Family, Prefix, parse_cidr
from callint.net.prefixes import PrefixSet, everything, exactly, nothing, union_all, within

Case = tuple[PrefixSet, frozenset[Prefix]]
# Every length at which a generated set can change, and one that stands for the lengths between.
LENGTHS = {family: [0, 1, 2, 3, *range(bits - 6, bits + 1)] for family, bits in BITS.items()}


def networks(family: Family, values: Iterable[int]) -> frozenset[Prefix]:
    return frozenset(Prefix(family, value, length).masked() for value in values for length in LENGTHS[family])


def values(family: Family) -> list[int]:
    return [*range(32), *(1 << host for host in (5, 6, BITS[family] - 2, BITS[family] - 1))]


def universe(family: Family) -> frozenset[Prefix]:
    """The networks of generated sets with what lies beside each, so that different sets differ in some of them."""
    sides = {value ^ 1 << BITS[family] - length for value in values(family) for length in LENGTHS[family] if length}
    return networks(family, {*values(family), *sides})


NETWORKS: dict[Family, frozenset[Prefix]] = {4: networks(4, values(4)), 6: networks(6, values(6))}
UNIVERSE: dict[Family, frozenset[Prefix]] = {4: universe(4), 6: universe(6)}


def box(network: Prefix, low: int, high: int) -> Case:
    chosen = (one for one in UNIVERSE[network.family] if network.contains(one) and low <= one.length <= high)
    return within(network, low, high), frozenset(chosen)


def boxes(family: Family) -> st.SearchStrategy[Case]:
    lengths = st.sampled_from([0, 1, 2, *range(BITS[family] - 6, BITS[family] + 1)])
    return st.builds(box, st.sampled_from(sorted(NETWORKS[family])), lengths, lengths)


def combined(family: Family) -> st.SearchStrategy[Case]:
    every = UNIVERSE[family]
    return st.recursive(
        boxes(family),
        lambda inner: st.one_of(
            inner.map(lambda case: (~case[0], every - case[1])),
            st.tuples(inner, inner).map(lambda two: (two[0][0] | two[1][0], two[0][1] | two[1][1])),
            st.tuples(inner, inner).map(lambda two: (two[0][0] & two[1][0], two[0][1] & two[1][1])),
            st.tuples(inner, inner).map(lambda two: (two[0][0] - two[1][0], two[0][1] - two[1][1])),
        ),
        max_leaves=6,
    )


CASES = combined(4) | combined(6)
PAIRS = st.tuples(combined(4), combined(4)) | st.tuples(combined(6), combined(6))


@given(CASES)
def test_membership_emptiness_and_witness(case: Case) -> None:
    found, expected = case
    assert {one for one in UNIVERSE[found.family] if one in found} == expected
    assert bool(found) == bool(expected)
    witness = found.witness()
    assert (witness is None) == (not expected)
    if witness is not None:
        assert witness in found
        assert (witness.length, witness.value) <= min((one.length, one.value) for one in expected)


@given(PAIRS)
def test_order_and_equality(pair: tuple[Case, Case]) -> None:
    (a, x), (b, y) = pair
    assert (a <= b) == (x <= y)
    assert (a == b) == (x == y)
    assert a.overlaps(b) == bool(x & y)
    assert hash((a | b) - b) == hash(a - b)
    assert (a | b) == ~(~a & ~b)


DIVISIONS = PAIRS | st.tuples(combined(4), boxes(4)) | st.tuples(combined(6), boxes(6))


@given(DIVISIONS)
def test_divided_sets_and_cut_ones_are_canonical(pair: tuple[Case, Case]) -> None:
    """One network, whose ways are shorter, or any set: what is shared and what is left, each in the one form it has."""
    (a, x), (b, y) = pair
    shared, left = a.divide(b)
    for found, expected in ((shared, x & y), (left, x - y), (a & b, x & y), (b & a, x & y)):
        assert {one for one in UNIVERSE[a.family] if one in found} == expected
        assert found.starts[0] == 0
        assert all(one != other for one, other in pairwise(found.masks))
        assert len(found.starts) == len(found.masks)


@given(CASES)
def test_parts_are_disjoint_and_make_up_the_set(case: Case) -> None:
    found, _ = case
    sets = [within(part.network, part.low, part.high) for part in found.parts()]
    assert reduce(or_, sets, nothing(found.family)) == found == union_all(found.family, sets)
    assert not any(sets[i].overlaps(sets[j]) for i in range(len(sets)) for j in range(i))


@given(st.lists(boxes(4), max_size=6))
def test_union_of_many(cases: list[Case]) -> None:
    expected: frozenset[Prefix] = frozenset().union(*(chosen for _, chosen in cases))
    found = union_all(4, [one for one, _ in cases])
    assert {one for one in UNIVERSE[4] if one in found} == expected


@pytest.mark.parametrize(
    ("text", "low", "high", "printed"),
    [
        ("10.0.0.0/8", None, None, "10.0.0.0/8{8,32}"),
        ("10.0.0.0/8", 8, 24, "10.0.0.0/8{8,24}"),
        ("10.0.0.0/8", 0, 24, "10.0.0.0/8{8,24}"),
        ("10.0.0.0/8", 24, 99, "10.0.0.0/8{24,32}"),
        ("10.0.0.0/8", 8, 8, "10.0.0.0/8"),
        ("10.0.0.0/8", 0, 7, "nothing"),
        ("10.0.0.0/8", 24, 16, "nothing"),
        ("10.1.2.3/8", 8, 8, "10.0.0.0/8"),
        ("0.0.0.0/0", None, None, "everything"),
        ("0.0.0.0/0", 0, 0, "0.0.0.0/0"),
        ("2001:db8::/32", 48, None, "2001:db8::/32{48,128}"),
    ],
)
def test_boxes_print_as_bird_writes_them(text: str, low: int | None, high: int | None, printed: str) -> None:
    assert str(within(parse_cidr(text), low, high)) == printed


def test_what_is_missing_is_said_where_that_is_shorter() -> None:
    pods = within(parse_cidr("10.0.0.0/8"))
    assert str(~pods) == "everything but 10.0.0.0/8{8,32}"
    assert str(~pods - exactly(parse_cidr("0.0.0.0/0"))) == "everything but 0.0.0.0/0, 10.0.0.0/8{8,32}"
    assert str(pods - pods) == "nothing"
    assert str(~nothing(6)) == "everything"


@given(st.integers(0, 32), st.integers(0, 32), st.integers(0, 32), st.integers(0, (1 << 32) - 1))
def test_whatever_has_fewer_parts_is_said(length: int, low: int, high: int, value: int) -> None:
    box = within(Prefix(4, value, length), low, high)
    for one in (box, ~box):
        inside, outside = one.parts(), (~one).parts()
        start, parts = ("everything but ", outside) if 0 < len(outside) < len(inside) else ("", inside)
        words = ", ".join(map(str, parts)) if inside and outside else "everything" if inside else "nothing"
        assert str(one) == start + words


def test_of_many_parts_some_are_named_and_the_others_counted() -> None:
    many = union_all(4, (within(parse_cidr(f"10.{index}.0.0/16")) for index in (1, 3, 5, 7)))
    assert many.said(2) == "10.1.0.0/16{16,32}, 10.3.0.0/16{16,32} and 2 more"
    assert (~many - exactly(parse_cidr("0.0.0.0/0"))).said(1) == "everything but 0.0.0.0/0 and 4 more"
    assert many.said(4) == many.said(None) == str(many)
    assert everything(6).said(1) == "everything"


def test_neighbours_join_in_both_directions() -> None:
    halves = within(parse_cidr("10.0.0.0/9"), 9, 24) | within(parse_cidr("10.128.0.0/9"), 9, 24)
    assert str(halves) == "10.0.0.0/8{9,24}"
    lengths = within(parse_cidr("10.0.0.0/8"), 8, 16) | within(parse_cidr("10.0.0.0/8"), 17, 24)
    assert str(lengths) == "10.0.0.0/8{8,24}"
    uneven = within(parse_cidr("10.0.0.0/8"), 8, 24) | within(parse_cidr("12.0.0.0/8"), 8, 16)
    assert str(uneven) == "10.0.0.0/8{8,24}, 12.0.0.0/8{8,16}"


def test_a_network_of_other_lengths_inside_a_wide_one_takes_only_what_both_have() -> None:
    wide, network = within(parse_cidr("10.0.0.0/8"), 16, 24), parse_cidr("10.1.0.0/16")
    taken, left = wide.divide(within(network, 20, 28))
    assert (taken, left) == (within(network, 20, 24), wide - within(network, 20, 28))
    assert str(taken) == "10.1.0.0/16{20,24}"


def test_lengths_with_the_same_addresses_are_one_run() -> None:
    one, other = within(parse_cidr("10.0.0.0/8"), 16, 24), within(parse_cidr("11.0.0.0/8"), 20, 28)
    assert [(low, high) for low, high, _ in one.runs()] == [(16, 24)]
    assert [(low, high) for low, high, _ in (one | other).runs()] == [(16, 19), (20, 24), (25, 28)]


def test_the_default_route_is_the_first_witness() -> None:
    assert str(everything(4).witness()) == "0.0.0.0/0"
    assert str((~within(parse_cidr("10.0.0.0/8"))).witness()) == "0.0.0.0/0"
    assert str((everything(4) - exactly(parse_cidr("0.0.0.0/0"))).witness()) == "0.0.0.0/1"
    assert nothing(6).witness() is None


def test_families_do_not_mix() -> None:
    with pytest.raises(ValueError, match="IPv4 set"):
        _ = everything(4) | everything(6)
    assert parse_cidr("::/0") not in everything(4)
    assert nothing(4) != nothing(6)
