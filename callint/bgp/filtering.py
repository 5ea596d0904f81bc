"""What the BGPFilters of a cluster make of routes: each list is evaluated once, and then only cut to size."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property, lru_cache, partial
from itertools import chain

from callint.bgp.filters import TOLD_BY, Matcher, Part, View, evaluate, matchers, open_conditions
from callint.bgp.route import Attributes
from callint.bgp.rules import LISTS, Direction, Rule, compile_filter
from callint.net import intervals
from callint.net.address import Family
from callint.net.intervals import Intervals
from callint.net.overlapping import InOrder
from callint.net.prefixes import PrefixSet, everything
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer
from callint.steps import Answer, Steps

Filters = tuple[str, ...]
"""The names of BGPFilters in the order of a BGPPeer."""
_List = tuple[Filters, Direction, Family]

# What each rule of a list of several filters takes, for all that is asked of the list
_OF_RULE = 20
# The share that all lists of several filters have: a step takes longer where what is left is in many pieces
_OF_LISTS = 0.5


def filters_of(peer: BGPPeer) -> Filters:
    """The BGPFilters of a peer."""
    return tuple(name for _, name in peer.filters)


class Filtering:
    """The filters of one cluster; whatever was asked once is known."""

    def __init__(self, cluster: Cluster) -> None:
        """Nothing is compiled yet."""
        self._cluster = cluster
        self._compiled = cache(self._compile)
        self.rules = cache(self._rules)
        """The rules of some filters, by direction and family, in order; raises TooManyStepsError."""
        self._asking = cache(self._attributes)
        self.broken = cache(self._broken)
        """Whether one of these rules cannot be read or is refused; raises TooManyStepsError."""
        self.reach = cache(self._reach)
        """The addresses of the prefixes that some of these rules ask for; raises TooManyStepsError."""
        self._total = 0
        self._everywhere: dict[object, Answer[Divided]] = {}
        self._by_attributes: dict[object, Answer[Divided]] = {}

    def _compile(self, name: str, direction: Direction, family: Family) -> list[Rule]:
        """A filter that does not exist is skipped (bgp_processor.go)."""
        one = self._cluster.bgp_filters.get(name)
        return compile_filter(one, direction, family) if one is not None else []

    def _rules(self, filters: Filters, direction: Direction, family: Family) -> tuple[Rule, ...]:
        if filters in self._lists:
            self._lists[filters].get()
        return tuple(chain.from_iterable(self._compiled(name, direction, family) for name in filters))

    def _attributes(self, filters: Filters, direction: Direction, family: Family) -> tuple[str, ...] | None:
        """The attributes of routes of which conditions of rules ask; None where there is no condition."""
        kinds = {condition.kind for rule in self.rules(filters, direction, family) for condition in rule.conditions}
        return tuple(TOLD_BY[kind] for kind in sorted(kinds) if kind in TOLD_BY) if kinds else None

    def _broken(self, filters: Filters, direction: Direction, family: Family) -> bool:
        return any(rule.broken for rule in self.rules(filters, direction, family))

    def _reach(self, filters: Filters, direction: Direction, family: Family) -> Intervals:
        several = (rule.prefixes.addresses() for rule in self.rules(filters, direction, family))
        return intervals.merge(chain.from_iterable(several))

    @cached_property
    def _lists(self) -> dict[Filters, Answer[int]]:
        """The rules of each list of several filters that peers have, as many as there are steps for: first come first.

        What each filter decides alone takes none: all of that is as long as what is written.
        """
        steps = Steps(self._cluster, "rules in lists of BGPFilters")
        size = {
            name: 1 + sum(len(one.rules(direction, family)) for direction, family in LISTS)
            for name, one in self._cluster.bgp_filters.items()
        }

        def counted(filters: Filters) -> int:
            found = sum(size.get(name, 0) for name in filters)
            steps.spend(_OF_RULE * found)
            self._total += found
            return found

        lists = dict.fromkeys(map(filters_of, self._cluster.bgp_peers))
        return {filters: Answer(partial(counted, filters)) for filters in lists if len(filters) > 1}

    def _share(self, filters: Filters) -> float:
        """Which share of the steps the questions about a list have each, so that no list has less for being later."""
        if filters not in self._lists:
            return 1
        return self._lists[filters].get() / max(1, self._total) * _OF_LISTS

    def parts(self, filters: Filters, view: View, attributes: Attributes, prefixes: PrefixSet) -> tuple[Part, ...]:
        """What the filters decide on routes with these prefixes and attributes; raises TooManyStepsError."""
        if not self.rules(filters, view.direction, prefixes.family):
            return (Part(prefixes, None),)
        return self.divided(filters, view, attributes, prefixes.family).inside(prefixes)

    def divided(self, filters: Filters, view: View, attributes: Attributes, family: Family) -> Divided:
        """What the filters decide on all routes with these attributes; raises TooManyStepsError."""
        key = (filters, view.direction, family)
        asking = self._asking(*key)
        question = key if asking is None else (key, view, *[getattr(attributes, name) for name in asking])
        found = self._by_attributes.get(question)
        if found is None:
            found = self._by_attributes[question] = self._divide(key, matchers(self.rules(*key), attributes, view))
        return found.get()

    def _divide(self, key: _List, found: list[tuple[int, Matcher]]) -> Answer[Divided]:
        """The same for questions that leave the same open."""
        question = (key, tuple((index, one.when) for index, one in found))
        answer = self._everywhere.get(question)
        if answer is None:
            steps = Steps(self._cluster, "conditions of rules in BGPFilters", self._share(key[0]))
            answer = self._everywhere[question] = Answer(partial(Divided, dict(found), key[2], steps))
        return answer


class Divided:
    """What filters decide on all routes; those with some prefixes are found without asking parts far away."""

    def __init__(self, matchers: Mapping[int, Matcher], family: Family, steps: Steps) -> None:
        """`matchers` are the rules that can match, by place; raises TooManyStepsError."""
        every = everything(family)
        self.when = {place: when for place, (_, when) in matchers.items()}
        self.numbered = open_conditions(matchers.values(), steps)
        self.parts = evaluate(matchers.values(), every, self.numbered, steps)
        self._known: dict[PrefixSet, tuple[Part, ...]] = {every: self.parts}

    def inside(self, prefixes: PrefixSet) -> tuple[Part, ...]:
        """The parts cut to some prefixes."""
        found = self._known.get(prefixes)
        if found is None:
            # Where parts are fewer, each is asked rather than each piece of the prefixes for those near to it.
            few = len(self.parts) <= len(prefixes.starts)
            found = self._known[prefixes] = tuple(
                Part(hit, part.rule, part.when, part.unless)
                for part in (self.parts if few else self._near.near(prefixes.addresses()))
                if (hit := part.prefixes & prefixes)
            )
        return found

    @cached_property
    def _near(self) -> InOrder[Part]:
        near: InOrder[Part] = InOrder()
        for part in self.parts:
            near.add(part.prefixes.addresses(), part)
        return near


@lru_cache(maxsize=8)
def filtering(cluster: Cluster) -> Filtering:
    """The filters of a cluster, the same ones each time."""
    return Filtering(cluster)
