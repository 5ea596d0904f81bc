from __future__ import annotations

import ipaddress
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.net import intervals
from callint.net.address import Family, Prefix
from callint.net.intervals import Intervals

TOP = 31
PAIRS = st.lists(st.tuples(st.integers(0, TOP), st.integers(0, TOP)), max_size=12)
SETS = PAIRS.map(intervals.merge)


def members(a: Intervals) -> set[int]:
    return {value for low, high in a for value in range(low, high + 1)}


def assert_canonical(a: Intervals) -> None:
    assert all(low <= high for low, high in a)
    assert all(first[1] + 1 < second[0] for first, second in itertools.pairwise(a))


@given(PAIRS)
def test_merge_is_canonical_and_keeps_every_number(pairs: list[tuple[int, int]]) -> None:
    merged = intervals.merge(pairs)
    assert_canonical(merged)
    assert members(merged) == {value for low, high in pairs for value in range(low, high + 1)}


@given(SETS, SETS)
def test_operations_agree_with_python_sets(a: Intervals, b: Intervals) -> None:
    x, y = members(a), members(b)
    for result, expected in (
        (intervals.union(a, b), x | y),
        (intervals.intersection(a, b), x & y),
        (intervals.difference(a, b), x - y),
        (intervals.complement(a, TOP), set(range(TOP + 1)) - x),
    ):
        assert_canonical(result)
        assert members(result) == expected
    assert intervals.covers(a, b) == (y <= x)
    assert intervals.overlaps(a, b) == bool(x & y)
    assert intervals.size(a) == len(x)
    assert intervals.witness(a) == min(x, default=None)
    assert {value for value in range(TOP + 1) if intervals.contains(a, value)} == x
    assert intervals.from_values(x) == a


@given(st.lists(st.tuples(st.integers(0, 31), st.integers(27, 32)), max_size=8))
def test_aggregation_is_exact_and_minimal(blocks: list[tuple[int, int]]) -> None:
    networks = [Prefix(4, value, length).masked() for value, length in blocks]
    merged = intervals.from_prefixes(networks)
    assert members(merged) == {value for net in networks for value in range(net.first, net.last + 1)}
    oracle = ipaddress.collapse_addresses(ipaddress.IPv4Network(str(net)) for net in networks)
    assert [str(net) for net in intervals.to_prefixes(merged, 4)] == [str(net) for net in oracle]


@given(st.tuples(st.integers(0, 2**128 - 1), st.integers(0, 2**128 - 1)).map(sorted))
def test_aggregation_of_ipv6_ranges(bounds: list[int]) -> None:
    first, last = map(ipaddress.IPv6Address, bounds)
    found = intervals.to_prefixes(((bounds[0], bounds[1]),), 6)
    expected = ipaddress.summarize_address_range(first, last)
    assert [(net.value, net.length) for net in found] == [(int(n.network_address), n.prefixlen) for n in expected]


@pytest.mark.parametrize(("family", "bits"), [(4, 32), (6, 128)])
def test_the_whole_space_is_one_network(family: Family, bits: int) -> None:
    everything = intervals.complement((), (1 << bits) - 1)
    assert [(net.value, net.length) for net in intervals.to_prefixes(everything, family)] == [(0, 0)]
    assert intervals.complement(everything, (1 << bits) - 1) == ()
