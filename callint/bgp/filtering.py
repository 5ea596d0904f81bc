"""What the BGPFilters of a cluster make of routes: each list is evaluated once, and then only cut to size."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache, partial

from callint.bgp.filters import Matcher, Part, View, evaluate, matchers
from callint.bgp.route import Attributes
from callint.bgp.rules import Direction, Rule, compile_filters
from callint.bgp.steps import Answer, Steps
from callint.net.address import Family
from callint.net.overlapping import InOrder
from callint.net.prefixes import PrefixSet, everything
from callint.objects import Cluster

Filters = tuple[str, ...]
"""The names of BGPFilters in the order of a BGPPeer."""


class Filtering:
    """The filters of one cluster; whatever was asked once is known."""

    def __init__(self, cluster: Cluster) -> None:
        """Nothing is compiled yet."""
        self._cluster = cluster
        self._rules: dict[tuple[Filters, Direction, Family], tuple[Rule, ...]] = {}
        self._conditional: set[tuple[Filters, Direction, Family]] = set()
        self._everywhere: dict[object, Answer[_Divided]] = {}
        self._by_attributes: dict[object, Answer[_Divided]] = {}

    def rules(self, filters: Filters, direction: Direction, family: Family) -> tuple[Rule, ...]:
        """The rules of the filters in order."""
        key = (filters, direction, family)
        found = self._rules.get(key)
        if found is None:
            found = self._rules[key] = compile_filters(filters, self._cluster.bgp_filters, direction, family)
            if any(rule.conditions for rule in found):
                self._conditional.add(key)
        return found

    def parts(self, filters: Filters, view: View, attributes: Attributes, prefixes: PrefixSet) -> tuple[Part, ...]:
        """What the filters decide on routes with these prefixes and attributes; raises TooManyStepsError."""
        key = (filters, view.direction, prefixes.family)
        rules = self.rules(*key)
        if not rules:
            return (Part(prefixes, None),)
        question: object = (key, view, attributes) if key in self._conditional else key
        found = self._by_attributes.get(question)
        if found is None:
            found = self._by_attributes[question] = self._divide(key, matchers(rules, attributes, view))
        return found.get().inside(prefixes)

    def _divide(self, key: tuple[Filters, Direction, Family], found: Sequence[tuple[int, Matcher]]) -> Answer[_Divided]:
        """The same for questions that leave the same open."""
        question = (key, tuple((index, one.when) for index, one in found))
        answer = self._everywhere.get(question)
        if answer is None:
            steps = Steps(self._cluster, "conditions of rules in BGPFilters")
            every = everything(key[2])
            make = partial(evaluate, [one for _, one in found], every, steps)
            answer = self._everywhere[question] = Answer(lambda: _Divided(make()))
        return answer


class _Divided:
    """What filters decide on all routes; those with some prefixes are found without asking parts far away."""

    def __init__(self, parts: Sequence[Part]) -> None:
        """Nothing has been asked yet."""
        self._parts = tuple(parts)
        self._known: dict[PrefixSet, tuple[Part, ...]] = {everything(parts[0].prefixes.family): self._parts}

    def inside(self, prefixes: PrefixSet) -> tuple[Part, ...]:
        """The parts cut to some prefixes."""
        found = self._known.get(prefixes)
        if found is None:
            # Where parts are fewer, each is asked rather than each piece of the prefixes for those near to it.
            few = len(self._parts) <= len(prefixes.starts)
            found = self._known[prefixes] = tuple(
                Part(hit, part.rule, part.when, part.unless)
                for part in (self._parts if few else self._near.near(prefixes.addresses()))
                if (hit := part.prefixes & prefixes)
            )
        return found

    @cached_property
    def _near(self) -> InOrder[Part]:
        near: InOrder[Part] = InOrder()
        for part in self._parts:
            near.add(part.prefixes.addresses(), part)
        return near


@lru_cache(maxsize=8)
def filtering(cluster: Cluster) -> Filtering:
    """The filters of a cluster, the same ones each time."""
    return Filtering(cluster)
