"""Which rules of a list ever decide, which earlier ones take all from those that do not, and after which none does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from itertools import accumulate
from operator import or_

from callint.bgp.filtering import Divided, Filtering, Filters
from callint.bgp.filters import View
from callint.bgp.route import Attributes, PeerType
from callint.bgp.rules import Direction, Rule, Verdict
from callint.net.address import Family
from callint.net.overlapping import InOrder
from callint.net.prefixes import PrefixSet, nothing
from callint.record import NamedTuple
from callint.steps import Steps

MOST_TRIED = 60
"""So many earlier rules are tried when the few that cover a rule are looked for, and so many are shown."""

_TYPES: tuple[PeerType, ...] = ("iBGP", "eBGP")
_Takers = tuple[frozenset[int], ...]
"""By type of session the places of rules that take what another one asks for, inside their own prefixes."""


class Dead(NamedTuple):
    """A rule that never decides, and the earlier ones that take all from it.

    They are as few as can be or, if there are too many, all that overlap it: their number, the first of them, and the
    first with another verdict than the rule.
    """

    rule: Rule
    number: int
    first: tuple[Rule, ...]
    other: Rule | None


class _Open:
    """What rules ask for on sessions of one type, of routes about which nothing is known."""

    def __init__(self, divided: Divided, rules: Sequence[Rule]) -> None:
        """What is `divided` are all routes, among these rules; raises TooManyStepsError."""
        self.when, self._numbered = divided.when, divided.numbered
        # Parts have the very rules that are asked: identity tells equal ones apart
        places = {id(rule): place for place, rule in enumerate(rules)}
        self.deciding = [None if part.rule is None else places[id(part.rule)] for part in divided.parts]
        """The places of the rules that decide on routes, for each part of these; None for what is left."""

    @cached_property
    def _numbers(self) -> dict[int, int | None]:
        """By place the number of what a rule asks for; None if it asks for nothing."""
        return {place: self._numbered.number(when) if when else None for place, when in self.when.items()}

    def implied(self, place: int, others: Sequence[int]) -> frozenset[int]:
        """Those of the rules at other places that take whatever the rule at this place asks for, inside their own."""
        when, numbers = self.when[place], self._numbers
        weaker = self._numbered.about(when).weaker if when else 0
        asking = ((other, numbers[other]) for other in others if other in numbers)
        return frozenset(other for other, number in asking if number is None or weaker >> number & 1)


def _by_type(known: Filtering, filters: Filters, direction: Direction, family: Family) -> list[_Open]:
    """What is open on sessions of each type; where no rule asks for the type, one stands for both."""
    rules = known.rules(filters, direction, family)
    asked = any(condition.kind == "peer-type" for rule in rules for condition in rule.conditions)
    views = (View(direction, peer_type) for peer_type in (_TYPES if asked else _TYPES[:1]))
    return [_Open(known.divided(filters, view, Attributes(), family), rules) for view in views]


def closing(known: Filtering, filters: Filters, direction: Direction, family: Family) -> int | None:
    """The place of the rule after which no route is left, on sessions of any type; None if some pass all rules.

    Raises TooManyStepsError.
    """
    last = -1
    for one in _by_type(known, filters, direction, family):
        for place in one.deciding:
            if place is None:
                return None
            last = max(last, place)
    return last


def dead(known: Filtering, filters: Filters, direction: Direction, family: Family, steps: Steps) -> Iterator[Dead]:
    """The rules of a list that ask for something and never get it; raises TooManyStepsError."""
    rules = known.rules(filters, direction, family)
    views = _by_type(known, filters, direction, family)
    deciding = {place for one in views for place in one.deciding}
    earlier = _Earlier(rules, steps)
    alike: dict[object, Dead | None] = {}
    for place, rule in enumerate(rules):
        if place in deciding:
            earlier.add(place)
            alike.clear()
        elif rule.prefixes:
            key = rule.prefixes, rule.conditions, rule.verdict
            if key not in alike:
                alike[key] = _dead(rules, place, views, earlier)
            one = alike[key]
            if one is not None:
                yield one._replace(rule=rule)


def _dead(rules: Sequence[Rule], place: int, views: Sequence[_Open], earlier: _Earlier) -> Dead | None:
    rule, near = rules[place], earlier.overlapping(rules[place].prefixes)
    if len(near.places) > MOST_TRIED:
        first = tuple(rules[other] for other in near.places[:MOST_TRIED])
        other = next((one for verdict, one in near.verdicts.items() if verdict != rule.verdict), None)
        return Dead(rule, len(near.places), first, other)
    takers = tuple(one.implied(place, near.places) for one in views if place in one.when)
    few = earlier.covering(rule.prefixes, takers)
    return Dead(rule, len(few), few, next((one for one in few if one.verdict != rule.verdict), None)) if few else None


class _Near(NamedTuple):
    """The deciding rules that overlap some prefixes: their places, and the first of each verdict."""

    places: list[int]
    verdicts: dict[Verdict, Rule]


class _Earlier:
    """The deciding rules before another; what never decides takes nothing from others."""

    def __init__(self, rules: Sequence[Rule], steps: Steps) -> None:
        self._rules, self._steps = rules, steps
        self._places: list[int] = []
        self._near: InOrder[int] = InOrder()
        self._known: dict[PrefixSet, tuple[int, _Near]] = {}
        self.covering = cache(self._covering)
        """Rules that take all routes with some prefixes, as few as can be; many rules are covered by the same ones."""

    def add(self, place: int) -> None:
        """One more."""
        self._near.add(self._rules[place].prefixes.addresses(), place)
        self._places.append(place)

    def overlapping(self, prefixes: PrefixSet) -> _Near:
        """Those that share a prefix; the answer grows when it is asked for again."""
        seen, found = self._known.get(prefixes, (0, _Near([], {})))
        tried = self._places[seen:] if seen else self._near.near(prefixes.addresses())
        self._steps.spend(len(tried))
        for place in tried:
            rule = self._rules[place]
            if rule.prefixes.overlaps(prefixes):
                found.places.append(place)
                found.verdicts.setdefault(rule.verdict, rule)
        self._known[prefixes] = len(self._places), found
        return found

    def _covering(self, prefixes: PrefixSet, takers: _Takers) -> tuple[Rule, ...]:
        return tuple(self._rules[place] for place in _needed(self._rules, prefixes, takers))


def _needed(rules: Sequence[Rule], prefixes: PrefixSet, takers: _Takers) -> list[int]:
    """Places from which none can be left out: the last ones go first; none at all if all do not cover the prefixes.

    One rule takes all routes with a prefix that another asks for if what this one asks for implies what it asks for.
    """
    none = nothing(prefixes.family)
    tried = sorted(set[int]().union(*takers))
    taken = [[rules[other].prefixes & prefixes if other in some else none for other in tried] for some in takers]
    before = [list(accumulate(some, or_, initial=none)) for some in taken]
    if any(some[-1] != prefixes for some in before):
        return []
    after = [none] * len(taken)
    needed: list[int] = []
    for at in reversed(range(len(tried))):
        if any(one[at] | other != prefixes for one, other in zip(before, after, strict=True)):
            needed.append(tried[at])
            after = [other | some[at] for other, some in zip(after, taken, strict=True)]
    return needed[::-1]
