"""Rules, and whole directions of policies, on whose packets others have decided before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from callint.net.address import Family
from callint.net.diagrams import TooLargeError
from callint.net.packets import Packet
from callint.objects.policy import Policy, Rule
from callint.policy.packet import DIRECTIONS, Direction
from callint.policy.symbolic.covering import Taken, decided_by, fewest
from callint.policy.symbolic.earlier import Answer, Earlier, is_wide
from callint.policy.symbolic.meeting import (
    ENDS,
    Meeting,
    alone,
    leave_a_corner,
    leave_by_shape,
    leave_something,
    meetings,
)
from callint.policy.symbolic.order import Before, Item, Kinds, decides, items, kinds
from callint.policy.symbolic.products import Sets, packet_of, without
from callint.policy.symbolic.shadow import Shadows
from callint.policy.symbolic.shape import FREE, Shape
from callint.policy.symbolic.subjects import idle
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.record import NamedTuple
from callint.selector import Selector
from callint.selector.values import Budget, ExhaustedError
from callint.source import Limits

_OF_MEMBERS = 16
"""So many members of a selector are compared in one step."""
_OF_TIERS, _OF_CORNERS, _OF_SELECTORS, _OF_PRODUCTS, _OF_SETS = 8, 4, 8, 25, 100
"""What a comparison takes of tiers, corners, selectors, products and sets of packets, one of ports being a step."""


class Dead(NamedTuple):
    """A rule, or with None all rules of a direction, that never decide, and the fewest things that see to it.

    `packet` is one that is meant, and the first of these things decides about it.
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


def dead(shadows: Shadows, limits: Limits) -> Iterator[Dead | Unexamined]:
    """Everything that never decides, policies in their order."""
    search = _Search(shadows, limits.comparisons)
    for number, (tier, placed) in enumerate(shadows.subjects, 1):
        unknown = shadows.implication.unknown
        try:
            yield from search.examine(tier, placed)
            if shadows.implication.unknown > unknown:
                yield Unexamined(placed.policy, 0, "whether one selector implies another is too large a question")
        except ExhaustedError:
            after = len(shadows.subjects) - number
            yield Unexamined(placed.policy, after, limits.too_many("rules"))
            return
        except TooLargeError as error:
            yield Unexamined(placed.policy, 0, f"the sets of packets are too large ({error})")
            shadows.forget()
        if shadows.crowded:
            shadows.forget()


class _Chain:
    """Things that come before some rules, after those of another chain, which does not grow any more."""

    def __init__(self, head: _Chain | None = None) -> None:
        self.head = head
        self.earlier: Earlier = Earlier(None if head is None else head.earlier)
        self.wide: bool = head is not None and head.wide
        self.next = 0
        self.spaces: object = None
        self.left: Sets | None = None
        self.subtracted = 0
        self.covering: Answer | None = None


class _Search:
    def __init__(self, shadows: Shadows, steps: int) -> None:
        self._shadows = shadows
        self._spend = Budget(steps).spend
        self._places = {id(one): place for tier in shadows.tiers for place, one in enumerate(tier.policies)}
        self._before: dict[tuple[int, Selector, Kinds], Before] = {}
        self._chains: dict[tuple[int, Direction], _Chain] = {}
        self._heads: dict[int, _Chain] = {}
        self._nothing = _Chain()
        self._shapes: dict[int, Shape] = {}
        self._packets: dict[object, tuple[Family, Packet] | None] = {}
        self._dead: set[int] = set()
        self._looked: dict[Selector, int] = {}

    def examine(self, tier: PlacedTier, placed: PlacedPolicy) -> Iterator[Dead]:
        """What of a policy, which must not stand before one that was examined already, never decides."""
        policy = placed.policy
        before = None if policy.staged or idle(placed) else self._asked_before(tier, placed)
        for direction in DIRECTIONS:
            own = policy.governed(direction)
            if own:
                chain = self._nothing if before is None else self._chain(before, direction)
                if len(own) > 1 or chain.earlier.count:
                    yield from self._direction(policy, direction, own, chain)

    def _direction(self, policy: Policy, direction: Direction, own: Sequence[Rule], chain: _Chain) -> Iterator[Dead]:
        covering = self._covering(chain)
        if covering is not None and {item.action for item in covering[1]} != {rule.action for rule in own}:
            yield Dead(policy, direction, None, *covering)
            return
        mine = Earlier(chain.earlier if chain.earlier.count else None)
        for rule in own:
            about = self._shape(policy, rule)
            earlier = mine if mine.own else chain.earlier
            answer = self._answer(policy, rule, about, earlier) if earlier.count else None
            if answer is not None:
                self._dead.add(id(rule))
                yield Dead(policy, direction, rule, *answer)
            elif rule is not own[-1] and decides(rule):
                mine.add(Item(policy, direction, rule, rule.action), about)

    def _answer(self, policy: Policy, rule: Rule, about: Shape, earlier: Earlier) -> Answer | None:
        """What decides on all packets of a rule, and one of these."""
        known = earlier.answers.get(about.asked) if earlier.answers and about.exact else None
        if known is not None:
            self._spend(1)
            return known
        found = self._compared(policy, rule, about, earlier)
        if found is not None and about.exact:
            earlier.answers[about.asked] = found
        return found

    def _compared(self, policy: Policy, rule: Rule, about: Shape, earlier: Earlier) -> Answer | None:
        for end in ENDS if about.exact else ():
            at = earlier.at(about, end)
            self._spend(len(at))
            if leave_by_shape(about, at, end):
                return None
        near = earlier.near(about)
        self._spend(len(near))
        meeting, asked = meetings(self._shadows, about, near, self._look)
        size = about.size
        self._spend(_OF_SELECTORS * asked + _OF_CORNERS * len(meeting) + (size - 1) * len(near))
        if not meeting:
            return None
        found = alone(self._shadows, about, meeting)
        if found is None:
            if leave_a_corner(about, meeting):
                return None
            self._spend(_OF_PRODUCTS * size * len(meeting))
            if leave_something(about, meeting):
                return None
            self._spend(_OF_SETS * size * len(meeting))
            return self._exactly(policy, rule, meeting)
        packet = self._packet(policy, rule, about)
        if packet is not None and found is not meeting[0]:
            shadows, items = self._shadows, [one.entry.item for one in meeting]
            more = shadows.implied_by(items, policy, rule) if shadows.selects(policy, rule) else {}
            packet = decided_by(shadows, shadows.may(policy, rule), found.entry.item, items, more)
        return None if packet is None else (packet, (found.entry.item,))

    def _look(self, selector: Selector) -> None:
        """Take the steps for the members of a selector: at first for each thing that may be one, then for their number.

        Whoever asked for them before does not count.
        """
        size = self._looked.get(selector)
        if size is None:
            self._spend(self._shadows.near(selector))
            size = self._looked[selector] = sum(map(len, self._shadows.members(selector))) // _OF_MEMBERS
        self._spend(size)

    def _packet(self, policy: Policy, rule: Rule, about: Shape) -> tuple[Family, Packet] | None:
        """A packet that a rule may match, if there is any."""
        if not about.exact:
            return packet_of(self._shadows.may(policy, rule))
        if about.asked not in self._packets:
            self._packets[about.asked] = packet_of(self._shadows.may(policy, rule))
        return self._packets[about.asked]

    def _exactly(self, policy: Policy, rule: Rule, meeting: Sequence[Meeting]) -> Answer | None:
        shadows = self._shadows
        packets = shadows.may(policy, rule)
        if not any(packets):
            return None
        taken = Taken()
        for one in meeting:
            taken.add(one.entry.item, shadows.surely(one.entry.item, None))
        left = taken.left(packets)
        more: dict[int, Sets] = {}
        if any(left) and shadows.selects(policy, rule):
            more = shadows.implied_by(taken.items, policy, rule)
            for sets in more.values():
                left = without(left, sets)
        if any(left):
            return None
        covering = fewest(shadows, taken, packets, more, self._spend)
        return decided_by(shadows, packets, covering[0], taken.items, more), covering

    def _shape(self, policy: Policy, rule: Rule | None) -> Shape:
        if rule is None:
            return FREE
        found = self._shapes.get(id(rule))
        if found is None:
            found = self._shapes[id(rule)] = Shape(rule, policy.namespace)
        return found

    def _asked_before(self, tier: PlacedTier, placed: PlacedPolicy) -> Before | None:
        """What comes before policies of a tier that select the same, growing as they follow each other, if anything."""
        key = (id(tier), placed.selector, kinds(placed.policy))
        known = self._before.get(key)
        before = self._shadows.order.before(tier, placed) if known is None else known
        self._spend(before.reach(self._places[id(placed)]))
        if not before.own and not before.earlier:
            return None
        if known is None:
            self._before[key] = before
        return before

    def _chain(self, before: Before, direction: Direction) -> _Chain:
        chain = self._chains.get((id(before), direction))
        if chain is None:
            chain = self._chains[id(before), direction] = _Chain(self._head(before, direction))
        while chain.next < len(before.own):
            for item in items(before.own[chain.next].placed.policy, direction):
                self._add(chain, item)
            chain.next += 1
        return chain

    def _head(self, before: Before, direction: Direction) -> _Chain | None:
        """The things of earlier tiers, which many policies have in common."""
        self._spend(_OF_TIERS * len(before.earlier))
        decided = self._shadows.order.deciding(before, direction)
        if not decided:
            return None
        head = self._heads.get(id(decided))
        if head is None:
            head = self._heads[id(decided)] = _Chain()
            for item in decided:
                self._add(head, item)
        return head

    def _add(self, chain: _Chain, item: Item) -> None:
        if chain.covering is None and (item.rule is None or id(item.rule) not in self._dead):
            self._spend(1)
            about = self._shape(item.policy, item.rule)
            chain.earlier.add(item, about)
            chain.wide = chain.wide or is_wide(self._shadows, item, about)

    def _covering(self, chain: _Chain) -> Answer | None:
        """A packet, and the fewest things that leave nothing of all packets, if they do."""
        if chain.covering is None and chain.wide:
            chain.covering = None if chain.head is None else self._covering(chain.head)
            if chain.covering is None and not any(self._left(chain)):
                shadows = self._shadows
                taken = Taken()
                for item in chain.earlier.items:
                    taken.add(item, shadows.surely(item, None))
                found = fewest(shadows, taken, shadows.everything, {}, self._spend)
                chain.covering = decided_by(shadows, shadows.everything, found[0], taken.items, {}), found
        return chain.covering

    def _left(self, chain: _Chain) -> Sets:
        """What the things leave of all packets."""
        shadows = self._shadows
        if chain.left is None or chain.spaces is not shadows.spaces:
            chain.left = shadows.everything if chain.head is None else self._left(chain.head)
            chain.subtracted, chain.spaces = 0, shadows.spaces
        more = chain.earlier.own[chain.subtracted :]
        if more:
            self._spend(_OF_SETS * len(more) + sum(one.pieces for one in chain.left))
            sets = zip(*(shadows.surely(item, None) for item in more), strict=True)
            four, six = (space.union_all(each) for space, each in zip(shadows.spaces, sets, strict=True))
            chain.left = without(chain.left, (four, six))
            chain.subtracted += len(more)
        return chain.left
