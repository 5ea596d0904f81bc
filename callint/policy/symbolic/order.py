"""What is asked before a policy wherever it applies, whatever endpoints there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import takewhile
from typing import NamedTuple

from callint.objects.policy import Policy, Rule
from callint.policy.chains import Direction
from callint.policy.symbolic.implication import Implication
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.selector.index import OverlapIndex, SelectorIndex
from callint.selector.satisfy import overlaps

DIRECTIONS: tuple[Direction, ...] = ("ingress", "egress")
_ENDING = frozenset(("Allow", "Deny", "Pass"))


class Item(NamedTuple):
    """Something that decides on packets before others are asked: a rule, or with None the end of a tier."""

    policy: Policy
    direction: Direction
    rule: Rule | None
    action: str


class Before(NamedTuple):
    """What is asked first: things of earlier tiers, then policies of the own tier with their places in it, in order."""

    earlier: Sequence[Item]
    own: Sequence[tuple[int, PlacedPolicy]]


class Order:
    """The policies of a cluster in their order, and which of them others cannot get past."""

    def __init__(self, tiers: Sequence[PlacedTier], implication: Implication) -> None:
        """Sort nothing yet."""
        selections = [_Selecting(tier, implication) for tier in tiers]
        self._lanes = {direction: [_Lane(one, direction) for one in selections] for direction in DIRECTIONS}
        self._numbers = {id(tier): number for number, tier in enumerate(tiers)}

    def before(self, tier: PlacedTier, placed: PlacedPolicy, direction: Direction) -> Before:
        """What surely is asked before a policy wherever it applies, were it the last of its tier.

        A tier that no manifest defines is kept elsewhere, and its place is not known.
        """
        lanes = self._lanes[direction]
        number = self._numbers[id(tier)]
        earlier = [item for lane in lanes[: number if tier.exists else 0] for item in lane.deciding(placed)]
        return Before(earlier, lanes[number].preceding(placed))

    def items_before(self, tier: PlacedTier, placed: PlacedPolicy, direction: Direction) -> Iterator[Item]:
        """Every thing that surely is asked before a policy wherever it applies, in order."""
        before = self.before(tier, placed, direction)
        yield from before.earlier
        for _, one in takewhile(lambda pair: pair[1] is not placed, before.own):
            yield from items(one.policy, direction)


class _Selecting:
    """The policies of one tier that are enforced and could be read as a whole, with their places."""

    def __init__(self, tier: PlacedTier, implication: Implication) -> None:
        self.tier = tier
        self._implication = implication
        self._asked: PlacedPolicy | None = None
        self._answer: list[tuple[int, PlacedPolicy]] = []

    @cached_property
    def enforced(self) -> list[tuple[int, PlacedPolicy]]:
        """Each with its place."""
        return [(place, one) for place, one in enumerate(self.tier.policies) if whole(one) and not one.policy.staged]

    @cached_property
    def _index(self) -> SelectorIndex[tuple[int, PlacedPolicy]]:
        return SelectorIndex((one.selector, (place, one)) for place, one in self.enforced)

    def preceding(self, placed: PlacedPolicy) -> list[tuple[int, PlacedPolicy]]:
        """Those that are enforced wherever a policy is, in order; the last answer is kept for the other direction."""
        if self._asked is not placed:
            sample = self._implication.sample(placed.selector)
            wanted = kinds(placed.policy)
            self._asked = placed
            self._answer = [
                (place, one)
                for place, one in (self.enforced if sample is None else self._index.candidates(sample))
                if wanted <= kinds(one.policy) and self._implication.holds(placed.selector, one.selector)
            ]
        return self._answer


class _Lane:
    """One tier in one direction."""

    def __init__(self, selecting: _Selecting, direction: Direction) -> None:
        self._selecting = selecting
        self._tier = selecting.tier
        self._direction = direction
        self._type = direction.capitalize()

    @cached_property
    def _passing(self) -> OverlapIndex[tuple[int, PlacedPolicy]]:
        """The policies by which packets may leave the tier."""
        enforced = {place for place, one in self._selecting.enforced if self._type in one.policy.types}
        every = ((place, one) for place, one in enumerate(self._tier.policies))
        return OverlapIndex(
            (one.selector, (place, one))
            for place, one in every
            if not whole(one) or (place in enforced and any(item.action == "Pass" for item in self._items(one)))
        )

    def _items(self, placed: PlacedPolicy) -> Iterator[Item]:
        return items(placed.policy, self._direction)

    def preceding(self, placed: PlacedPolicy) -> list[tuple[int, PlacedPolicy]]:
        """The policies of the tier that are enforced in this direction wherever a policy is, in order."""
        return [pair for pair in self._selecting.preceding(placed) if self._type in pair[1].policy.types]

    def deciding(self, placed: PlacedPolicy) -> Iterator[Item]:
        """For a policy of a later tier, the rules that no packet can pass by; without any that passes, the end too."""
        if self._tier.hidden or not self._tier.policies:
            return
        preceding = self.preceding(placed)
        certain = {place for place, _ in preceding}
        gap = next(
            (
                place
                for place, one in self._passing.candidates(placed.selector)
                if place in certain or overlaps(one.selector, placed.selector) is not False
            ),
            None,
        )
        for place, one in preceding:
            if gap is not None and place > gap:
                return
            for item in self._items(one):
                if item.action == "Pass":
                    return
                yield item
        if gap is None and preceding and kinds(placed.policy) <= _ENDED and self._tier.default_action != "Pass":
            yield Item(preceding[-1][1].policy, self._direction, None, "Deny")


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


Kinds = frozenset[str]
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
