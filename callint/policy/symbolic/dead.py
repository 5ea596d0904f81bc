"""Rules, and whole directions of policies, on whose packets others have decided before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from callint.net.address import Family
from callint.net.diagrams import TooLargeError
from callint.net.packets import Packet
from callint.objects.policy import Policy, Rule
from callint.policy.chains import Direction
from callint.policy.symbolic.covering import Taken, fewest
from callint.policy.symbolic.earlier import (
    Earlier,
    Entry,
    Meeting,
    covers,
    leave_a_corner,
    leave_a_corner_by_shape,
    leave_something,
    meetings,
)
from callint.policy.symbolic.order import DIRECTIONS, Before, Item, item_of, items, rules
from callint.policy.symbolic.point import SOURCE_PORT
from callint.policy.symbolic.products import Sets
from callint.policy.symbolic.shadow import Shadows
from callint.policy.symbolic.shape import FREE, Shape, shape
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.selector import Selector

_OF_CORNERS, _OF_SELECTORS, _OF_PRODUCTS, _OF_SETS = 4, 8, 25, 100
"""What a comparison takes of corners, selectors, products and sets of packets, one of ports being a step (measured)."""


class Dead(NamedTuple):
    """A rule, or with None all rules of a direction, that never decide, and the fewest things that see to it.

    `packet` is one that is meant.
    """

    policy: Policy
    direction: Direction
    rule: Rule | None
    packet: tuple[Family, Packet] | None
    covering: Sequence[Item]


class Unexamined(NamedTuple):
    """A policy that was too large, or with which the steps had been taken that there were: then all `after` it too."""

    policy: Policy
    after: int
    reason: str


class _TooManyStepsError(Exception):
    """The steps that there were have been taken."""


def dead(shadows: Shadows, steps: int) -> Iterator[Dead | Unexamined]:
    """Everything that never decides, policies in their order; a step compares two rules, about a microsecond."""
    search = _Search(shadows, steps)
    for number, (tier, placed) in enumerate(shadows.subjects, 1):
        try:
            for direction in DIRECTIONS:
                yield from search.examine(tier, placed, direction)
        except _TooManyStepsError:
            after = len(shadows.subjects) - number
            yield Unexamined(placed.policy, after, f"more than {steps:,} comparisons of rules would be needed")
            return
        except TooLargeError as error:
            yield Unexamined(placed.policy, 0, f"the sets of packets are too large ({error})")
            shadows.forget()
        if shadows.crowded:
            shadows.forget()


class _Chain:
    """What comes before the policies of a tier that select the same; it grows as they follow each other."""

    def __init__(self, before: Before, shadows: Shadows) -> None:
        self.before = before
        self.next = 0
        self.earlier = Earlier(shadows)
        self.spaces: object = None
        self.left: Sets | None = None
        self.subtracted = 0
        self.covering: Sequence[Item] | None = None


class _Search:
    def __init__(self, shadows: Shadows, steps: int) -> None:
        self._shadows = shadows
        self._steps = steps
        self._places = {id(one): place for tier in shadows.tiers for place, one in enumerate(tier.policies)}
        self._chains: dict[tuple[int, Direction, Selector, tuple[bool, bool, bool]], _Chain] = {}
        self._shapes: dict[int, Shape] = {}
        self._packets: dict[Shape, tuple[Family, Packet] | None] = {}
        self._dead: set[int] = set()

    def _spend(self, steps: int) -> None:
        self._steps -= steps
        if self._steps < 0:
            raise _TooManyStepsError

    def examine(self, tier: PlacedTier, placed: PlacedPolicy, direction: Direction) -> Iterator[Dead]:
        """What of one direction of a policy never decides."""
        policy = placed.policy
        own = rules(policy, direction)
        if not own:
            return
        chain = self._chain(tier, placed, direction)
        covering = self._covering(chain)
        if covering is not None and {item.action for item in covering} != {rule.action.capitalize() for rule in own}:
            yield Dead(policy, direction, None, _packet(self._shadows.everything), covering)
            return
        if len(own) == 1 and not chain.earlier.items:
            return
        mine = Earlier(self._shadows, len(chain.earlier.items))
        for rule in own:
            about = self._shape(policy, rule)
            near = [*chain.earlier.near(about), *mine.near(about)]
            found = self._rule(policy, direction, rule, about, near) if near else None
            item = item_of(policy, direction, rule)
            if found is not None:
                self._dead.add(id(rule))
                yield found
            elif item is not None:
                mine.add(item, about)

    def _rule(
        self, policy: Policy, direction: Direction, rule: Rule, about: Shape, near: Sequence[Entry]
    ) -> Dead | None:
        self._spend((1 + _OF_CORNERS) * len(near))
        if leave_a_corner_by_shape(about, near):
            return None
        meeting, asked = meetings(self._shadows, about, near)
        self._spend(_OF_SELECTORS * asked + _OF_CORNERS * len(meeting))
        if not meeting or leave_a_corner(about, meeting):
            return None
        self._spend(_OF_PRODUCTS * len(meeting))
        if leave_something(about, meeting):
            return None
        self._spend(_OF_SETS * len(meeting))
        return self._exactly(policy, direction, rule, about, meeting)

    def _exactly(
        self, policy: Policy, direction: Direction, rule: Rule, about: Shape, meeting: Sequence[Meeting]
    ) -> Dead | None:
        shadows = self._shadows
        if about in self._packets and covers(meeting[0], about):
            return Dead(policy, direction, rule, self._packets[about], (meeting[0].entry.item,))
        packets = shadows.may(policy, rule)
        if not any(packets):
            return None
        if about.exact and about.source.selector is None and about.destination.selector is None:
            self._packets[about] = _packet(packets)
        if covers(meeting[0], about):
            return Dead(policy, direction, rule, _packet(packets), (meeting[0].entry.item,))
        taken = Taken()
        for one in meeting:
            taken.add(one.entry.item, shadows.surely(one.entry.item, None))
        left = taken.left(packets)
        more: dict[int, Sets] = {}
        if any(left) and shadows.selects(policy, rule):
            more = shadows.implied_by(taken.items, policy, rule)
            for sets in more.values():
                left = (left[0] - sets[0], left[1] - sets[1])
        if any(left):
            return None
        return Dead(policy, direction, rule, _packet(packets), fewest(shadows, taken, packets, more))

    def _shape(self, policy: Policy, rule: Rule | None) -> Shape:
        if rule is None:
            return FREE
        found = self._shapes.get(id(rule))
        if found is None:
            found = self._shapes[id(rule)] = shape(rule, policy.namespace)
        return found

    def _chain(self, tier: PlacedTier, placed: PlacedPolicy, direction: Direction) -> _Chain:
        """What comes before a policy, which must not stand before one that was asked for already."""
        policy = placed.policy
        if policy.staged:
            return _Chain(Before((), ()), self._shadows)
        flags = (policy.do_not_track, policy.pre_dnat, policy.apply_on_forward)
        key = (id(tier), direction, placed.selector, flags)
        chain = self._chains.get(key)
        if chain is None:
            chain = self._chains[key] = _Chain(self._shadows.order.before(tier, placed, direction), self._shadows)
            for item in chain.before.earlier:
                self._add(chain, item)
        own, place = chain.before.own, self._places[id(placed)]
        while chain.next < len(own) and own[chain.next][0] < place:
            for item in items(own[chain.next][1].policy, direction):
                self._add(chain, item)
            chain.next += 1
        return chain

    def _add(self, chain: _Chain, item: Item) -> None:
        if chain.covering is None and (item.rule is None or id(item.rule) not in self._dead):
            self._spend(1)
            chain.earlier.add(item, self._shape(item.policy, item.rule))

    def _covering(self, chain: _Chain) -> Sequence[Item] | None:
        """The fewest things that leave nothing of all packets, if they do."""
        if chain.covering is None and chain.earlier.wide:
            shadows = self._shadows
            if chain.left is None or chain.spaces is not shadows.spaces:
                chain.left, chain.subtracted, chain.spaces = shadows.everything, 0, shadows.spaces
            left = chain.left
            for item in chain.earlier.items[chain.subtracted :]:
                self._spend(_OF_SETS)
                sets = shadows.surely(item, None)
                left = (left[0] - sets[0], left[1] - sets[1])
                chain.subtracted += 1
            chain.left = left
            if not any(left):
                taken = Taken()
                for item in chain.earlier.items:
                    taken.add(item, shadows.surely(item, None))
                chain.covering = fewest(shadows, taken, shadows.everything, {})
        return chain.covering


def _packet(sets: Sets) -> tuple[Family, Packet] | None:
    """One of the packets, with its family."""
    four, six = (packets.witness(source_port=(SOURCE_PORT,)) for packets in sets)
    return (4, four) if four is not None else None if six is None else (6, six)
