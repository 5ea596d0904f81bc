"""Sets of integers as sorted, disjoint, merged intervals: canonical, so that equality of tuples is equality of sets."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from callint.net.address import BITS, Family, Prefix

Interval = tuple[int, int]
Intervals = tuple[Interval, ...]
"""Both ends belong to an interval. The empty tuple is the empty set, so `if intervals:` asks for emptiness."""


def merge(pairs: Iterable[Interval]) -> Intervals:
    """Make a set of any intervals in any order; those that end before they start are empty and vanish."""
    out: list[Interval] = []
    low, high = 0, -2
    for start, end in sorted(pairs):
        if end < start:
            continue
        if out and start <= high + 1:
            if end > high:
                high = end
                out[-1] = (low, high)
        else:
            low, high = start, end
            out.append((low, high))
    return tuple(out)


def from_values(values: Iterable[int]) -> Intervals:
    """The set of the given numbers."""
    return merge((value, value) for value in values)


def union(a: Intervals, b: Intervals) -> Intervals:
    """What is in either; costs the smaller set times a logarithm, plus a copy of the larger one."""
    if len(a) < len(b):
        a, b = b, a
    if not b:
        return a
    out: list[Interval] = []
    position = 0
    for low, high in b:
        begin = max(position, _reaching(a, low - 1))
        end = max(begin, bisect_left(a, (high + 2,)))
        out += a[position:begin]
        if begin < end:
            low, high = min(low, a[begin][0]), max(high, a[end - 1][1])
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(high, out[-1][1]))
        else:
            out.append((low, high))
        position = end
    out += a[position:]
    return tuple(out)


def intersection(a: Intervals, b: Intervals) -> Intervals:
    """What is in both; costs the smaller set times a logarithm, plus the result."""
    if len(a) < len(b):
        a, b = b, a
    out: list[Interval] = []
    for low, high in b:
        begin, end = _reaching(a, low), bisect_left(a, (high + 1,))
        if begin >= end:
            continue
        if end - begin == 1:
            out.append((max(low, a[begin][0]), min(high, a[begin][1])))
            continue
        out.append((max(low, a[begin][0]), a[begin][1]))
        out += a[begin + 1 : end - 1]
        out.append((a[end - 1][0], min(high, a[end - 1][1])))
    return tuple(out)


def difference(a: Intervals, b: Intervals) -> Intervals:
    """What is in `a` and not in `b`."""
    if not a or not b:
        return a
    low, high = a[0][0], a[-1][1]
    near = b[_reaching(b, low) : bisect_left(b, (high + 1,))]
    return intersection(a, _gaps(near, low, high)) if near else a


def complement(a: Intervals, maximum: int) -> Intervals:
    """What is in [0, maximum] and not in `a`."""
    return _gaps(a, 0, maximum)


def covers(a: Intervals, b: Intervals) -> bool:
    """Whether every number of `b` is in `a`."""
    if len(a) == 1:
        return not b or (a[0][0] <= b[0][0] and b[-1][1] <= a[0][1])
    for low, high in b:
        begin = _reaching(a, low)
        if begin == len(a) or low < a[begin][0] or a[begin][1] < high:
            return False
    return True


def overlaps(a: Intervals, b: Intervals) -> bool:
    """Whether the sets share a number."""
    if len(a) == len(b) == 1:
        return a[0][0] <= b[0][1] and b[0][0] <= a[0][1]
    if not a or not b:
        return False
    if len(a) < len(b):
        a, b = b, a
    for low, high in b:
        after = bisect_left(a, (low,))
        if (after < len(a) and a[after][0] <= high) or (after and a[after - 1][1] >= low):
            return True
    return False


def contains(a: Intervals, value: int) -> bool:
    """Whether the number is in the set."""
    if len(a) == 1:
        return a[0][0] <= value <= a[0][1]
    index = _reaching(a, value)
    return index < len(a) and a[index][0] <= value


def witness(a: Intervals) -> int | None:
    """The lowest number of the set."""
    return a[0][0] if a else None


def size(a: Intervals) -> int:
    """How many numbers the set holds."""
    return sum(high - low + 1 for low, high in a)


def from_prefixes(prefixes: Iterable[Prefix]) -> Intervals:
    """All addresses of the networks, which must be of one family."""
    return merge((prefix.first, prefix.last) for prefix in prefixes)


def to_prefixes(a: Intervals, family: Family) -> list[Prefix]:
    """The fewest networks that hold exactly these addresses, in order."""
    bits = BITS[family]
    return [Prefix(family, value, bits - host) for low, high in a for value, host in _blocks(low, high)]


def _blocks(low: int, high: int) -> Iterator[tuple[int, int]]:
    """The largest aligned blocks of [low, high] as (first number, number of host bits)."""
    while low <= high:
        room = (high - low + 1).bit_length() - 1
        host = min(room, (low & -low).bit_length() - 1) if low else room
        yield low, host
        low += 1 << host


def _reaching(a: Intervals, value: int) -> int:
    """The index of the first interval that ends at `value` or above."""
    index = bisect_left(a, (value,))
    return index - 1 if index and a[index - 1][1] >= value else index


def _gaps(a: Intervals, low: int, high: int) -> Intervals:
    out: list[Interval] = []
    for start, end in a:
        if start > low:
            out.append((low, min(start - 1, high)))
        low = end + 1
        if low > high:
            return tuple(out)
    out.append((low, high))
    return tuple(out)
