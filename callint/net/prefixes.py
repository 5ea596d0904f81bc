"""`PrefixSet`: exact sets of routes' prefixes, that is of (network, length) pairs of one family."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from callint.net import intervals
from callint.net.address import BITS, LAST, Family, Prefix
from callint.net.intervals import Intervals


class Part(NamedTuple):
    """All networks inside `network` with lengths from `low` to `high`; prints as BIRD writes it, `10.0.0.0/8{8,24}`."""

    network: Prefix
    low: int
    high: int

    def __str__(self) -> str:
        exact = self.low == self.high == self.network.length
        return str(self.network) if exact else f"{self.network}{{{self.low},{self.high}}}"


class Run(NamedTuple):
    """Lengths from `low` to `high` share one set: the networks of such a length that lie inside `addresses`."""

    low: int
    high: int
    addresses: Intervals


class PrefixSet:
    """A set of prefixes of one family, immutable and canonical: equal sets are `==` and have equal hashes.

    `a | b`, `a & b`, `a - b`, `~a` and `a <= b` mean what they mean for Python's sets, `prefix in a` asks for one,
    `if a:` for emptiness. For each length the networks of that length are kept as the addresses that they fill, so that
    neighbouring lengths mostly share one interval list; `runs` are the maximal stretches of equal, non-empty lists.
    """

    __slots__ = ("family", "runs")

    def __init__(self, family: Family, runs: Iterable[Run] = ()) -> None:
        """Take disjoint runs in the order of their lengths, each list aligned to networks of its lowest length."""
        self.family: Family = family
        self.runs = _canonical(runs)

    def __or__(self, other: PrefixSet) -> PrefixSet:
        return self._with(other, intervals.union)

    def __and__(self, other: PrefixSet) -> PrefixSet:
        return self._with(other, intervals.intersection)

    def __sub__(self, other: PrefixSet) -> PrefixSet:
        return self._with(other, intervals.difference)

    def __invert__(self) -> PrefixSet:
        return everything(self.family) - self

    def __le__(self, other: PrefixSet) -> bool:
        return not self - other

    def __bool__(self) -> bool:
        return bool(self.runs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PrefixSet) and self.family == other.family and self.runs == other.runs

    def __hash__(self) -> int:
        return hash((self.family, self.runs))

    def __contains__(self, prefix: Prefix) -> bool:
        return self.family == prefix.family and any(
            run.low <= prefix.length <= run.high and intervals.contains(run.addresses, prefix.first)
            for run in self.runs
        )

    def overlaps(self, other: PrefixSet) -> bool:
        """Whether the sets share a prefix."""
        return bool(self & other)

    def witness(self) -> Prefix | None:
        """One prefix of the set: the default route if it is there, else the shortest, and of these the lowest."""
        return Prefix(self.family, self.runs[0].addresses[0][0], self.runs[0].low) if self.runs else None

    def parts(self) -> list[Part]:
        """The set as disjoint parts, sorted by network, with neighbouring lengths joined; the same for equal sets."""
        found: list[Part] = []
        last: dict[Prefix, Part] = {}
        for run in self.runs:
            now: dict[Prefix, Part] = {}
            for network in intervals.to_prefixes(run.addresses, self.family):
                before = last.get(network)
                low = before.low if before and before.high + 1 == run.low else run.low
                now[network] = Part(network, low, run.high)
            found += [part for network, part in last.items() if network not in now or now[network].low != part.low]
            last = now
        return sorted([*found, *last.values()])

    def addresses(self) -> Intervals:
        """Every address that some prefix of the set covers."""
        return intervals.merge(pair for run in self.runs for pair in run.addresses)

    def __str__(self) -> str:
        """The parts, or what is missing where that is shorter to say; `nothing` and `everything` by name."""
        inside, outside = self.parts(), (~self).parts()
        if not inside or not outside:
            return "everything" if inside else "nothing"
        if len(outside) < len(inside):
            return f"everything but {', '.join(map(str, outside))}"
        return ", ".join(map(str, inside))

    def __repr__(self) -> str:
        return f"<PrefixSet {self}>"

    def _with(self, other: PrefixSet, operation: Callable[[Intervals, Intervals], Intervals]) -> PrefixSet:
        if self.family != other.family:
            raise ValueError(f"an IPv{self.family} set has no operation with an IPv{other.family} set")
        runs: list[Run] = []
        for low, high, a, b in _aligned(self.runs, other.runs, BITS[self.family]):
            runs.append(Run(low, high, operation(a, b)))
        return PrefixSet(self.family, runs)


def nothing(family: Family) -> PrefixSet:
    """The empty set."""
    return PrefixSet(family)


def everything(family: Family) -> PrefixSet:
    """All prefixes of the family, the default route among them."""
    return PrefixSet(family, [Run(0, BITS[family], ((0, LAST[family]),))])


def exactly(network: Prefix) -> PrefixSet:
    """The one prefix; host bits are masked away."""
    return within(network, network.length, network.length)


def within(network: Prefix, low: int | None = None, high: int | None = None) -> PrefixSet:
    """The prefixes inside `network`, itself included, whose lengths are from `low` to `high` where both are given."""
    low = network.length if low is None else max(low, network.length)
    high = BITS[network.family] if high is None else min(high, BITS[network.family])
    return PrefixSet(network.family, [Run(low, high, ((network.first, network.last),))] if low <= high else ())


def union_all(family: Family, sets: Iterable[PrefixSet]) -> PrefixSet:
    """The union of many sets, without making those in between."""
    runs = [run for one in sets for run in one.runs]
    cuts = sorted({run.low for run in runs} | {run.high + 1 for run in runs})
    return PrefixSet(
        family,
        (
            Run(
                low,
                end - 1,
                intervals.merge(pair for run in runs if run.low <= low <= run.high for pair in run.addresses),
            )
            for low, end in pairwise(cuts)
        ),
    )


def _aligned(a: tuple[Run, ...], b: tuple[Run, ...], bits: int) -> Iterator[tuple[int, int, Intervals, Intervals]]:
    """Stretches of lengths over which both sets keep one list each; lengths that neither set has are left out."""
    i = j = low = 0
    empty = Run(bits + 1, bits + 1, ())
    while i < len(a) or j < len(b):
        left, right = a[i] if i < len(a) else empty, b[j] if j < len(b) else empty
        low = max(low, min(left.low, right.low))
        high = min(run.high if run.low <= low else run.low - 1 for run in (left, right))
        yield low, high, left.addresses if left.low <= low else (), right.addresses if right.low <= low else ()
        low = high + 1
        i += left.high < low
        j += right.high < low


def _canonical(runs: Iterable[Run]) -> tuple[Run, ...]:
    out: list[Run] = []
    for run in runs:
        if not run.addresses:
            continue
        if out and out[-1].high + 1 == run.low and out[-1].addresses == run.addresses:
            out[-1] = Run(out[-1].low, run.high, run.addresses)
        else:
            out.append(run)
    return tuple(out)
