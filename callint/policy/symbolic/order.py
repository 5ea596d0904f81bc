"""What is asked before a policy wherever it applies, whatever endpoints there are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import chain

from callint.objects.policy import Policy, Rule
from callint.policy.packet import DIRECTIONS, Direction
from callint.policy.symbolic.implication import Implication
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.record import NamedTuple
from callint.selector import Selector
from callint.selector.index import SelectorIndex
from callint.selector.overlap import OverlapIndex
from callint.selector.plain import Plain, implied, plain

_ENDING = frozenset(("Allow", "Deny", "Pass"))

Kinds = frozenset[str]


class Item(NamedTuple):
    """Something that decides on packets before others are asked: a rule, or with None the end of a tier."""

    policy: Policy
    direction: Direction
    rule: Rule | None
    action: str


class Asked(NamedTuple):
    """A policy that is enforced and could be read as a whole, and its place in its tier."""

    place: int
    placed: PlacedPolicy
    kinds: Kinds
    plain: Plain | None


class Order:
    """The policies of a cluster in their order, and which of them others cannot get past."""

    def __init__(
        self, tiers: Sequence[PlacedTier], index: SelectorIndex[tuple[int, int]], implication: Implication
    ) -> None:
        """Sort nothing yet; the index is that of the policies of these tiers."""
        self.implication = implication
        self._tiers = tiers
        self._index = index
        self._numbers = {id(tier): number for number, tier in enumerate(tiers)}
        excludes = implication.excludes
        self._lanes = {direction: [_Lane(tier, direction, excludes) for tier in tiers] for direction in DIRECTIONS}
        self._joined: dict[tuple[int, ...], Sequence[Item]] = {}
        self._sought: tuple[Selector, Sequence[tuple[int, int]]] | None = None

    @cached_property
    def _all(self) -> Sequence[tuple[int, int]]:
        """Tier and place of every policy."""
        return [(number, place) for number, tier in enumerate(self._tiers) for place in range(len(tier.policies))]

    @cached_property
    def asked(self) -> list[list[Asked | None]]:
        """By tier and place the policies that others can be kept from by."""
        return [[_asked(place, one) for place, one in enumerate(tier.policies)] for tier in self._tiers]

    def before(self, tier: PlacedTier, placed: PlacedPolicy) -> Before:
        """What surely is asked before a policy wherever it applies; nothing as yet.

        A tier that no manifest defines is kept elsewhere, and its place is not known: nothing of earlier ones is sure.
        """
        number = self._numbers[id(tier)]
        return Before(self, number, placed, self._candidates(placed.selector), alone=not tier.exists)

    def _candidates(self, selector: Selector) -> Sequence[tuple[int, int]]:
        """By tier and place the policies that may be implied by a selector, the last one's kept for the next."""
        if self._sought is None or self._sought[0] != selector:
            found = self.implication.candidates(selector, self._index)
            self._sought = (selector, self._all if found is None else found)
        return self._sought[1]

    def deciding(self, before: Before, direction: Direction) -> Sequence[Item]:
        """The things of earlier tiers that surely are asked; the same sequence wherever they are the same things."""
        lanes = self._lanes[direction]
        parts = (lanes[number].deciding(before.placed, asked) for number, asked in before.earlier.items())
        found = [part for part in parts if part]
        if len(found) < 2:
            return found[0] if found else ()
        key = tuple(map(id, found))
        if key not in self._joined:
            self._joined[key] = tuple(chain.from_iterable(found))
        return self._joined[key]

    def leaving(self, before: Before, direction: Direction) -> list[list[Item]]:
        """Of each earlier tier that drops the rest wherever the policy is, the rules by which packets may leave it."""
        lanes = self._lanes[direction]
        found = (lanes[number].leaving(before.placed, asked) for number, asked in before.earlier.items())
        return [one for one in found if one is not None]


class Before:
    """The policies that surely are asked before those of a tier that select what `placed` does, in the same chains."""

    def __init__(
        self, order: Order, number: int, placed: PlacedPolicy, candidates: Sequence[tuple[int, int]], *, alone: bool
    ) -> None:
        """Those of earlier tiers, unless `alone`, and of the own one, among candidates of which none was looked at."""
        self.number = number
        self.placed = placed
        self.earlier: dict[int, list[Asked]] = {}
        self.own: list[Asked] = []
        self._order = order
        self._candidates = candidates
        self._next = bisect_left(candidates, (number, 0)) if alone else 0
        self._plain = plain(placed.selector)
        self._kinds = kinds(placed.policy)

    def reach(self, place: int) -> int:
        """Find those before a place in the own tier; how many were looked at."""
        asked, holds = self._order.asked, self._order.implication.holds
        known, selector = self._plain, self.placed.selector
        candidates, end = self._candidates, (self.number, place)
        position = self._next
        while position < len(candidates) and candidates[position] < end:
            number, other = candidates[position]
            position += 1
            one = asked[number][other]
            if (
                one is not None
                and self._kinds <= one.kinds
                and (
                    holds(selector, one.placed.selector)
                    if known is None or one.plain is None
                    else implied(known, one.plain)
                )
            ):
                (self.own if number == self.number else self.earlier.setdefault(number, [])).append(one)
        looked, self._next = position - self._next, position
        return looked


class _Lane:
    """One tier in one direction."""

    def __init__(self, tier: PlacedTier, direction: Direction, excludes: Callable[[Selector, Selector], bool]) -> None:
        self._tier = tier
        self._direction = direction
        self._excludes = excludes
        self._known: dict[tuple[int, ...], Sequence[Item]] = {}

    @cached_property
    def _passing(self) -> OverlapIndex[tuple[int, PlacedPolicy]]:
        """The policies by which packets may leave the tier, with their places."""
        return OverlapIndex(
            (one.selector, (place, one)) for place, one in enumerate(self._tier.policies) if self._passes(one)
        )

    def _passes(self, placed: PlacedPolicy) -> bool:
        if not placed.policy.resource.whole:
            return True
        passing = any(item.action == "Pass" for item in items(placed.policy, self._direction))
        return passing and not placed.policy.staged

    def deciding(self, placed: PlacedPolicy, asked: Sequence[Asked]) -> Sequence[Item]:
        """For a policy of a later tier, the rules that no packet can pass by; without any that passes, the end too.

        `asked` are those of the tier that surely are asked, where the policy is, in any direction.
        """
        if self._tier.hidden:
            return ()
        preceding = [one for one in asked if one.placed.policy.governs(self._direction)]
        if not preceding:
            return ()
        certain = {one.place for one in preceding}
        near = self._passing.candidates(placed.selector)
        gaps = (at for at, one in near if at in certain or not self._excludes(one.selector, placed.selector))
        gap = next(gaps, None)
        ends = gap is None and kinds(placed.policy) <= _ENDED and self._tier.default_action != "Pass"
        reached = tuple(one.place for one in preceding if gap is None or one.place <= gap)
        key = (*reached, -1) if ends else reached
        if key not in self._known:
            self._known[key] = tuple(self._items(preceding[: len(reached)], ends=ends))
        return self._known[key]

    def leaving(self, placed: PlacedPolicy, asked: Sequence[Asked]) -> list[Item] | None:
        """The rules that may pass packets on to a policy of a later tier; None where others may get there as well."""
        ends = kinds(placed.policy) <= _ENDED and self._tier.default_action != "Pass" and not self._tier.hidden
        if not ends or not any(one.placed.policy.governs(self._direction) for one in asked):
            return None
        passing = [
            one.policy
            for _, one in self._passing.candidates(placed.selector)
            if not self._excludes(one.selector, placed.selector)
        ]
        if not all(policy.resource.whole for policy in passing):
            return None
        return [item for policy in passing for item in items(policy, self._direction) if item.action == "Pass"]

    def _items(self, preceding: Sequence[Asked], *, ends: bool) -> Iterator[Item]:
        for one in preceding:
            for item in items(one.placed.policy, self._direction):
                if item.action == "Pass":
                    return
                yield item
        if ends:
            yield Item(preceding[-1].placed.policy, self._direction, None, "Deny")


def _asked(place: int, placed: PlacedPolicy) -> Asked | None:
    if placed.policy.staged or not placed.policy.resource.whole:
        return None
    return Asked(place, placed, kinds(placed.policy), plain(placed.selector))


def items(policy: Policy, direction: Direction) -> Iterator[Item]:
    """The rules of a policy that decide, in order."""
    return (Item(policy, direction, rule, rule.action) for rule in policy.governed(direction) if decides(rule))


def decides(rule: Rule) -> bool:
    """Whether a rule does more than log."""
    return rule.action in _ENDING


_UNTRACKED, _PRE_DNAT, _NORMAL = (frozenset((kind,)) for kind in ("untracked", "preDNAT", "normal"))
_ENDED = frozenset(("normal", "forward"))
"""The chains with which a tier ends in its default action."""


def kinds(policy: Policy) -> Kinds:
    """The kinds of chains that a policy is in, on host endpoints all of them."""
    if policy.do_not_track:
        return _UNTRACKED
    if policy.pre_dnat:
        return _PRE_DNAT
    return _ENDED if policy.apply_on_forward else _NORMAL
