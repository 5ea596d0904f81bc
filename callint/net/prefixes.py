"""`PrefixSet`: exact sets of routes' prefixes, that is of (network, length) pairs of one family."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from operator import and_, or_

from callint.net import intervals
from callint.net.address import BITS, FAMILIES, Family, Prefix
from callint.net.intervals import Intervals
from callint.record import NamedTuple

_EVERY_LENGTH: dict[int, int] = {family: (2 << bits) - 1 for family, bits in BITS.items()}


class Part(NamedTuple):
    """All networks inside `network` with lengths from `low` to `high`; prints as BIRD writes it, `10.0.0.0/8{8,24}`."""

    network: Prefix
    low: int
    high: int

    def __str__(self) -> str:
        exact = self.low == self.high == self.network.length
        return str(self.network) if exact else f"{self.network}{{{self.low},{self.high}}}"


class PrefixSet:
    """A set of prefixes of one family, immutable and canonical: equal sets are `==` and have equal hashes.

    `a | b`, `a & b`, `a - b`, `~a` and `a <= b` mean what they mean for Python's sets, `prefix in a` asks for one,
    `if a:` for emptiness. Every address has a mask of lengths: bit n is set if the network of length n around it is in
    the set. The mask changes at `starts` only, the first of which is 0, and neighbouring `masks` differ. An operation
    costs the pieces of the smaller set, those of the larger one that they touch, and a copy of the rest.
    """

    __slots__ = ("family", "masks", "starts")

    def __init__(self, family: Family, starts: tuple[int, ...], masks: tuple[int, ...]) -> None:
        self.family: Family = family
        self.starts = starts
        self.masks = masks

    def __or__(self, other: PrefixSet) -> PrefixSet:
        return _combine(self, other, or_, neutral=0, dominant=_EVERY_LENGTH[self.family])

    def __and__(self, other: PrefixSet) -> PrefixSet:
        if self.family == other.family:
            if _is_box(other.masks):
                return _cut(self, other)
            if _is_box(self.masks):
                return _cut(other, self)
        return _combine(self, other, and_, neutral=_EVERY_LENGTH[self.family], dominant=0)

    def __sub__(self, other: PrefixSet) -> PrefixSet:
        return self & ~other

    def divide(self, other: PrefixSet) -> tuple[PrefixSet, PrefixSet]:
        """`self & other` and `self - other` at once."""
        if self.family != other.family or not _is_box(other.masks):
            outside = ~other
            if _is_box(outside.masks):
                left, taken = self.divide(outside)
                return taken, left
            return self & other, self & outside
        (_, first, end), mask = other.starts, other.masks[1]
        starts, masks = self.starts, self.masks
        after = bisect_right(starts, first)
        before = masks[after - 1]
        joined = before & mask
        if first > starts[after - 1] and (after == len(starts) or end < starts[after]):
            if not joined:
                return nothing(self.family), self
            inside = other if joined == mask else PrefixSet(self.family, other.starts, (0, joined, 0))
            return inside, PrefixSet(
                self.family,
                (*starts[:after], first, end, *starts[after:]),
                (*masks[:after], before ^ joined, before, *masks[after:]),
            )
        inside = _cut(self, other)
        return inside, self - other if inside else self

    def __invert__(self) -> PrefixSet:
        every = _EVERY_LENGTH[self.family]
        return PrefixSet(self.family, self.starts, tuple([mask ^ every for mask in self.masks]))

    def __le__(self, other: PrefixSet) -> bool:
        return not self - other

    def __bool__(self) -> bool:
        return self.masks != (0,)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PrefixSet):
            return NotImplemented  # so that Python asks the other one
        return self.family == other.family and self.starts == other.starts and self.masks == other.masks

    def __hash__(self) -> int:
        return hash((self.family, self.starts, self.masks))

    def __contains__(self, prefix: Prefix) -> bool:
        if self.family != prefix.family:
            return False
        return bool(self.masks[bisect_right(self.starts, prefix.first) - 1] >> prefix.length & 1)

    def overlaps(self, other: PrefixSet) -> bool:
        """Whether the sets share a prefix."""
        return bool(self & other)

    def witness(self) -> Prefix | None:
        """One prefix of the set: the default route if it is there, else the shortest, and of these the lowest."""
        # The lowest bit is the shortest length, and the lowest address that has it begins both a piece and a network.
        found = [(mask & -mask, start) for start, mask in zip(self.starts, self.masks, strict=True) if mask]
        if not found:
            return None
        bit, start = min(found)
        return Prefix(self.family, start, bit.bit_length() - 1)

    def runs(self) -> Iterator[tuple[int, int, Intervals]]:
        """The set by lengths: (lowest, highest, addresses) for all networks of such lengths inside the addresses."""
        changes = 0
        for mask in self.masks:
            changes |= mask ^ mask << 1
        cuts = [length for length in range(BITS[self.family] + 2) if changes >> length & 1]
        for low, end in pairwise(cuts):
            addresses = intervals.merge(pair for mask, pair in self._pieces() if mask >> low & 1)
            if addresses:
                yield low, end - 1, addresses

    def parts(self) -> list[Part]:
        """The set as disjoint parts, sorted by network, with neighbouring lengths joined; the same for equal sets."""
        found: list[Part] = []
        last: dict[Prefix, Part] = {}
        for low, high, addresses in self.runs():
            now: dict[Prefix, Part] = {}
            for network in intervals.to_prefixes(addresses, self.family):
                before = last.get(network)
                now[network] = Part(network, before.low if before and before.high + 1 == low else low, high)
            found += [part for network, part in last.items() if network not in now or now[network].low != part.low]
            last = now
        return sorted([*found, *last.values()])

    def addresses(self) -> Intervals:
        """Every address that some prefix of the set covers."""
        if _is_box(self.masks):
            return ((self.starts[1], self.starts[2] - 1),)
        return intervals.merge(pair for mask, pair in self._pieces() if mask)

    def __str__(self) -> str:
        """The parts, or what is missing where that is shorter to say; `nothing` and `everything` by name."""
        return self.said(None)

    def said(self, most: int | None) -> str:
        """The set in words, with at most so many of its parts and the number of the others; None names them all."""
        if _is_box((~self).masks):
            one, *others = (~self).parts()
            if not others:  # what is left has parts on both sides of it
                return f"everything but {one}"
        inside = self.parts()
        if not inside or self == everything(self.family):
            return "everything" if inside else "nothing"
        outside = inside
        # Parts of different lengths are no fewer than the ranges of addresses at one, which are quicker to count.
        if len(inside) > 1 and all(len(addresses) < len(inside) for _, _, addresses in (~self).runs()):
            outside = (~self).parts()
        start, parts = ("everything but ", outside) if len(outside) < len(inside) else ("", inside)
        more = len(parts) - most if most is not None else 0
        return f"{start}{', '.join(map(str, parts[:most]))}{f' and {more} more' if more > 0 else ''}"

    def __repr__(self) -> str:
        return f"<PrefixSet {self}>"

    def _pieces(self) -> Iterator[tuple[int, tuple[int, int]]]:
        ends = (*self.starts[1:], 1 << BITS[self.family])
        for start, end, mask in zip(self.starts, ends, self.masks, strict=True):
            yield mask, (start, end - 1)


_NOTHING = {family: PrefixSet(family, (0,), (0,)) for family in FAMILIES}
_EVERYTHING = {family: ~none for family, none in _NOTHING.items()}


def nothing(family: Family) -> PrefixSet:
    """The empty set."""
    return _NOTHING[family]


def everything(family: Family) -> PrefixSet:
    """All prefixes of the family, the default route among them."""
    return _EVERYTHING[family]


def exactly(network: Prefix) -> PrefixSet:
    """The one prefix; host bits are masked away."""
    return within(network, network.length, network.length)


def within(network: Prefix, low: int | None = None, high: int | None = None) -> PrefixSet:
    """The prefixes inside `network`, itself included, whose lengths are from `low` to `high` where these are given."""
    family, value, length = network
    bits = BITS[family]
    low = length if low is None else max(low, length)
    high = bits if high is None else min(high, bits)
    if low > high:
        return nothing(family)
    host = bits - length
    first = value >> host << host
    end = first + (1 << host)
    mask = (2 << high) - (1 << low)
    if first and end < 1 << bits:
        return PrefixSet(family, (0, first, end), (0, mask, 0))
    starts, masks = ((first, end), (mask, 0)) if end < 1 << bits else ((first,), (mask,))
    return PrefixSet(family, (0, *starts), (0, *masks)) if first else PrefixSet(family, starts, masks)


def union_all(family: Family, sets: Iterable[PrefixSet]) -> PrefixSet:
    """The union of many sets, combined as a balanced tree."""
    level = list(sets) or [nothing(family)]
    while len(level) > 1:
        pairs = [a | b for a, b in zip(level[::2], level[1::2], strict=False)]
        level = [*pairs, level[-1]] if len(level) % 2 else pairs
    return level[0]


def _combine(
    a: PrefixSet, b: PrefixSet, operation: Callable[[int, int], int], *, neutral: int, dominant: int
) -> PrefixSet:
    """Join masks; one side's `neutral` mask leaves the other side as it is, its `dominant` mask decides alone."""
    if a.family != b.family:
        raise ValueError(f"an IPv{a.family} set has no operation with an IPv{b.family} set")
    if len(a.starts) < len(b.starts):
        a, b = b, a
    if a is b or b.masks == (neutral,):
        return a
    if b.masks == (dominant,):
        return b
    starts: list[int] = []
    masks: list[int] = []
    last, first, after = -1, 0, 0
    ends = (*b.starts[1:], 1 << BITS[a.family])
    for start, end, mask in zip(b.starts, ends, b.masks, strict=True):
        if mask == dominant:
            first = after
            joined = mask
        else:
            first = bisect_right(a.starts, start, after) - 1
            after = bisect_left(a.starts, end, first)
            joined = operation(a.masks[first], mask)
            first += 1
        if joined != last:
            starts.append(start)
            masks.append(joined)
            last = joined
        if first == after:
            continue
        if mask == neutral:
            starts += a.starts[first:after]
            masks += a.masks[first:after]
            last = masks[-1]
            continue
        for index in range(first, after):
            joined = operation(a.masks[index], mask)
            if joined != last:
                starts.append(a.starts[index])
                masks.append(joined)
                last = joined
    return PrefixSet(a.family, tuple(starts), tuple(masks))


def _is_box(masks: tuple[int, ...]) -> bool:
    """Whether a set is one range of addresses with one mask and nothing on either side, as most networks are."""
    return len(masks) == 3 and not masks[0] and not masks[2]


def _cut(a: PrefixSet, box: PrefixSet) -> PrefixSet:
    """What of `a` is in a box; the box itself where `a` has all of it."""
    (_, first, end), mask = box.starts, box.masks[1]
    starts, masks = a.starts, a.masks
    if _is_box(masks):
        joined = masks[1] & mask
        low, high = max(first, starts[1]), min(end, starts[2])
        if low >= high or not joined:
            return nothing(a.family)
        if joined == mask and high - low == end - first:
            return box
        return PrefixSet(a.family, (0, low, high), (0, joined, 0))
    index = bisect_right(starts, first) - 1
    after = bisect_left(starts, end, index)
    if after == index + 1:
        joined = masks[index] & mask
        if joined == mask:
            return box
        return PrefixSet(a.family, box.starts, (0, joined, 0)) if joined else nothing(a.family)
    inside = [one & mask for one in masks[index:after]]
    found = _merged((0, first, *starts[index + 1 : after], end), (0, *inside, 0))
    return PrefixSet(a.family, *found)


def _merged(starts: Iterable[int], masks: Iterable[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Pieces without those that only go on with the mask before them."""
    last = -1
    kept: list[int] = []
    different: list[int] = []
    for start, mask in zip(starts, masks, strict=True):
        if mask != last:
            kept.append(start)
            different.append(mask)
            last = mask
    return tuple(kept), tuple(different)
