"""Tiers of one order of which each, if it is asked first, decides otherwise about some packets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from callint.objects.policy import Policy, Rule
from callint.policy.match import entity_selectors
from callint.policy.packet import DIRECTIONS, Direction
from callint.policy.symbolic.order import Item, items
from callint.policy.symbolic.products import Sets, common, without
from callint.policy.symbolic.shadow import Shadows
from callint.policy.symbolic.subjects import idle
from callint.policy.symbolic.tie import Tie
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.selector import Selector
from callint.selector.index import SelectorIndex
from callint.selector.overlap import OverlapIndex
from callint.selector.values import Budget

_OF_POLICY = 5
"""Steps that it takes to see whether a policy may select what another does."""
_OF_SETS = 50
"""Steps that an operation on sets of packets takes."""


class TierTies:
    """The policies of tiers by whom they select.

    Whoever asks for more than the budget allows raises ExhaustedError, for larger sets TooLargeError.
    """

    def __init__(self, shadows: Shadows, budget: Budget) -> None:
        """Read no policy yet."""
        self._shadows = shadows
        self._spend = budget.spend
        self._places = {id(tier): place for place, tier in enumerate(shadows.tiers)}
        self._governing: dict[tuple[str, Direction], list[PlacedPolicy]] = {}
        self._indexes: dict[tuple[str, Direction], OverlapIndex[PlacedPolicy]] = {}
        self._widths: dict[object, int] = {}

    def between(self, one: PlacedTier, other: PlacedTier) -> Tie | None:
        """The first that is found of two tiers, of which the one is asked first: one allows packets, one drops them."""
        before = self._shadows.tiers[: self._places[id(one)]]
        for direction in DIRECTIONS:
            for subject in self._common(one, other, direction):
                left = self._passing(before, subject, direction)
                if not any(left):
                    continue
                for (first, mine), (second, theirs) in product(
                    self._decided(one, subject, direction), self._decided(other, subject, direction)
                ):
                    self._spend(1)
                    if {first.action, second.action} == {"Allow", "Deny"}:
                        self._spend(_OF_SETS)
                        packets = common(left, common(mine, theirs))
                        if any(packets):
                            return Tie(first, second, packets)
        return None

    def _policies(self, tier: PlacedTier, direction: Direction) -> list[PlacedPolicy]:
        """Those of a tier by which tracked packets are asked about."""
        key = (tier.name, direction)
        if key not in self._governing:
            self._governing[key] = [one for one in tier.policies if one.policy.tracks(direction) and not idle(one)]
        return self._governing[key]

    def _near(self, tier: PlacedTier, subject: Selector, direction: Direction) -> Iterator[PlacedPolicy]:
        """Those that may select some of the subject, in order."""
        key = (tier.name, direction)
        if key not in self._indexes:
            self._indexes[key] = OverlapIndex((one.selector, one) for one in self._policies(tier, direction))
        for one in self._indexes[key].candidates(subject):
            self._spend(_OF_POLICY)
            if not self._shadows.implication.excludes(one.selector, subject):
                yield one

    def _common(self, one: PlacedTier, other: PlacedTier, direction: Direction) -> Iterator[Selector]:
        """The selectors of policies that select nothing but what a policy of the other tier does, too."""
        implication = self._shadows.implication
        found: dict[Selector, None] = {}
        mine, theirs = self._policies(one, direction), self._policies(other, direction)
        self._spend(_OF_POLICY * (1 + len(mine) + len(theirs)))
        for own, others in ((mine, theirs), (theirs, mine)):
            index = SelectorIndex((placed.selector, placed) for placed in others)
            for selector in dict.fromkeys(placed.selector for placed in own):
                near = implication.candidates(selector, index)
                candidates = others if near is None else near
                self._spend(_OF_POLICY * len(candidates))
                if any(implication.holds(selector, candidate.selector) for candidate in candidates):
                    found[selector] = None
        yield from found

    def _passing(self, tiers: Sequence[PlacedTier], subject: Selector, direction: Direction) -> Sets:
        """The packets that some tiers surely pass on."""
        left = self._shadows.everything
        for tier in tiers:
            self._spend(1)
            if any(True for _ in self._near(tier, subject, direction)):
                passed = [sets for item, sets in self._decided(tier, subject, direction) if item.action == "Pass"]
                self._spend(_OF_SETS * len(passed))
                four, six = self._shadows.spaces
                left = common(left, (four.union_all(one for one, _ in passed), six.union_all(two for _, two in passed)))
        return left

    def _decided(self, tier: PlacedTier, subject: Selector, direction: Direction) -> list[tuple[Item, Sets]]:
        """What surely decides in a tier about the whole subject, its end included, and on which packets."""
        found: list[tuple[Item, Sets]] = []
        left = self._shadows.everything
        last: PlacedPolicy | None = None
        sure, width = False, 0
        for last in self._near(tier, subject, direction):
            applies = self._shadows.implication.holds(subject, last.selector)
            sure = sure or applies
            for item in items(last.policy, direction):
                assert item.rule is not None, "these are the rules of a policy"
                width += self._width(item.policy, item.rule)
                self._spend(2 * _OF_SETS + width)
                packets = common(left, self._shadows.surely(item, None))
                if applies and any(packets):
                    found.append((item, packets))
                left = without(left, self._shadows.may(item.policy, item.rule))
        passes = tier.default_action == "Pass"
        if last is not None and (sure or passes) and any(left):
            found.append((Item(last.policy, direction, None, "Pass" if passes else "Deny"), left))
        return found

    def _width(self, policy: Policy, rule: Rule) -> int:
        """How many intervals a rule may part the packets into, on which all that comes after it takes as many steps."""
        found = self._widths.get(id(rule))
        if found is None:
            lists = (one for side in rule.ends for one in (side.nets, side.not_nets, side.ports, side.not_ports))
            selectors = (
                one for side in rule.ends for one in entity_selectors(side, policy.namespace) if one is not None
            )
            found = self._widths[id(rule)] = 1 + sum(map(len, lists)) + sum(map(self._members, selectors))
        return found

    def _members(self, selector: Selector) -> int:
        """How many intervals the addresses of what it surely selects are."""
        found = self._widths.get(selector)
        if found is None:
            self._spend(self._shadows.near(selector))
            found = self._widths[selector] = sum(map(len, self._shadows.members(selector)))
        return found
