"""What is asked before a policy wherever it applies, whatever endpoints there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, takewhile
from typing import NamedTuple

from callint.objects.policy import Policy, Rule
from callint.policy.chains import Direction
from callint.policy.symbolic.implication import Implication
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.selector.index import OverlapIndex, SelectorIndex
from callint.selector.satisfy import overlaps

DIRECTIONS: tuple[Direction, ...] = ("ingress", "egress")
_ENDING = frozenset(("Allow", "Deny", "Pass"))

Kinds = frozenset[str]


class Item(NamedTuple):
    """Something that decides on packets before others are asked: a rule, or with None the end of a tier."""

    policy: Policy
    direction: Direction
    rule: Rule | None
    action: str


class Asked(NamedTuple):
    """A policy that is enforced and could be read as a whole, with the numbers of its tier and of its place there."""

    tier: int
    place: int
    placed: PlacedPolicy
    kinds: Kinds


class Before(NamedTuple):
    """What is asked first: policies of earlier tiers, by tier, then those of the own tier, sought one by one.

    The latter go on to the end of the tier, as for a policy that is the last of it.
    """

    earlier: Mapping[int, Sequence[Asked]]
    own: Iterator[Asked]


class Order:
    """The policies of a cluster in their order, and which of them others cannot get past."""

    def __init__(self, tiers: Sequence[PlacedTier], implication: Implication) -> None:
        """Sort nothing yet."""
        self._tiers = tiers
        self._implication = implication
        self._numbers = {id(tier): number for number, tier in enumerate(tiers)}
        self._lanes = {direction: [_Lane(tier, direction) for tier in tiers] for direction in DIRECTIONS}
        self._joined: dict[tuple[int, ...], Sequence[Item]] = {}

    @cached_property
    def _asked(self) -> list[Asked]:
        return [
            Asked(number, place, one, kinds(one.policy))
            for number, tier in enumerate(self._tiers)
            for place, one in enumerate(tier.policies)
            if whole(one) and not one.policy.staged
        ]

    @cached_property
    def _index(self) -> SelectorIndex[Asked]:
        return SelectorIndex((one.placed.selector, one) for one in self._asked)

    def before(self, tier: PlacedTier, placed: PlacedPolicy) -> Before:
        """What surely is asked before a policy wherever it applies.

        A tier that no manifest defines is kept elsewhere, and its place is not known.
        """
        number = self._numbers[id(tier)]
        own = self._surely(placed, 0 if tier.exists else number, number)
        earlier: dict[int, list[Asked]] = {}
        for one in own:
            if one.tier == number:
                return Before(earlier, chain((one,), own))
            earlier.setdefault(one.tier, []).append(one)
        return Before(earlier, iter(()))

    def _surely(self, placed: PlacedPolicy, first: int, last: int) -> Iterator[Asked]:
        """The policies of some tiers that are enforced wherever a policy is, in order."""
        sample = self._implication.sample(placed.selector)
        wanted = kinds(placed.policy)
        for one in self._asked if sample is None else self._index.candidates(sample):
            if one.tier > last:
                return
            if (
                one.tier >= first
                and wanted <= one.kinds
                and self._implication.holds(placed.selector, one.placed.selector)
            ):
                yield one

    def deciding(self, before: Before, placed: PlacedPolicy, direction: Direction) -> Sequence[Item]:
        """The things of earlier tiers that surely are asked; the same sequence wherever they are the same things."""
        lanes = self._lanes[direction]
        parts = [lanes[number].deciding(placed, asked) for number, asked in before.earlier.items()]
        found = [part for part in parts if part]
        if len(found) < 2:
            return found[0] if found else ()
        key = tuple(map(id, found))
        if key not in self._joined:
            self._joined[key] = tuple(item for part in found for item in part)
        return self._joined[key]

    def items_before(self, tier: PlacedTier, placed: PlacedPolicy, direction: Direction) -> Iterator[Item]:
        """Every thing that surely is asked before a policy wherever it applies, in order."""
        before = self.before(tier, placed)
        yield from self.deciding(before, placed, direction)
        for one in takewhile(lambda other: other.placed is not placed, before.own):
            yield from items(one.placed.policy, direction)


class _Lane:
    """One tier in one direction."""

    def __init__(self, tier: PlacedTier, direction: Direction) -> None:
        self._tier = tier
        self._direction = direction
        self._type = direction.capitalize()
        self._known: dict[tuple[int, ...], Sequence[Item]] = {}

    @cached_property
    def _passing(self) -> OverlapIndex[tuple[int, PlacedPolicy]]:
        """The policies by which packets may leave the tier, with their places."""
        return OverlapIndex(
            (one.selector, (place, one)) for place, one in enumerate(self._tier.policies) if self._passes(one)
        )

    def _passes(self, placed: PlacedPolicy) -> bool:
        if not whole(placed):
            return True
        passing = any(item.action == "Pass" for item in items(placed.policy, self._direction))
        return passing and not placed.policy.staged

    def deciding(self, placed: PlacedPolicy, asked: Sequence[Asked]) -> Sequence[Item]:
        """For a policy of a later tier, the rules that no packet can pass by; without any that passes, the end too.

        `asked` are those of the tier that surely are asked, where the policy is, in any direction.
        """
        if self._tier.hidden:
            return ()
        preceding = [one for one in asked if self._type in one.placed.policy.types]
        if not preceding:
            return ()
        certain = {one.place for one in preceding}
        gap = next(
            (
                place
                for place, one in self._passing.candidates(placed.selector)
                if place in certain or overlaps(one.selector, placed.selector) is not False
            ),
            None,
        )
        ends = gap is None and kinds(placed.policy) <= _ENDED and self._tier.default_action != "Pass"
        reached = tuple(one.place for one in preceding if gap is None or one.place <= gap)
        key = (*reached, -1) if ends else reached
        if key not in self._known:
            self._known[key] = tuple(self._items(preceding[: len(reached)], ends=ends))
        return self._known[key]

    def _items(self, preceding: Sequence[Asked], *, ends: bool) -> Iterator[Item]:
        for one in preceding:
            for item in items(one.placed.policy, self._direction):
                if item.action == "Pass":
                    return
                yield item
        if ends:
            yield Item(preceding[-1].placed.policy, self._direction, None, "Deny")


def items(policy: Policy, direction: Direction) -> Iterator[Item]:
    """The rules of a policy that decide, in order."""
    return filter(None, (item_of(policy, direction, rule) for rule in rules(policy, direction)))


def item_of(policy: Policy, direction: Direction, rule: Rule) -> Item | None:
    """A rule as something that decides; None for one that only logs."""
    action = rule.action.capitalize()
    return Item(policy, direction, rule, action) if action in _ENDING else None


def rules(policy: Policy, direction: Direction) -> Sequence[Rule]:
    """The rules of a policy in a direction that it governs."""
    if direction.capitalize() not in policy.types:
        return ()
    return policy.ingress if direction == "ingress" else policy.egress


def whole(placed: PlacedPolicy) -> bool:
    """Whether a policy could be read as a whole."""
    return not placed.policy.resource.gaps and placed.hidden_place is None and placed.hidden_selection is None


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
