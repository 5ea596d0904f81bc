"""What the filters that a BGPPeer names accept of themselves, whatever Calico's own filters would say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import groupby

from callint.bgp.filtering import Filters, filtering, filters_of
from callint.bgp.filters import Part, View
from callint.bgp.route import Attributes, Conditions
from callint.bgp.rules import Direction, Rule
from callint.net.address import FAMILIES, Family
from callint.net.prefixes import PrefixSet, everything, union_all
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer
from callint.record import NamedTuple


class Explicit(NamedTuple):
    """What one Accept rule lets through, what earlier rules take left out; what none decides, `fall_through` tells."""

    family: Family
    rule: Rule
    parts: tuple[Part, ...]

    @property
    def when(self) -> Conditions:
        """The rule's conditions that are not about prefixes."""
        return self.parts[0].when

    @property
    def prefixes(self) -> PrefixSet:
        """The prefixes of all of it."""
        return union_all(self.family, (one.prefixes for one in self.parts))


def explicit_accepts(cluster: Cluster, peer: BGPPeer, direction: Direction) -> tuple[Explicit, ...]:
    """What the filters of a peer accept in one direction, rule by rule, for sessions of any type.

    Rules that cannot be read accept nothing.
    """
    return _by_names(cluster)(filters_of(peer), direction)


@lru_cache(maxsize=8)
def _by_names(cluster: Cluster) -> Callable[[Filters, Direction], tuple[Explicit, ...]]:
    """What filters accept: many peers have the same."""
    return cache(lambda filters, direction: tuple(_accepted(cluster, filters, direction)))


def _accepted(cluster: Cluster, filters: Filters, direction: Direction) -> Iterator[Explicit]:
    for family in FAMILIES:
        for rule, several in groupby(_parts(cluster, filters, direction, family), key=lambda part: part.rule):
            if rule is not None and rule.verdict == "accept":
                yield Explicit(family, rule, tuple(several))


def fall_through(cluster: Cluster, peer: BGPPeer, direction: Direction, family: Family) -> PrefixSet:
    """The prefixes of routes that may pass the filters of a peer undecided, on to Calico's own filter."""
    parts = _parts(cluster, filters_of(peer), direction, family)
    return union_all(family, (one.prefixes for one in parts if one.rule is None or one.rule.verdict == "unknown"))


def _parts(cluster: Cluster, filters: Filters, direction: Direction, family: Family) -> tuple[Part, ...]:
    return filtering(cluster).parts(filters, View(direction), Attributes(), everything(family))
