"""What the BGPFilters of a cluster make of routes: each list is evaluated once, and then only cut to size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from callint.bgp.filters import Part, View, evaluate, matchers
from callint.bgp.route import Attributes
from callint.bgp.rules import Direction, Rule, compile_filters
from callint.net.address import LAST, Family
from callint.net.prefixes import PrefixSet, everything
from callint.objects import Cluster

Filters = tuple[str, ...]
"""The names of BGPFilters in the order of a BGPPeer."""

Reach = tuple[int, int]
"""The lowest and the highest address that a set has anything to do with."""


class Filtering:
    """The filters of one cluster; whatever was asked once is known."""

    def __init__(self, cluster: Cluster) -> None:
        """Nothing is compiled yet."""
        self._filters = cluster.bgp_filters
        self._rules: dict[tuple[Filters, Direction, Family], tuple[Rule, ...]] = {}
        self._conditional: set[tuple[Filters, Direction, Family]] = set()
        self._everywhere: dict[object, tuple[tuple[Reach, Part], ...]] = {}
        self._parts: dict[tuple[object, PrefixSet], tuple[Part, ...]] = {}

    def rules(self, filters: Filters, direction: Direction, family: Family) -> tuple[Rule, ...]:
        """The rules of the filters in order."""
        key = (filters, direction, family)
        found = self._rules.get(key)
        if found is None:
            found = self._rules[key] = compile_filters(filters, self._filters, direction, family)
            if any(rule.conditions for rule in found):
                self._conditional.add(key)
        return found

    def parts(self, filters: Filters, view: View, attributes: Attributes, prefixes: PrefixSet) -> tuple[Part, ...]:
        """What the filters decide on routes with these prefixes and attributes."""
        key = (filters, view.direction, prefixes.family)
        rules = self.rules(*key)
        if not rules:
            return (Part(prefixes, None),)
        question: object = key
        if key in self._conditional:
            question = (key, tuple((index, one.when) for index, one in matchers(rules, attributes, view)))
        parts = self._parts.get((question, prefixes))
        if parts is None:
            divided = self._everywhere.get(question)
            if divided is None:
                found = [one for _, one in matchers(rules, attributes, view)]
                everywhere = evaluate(found, everything(prefixes.family))
                divided = self._everywhere[question] = tuple((_reach(part.prefixes), part) for part in everywhere)
            parts = self._parts[question, prefixes] = tuple(_inside(divided, prefixes))
        return parts


def _inside(divided: Sequence[tuple[Reach, Part]], prefixes: PrefixSet) -> Iterator[Part]:
    """The parts cut to these prefixes; sets that are far apart need no intersection."""
    low, high = _reach(prefixes)
    whole = prefixes == everything(prefixes.family)
    for (first, last), part in divided:
        if whole:
            yield part
        elif first <= high and low <= last and (hit := part.prefixes & prefixes):
            yield Part(hit, part.rule, part.when, part.unless)


def _reach(prefixes: PrefixSet) -> Reach:
    """How far a set reaches."""
    starts, masks = prefixes.starts, prefixes.masks
    low = 0 if masks[0] or len(starts) == 1 else starts[1]
    return low, LAST[prefixes.family] if masks[-1] else starts[-1] - 1


@lru_cache(maxsize=8)
def filtering(cluster: Cluster) -> Filtering:
    """The filters of a cluster, the same ones each time."""
    return Filtering(cluster)
