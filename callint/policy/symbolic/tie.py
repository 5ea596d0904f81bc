"""Policies of one order in a tier of which each, if it is asked first, decides differently about some packets."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter

from callint.policy.packet import DIRECTIONS, Direction
from callint.policy.symbolic.earlier import Earlier
from callint.policy.symbolic.meeting import may_meet
from callint.policy.symbolic.order import Item, Kinds, items, kinds
from callint.policy.symbolic.products import Sets, common, without
from callint.policy.symbolic.shadow import Shadows
from callint.policy.symbolic.shape import FREE, Shape
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.record import NamedTuple
from callint.selector import Selector
from callint.selector.values import Budget

_OF_SETS = 50
"""Steps that an operation on sets of packets takes, the comparison of the shapes of two rules being one."""
_OF_NETWORKS = 8
"""So many networks of rules take one more, each time that these are held against another."""


class Tie(NamedTuple):
    """Two rules, or ends of tiers, the first of which decides about some packets only because of a name."""

    first: Item
    second: Item
    packets: Sets


class _Place(NamedTuple):
    """Where a rule stands: its policy in the group, and itself among those of its policy that decide."""

    policy: int
    rule: int


class _Before(NamedTuple):
    """The rules that are asked before, and of each earlier tier that drops the rest those that may pass packets on.

    `tied` are those of the order itself, each with the number of its policy in the group.
    """

    decided: list[tuple[Item, Shape]]
    tied: list[tuple[int, Item, Shape]]
    leaving: list[list[Item]]


class Ties:
    """The rules of policies of one order, to be found by the packets that others may match.

    Whoever asks for more comparisons than the budget allows raises ExhaustedError, for larger sets TooLargeError.
    """

    def __init__(self, shadows: Shadows, tier: PlacedTier, group: Sequence[PlacedPolicy], budget: Budget) -> None:
        """Read the rules of a group of policies, which are enforced and could be read as a whole."""
        self._shadows = shadows
        self._tier = tier
        self._group = group
        self._spend = budget.spend
        self._rules = {direction: [_shaped(one, direction) for one in group] for direction in DIRECTIONS}
        self._places: dict[int, _Place] = {}
        self._deciding: dict[int, Sets] = {}
        self._before: dict[tuple[Selector, Kinds, Direction], _Before] = {}
        self._acting = {direction: self._by_action(direction) for direction in DIRECTIONS}

    def with_later(self, number: int, others: Collection[int]) -> Iterator[tuple[int, Tie]]:
        """Those of some later policies that a policy ties with, in order, each with the first two rules that do."""
        own = kinds(self._group[number].policy)
        untied = {other for other in others if own & kinds(self._group[other].policy)}
        found: dict[int, Tie] = {}
        for direction in DIRECTIONS:
            for first, about in self._rules[direction][number]:
                if not untied:
                    break
                for second, shape in self._near(direction, first, about):
                    other = self._places[id(second.rule)].policy
                    if other in untied and may_meet(about, shape):
                        packets = self._left_to_both(first, about, second, shape)
                        if any(packets):
                            found[other] = Tie(first, second, packets)
                            untied.remove(other)
        yield from sorted(found.items())

    def _by_action(self, direction: Direction) -> Mapping[str, Earlier]:
        """The rules of all policies in order, by what they do."""
        found: dict[str, Earlier] = {}
        for number, own in enumerate(self._rules[direction]):
            self._spend(1 + len(own))
            for place, (item, shape) in enumerate(own):
                self._places[id(item.rule)] = _Place(number, place)
                found.setdefault(item.action, Earlier()).add(item, shape)
        return found

    def _near(self, direction: Direction, first: Item, about: Shape) -> list[tuple[Item, Shape]]:
        """The rules that do something else and may meet a rule, and perhaps others, in order."""
        acting = self._acting[direction]
        near = [entry for action, rules in acting.items() if action != first.action for entry in rules.near(about)]
        self._spend(1 + len(near))
        found = [(entry.item, entry.shape) for entry in near]
        return sorted(found, key=lambda one: self._places[id(one[0].rule)]) if len(acting) > 2 else found

    def _left_to_both(self, first: Item, about: Shape, second: Item, shape: Shape) -> Sets:
        """The packets on which both decide, if each is asked before the other, and nothing before the first does."""
        packets = common(self._decided(first, about), self._decided(second, shape))
        self._spend(_OF_SETS)
        # the one may stand in more chains, or be of more endpoints, than the other
        done: _Before | None = None
        numbers = [self._places[id(one.rule)].policy for one in (first, second)]
        for number in numbers:
            before = self._asked_before(number, first.direction) if any(packets) else done
            if before is None or before is done:
                continue
            done = before
            tied = before.tied[: bisect_left(before.tied, numbers[0], key=itemgetter(0))]
            self._spend(_each(about, shape) * (len(before.decided) + len(tied)))
            for item, other in chain(before.decided, ((item, other) for _, item, other in tied)):
                if may_meet(about, other) and may_meet(shape, other):
                    packets = self._without(packets, item)
            for rules in before.leaving:
                packets = self._passed_on(packets, rules)
        return packets

    def _decided(self, item: Item, about: Shape) -> Sets:
        """The packets about which a rule surely decides, if its policy is asked."""
        found = self._deciding.get(id(item.rule))
        if found is None:
            number, place = self._places[id(item.rule)]
            found = self._shadows.surely(item, None)
            self._spend(_OF_SETS + _each(about) * place)
            for earlier, other in self._rules[item.direction][number][:place]:
                if any(found) and may_meet(about, other):
                    found = self._without(found, earlier)
            self._deciding[id(item.rule)] = found
        return found

    def _asked_before(self, number: int, direction: Direction) -> _Before:
        """What surely is asked before a policy, or may be by its order, wherever it applies."""
        placed = self._group[number]
        key = (placed.selector, kinds(placed.policy), direction)
        if key not in self._before:
            order = self._shadows.order
            before = order.before(self._tier, placed)
            self._spend(
                before.reach(1 + next(at for at, one in enumerate(self._tier.policies) if one is self._group[-1]))
            )
            found = [(one, _shape(one)) for one in order.deciding(before, direction)]
            tied: list[tuple[int, Item, Shape]] = []
            numbers = {id(one): at for at, one in enumerate(self._group)}
            for asked in before.own:
                at = numbers.get(id(asked.placed))
                if at is None:
                    found += _shaped(asked.placed, direction)
                else:
                    tied += ((at, *one) for one in self._rules[direction][at])
            leaving = order.leaving(before, direction)
            self._spend(len(found) + len(tied) + sum(map(len, leaving)))
            self._before[key] = _Before(found, tied, leaving)
        return self._before[key]

    def _passed_on(self, packets: Sets, rules: Sequence[Item]) -> Sets:
        """The packets that some rules of an earlier tier may pass on."""
        self._spend(_OF_SETS * len(rules))
        found = [common(packets, self._shadows.may(item.policy, item.rule)) for item in rules if item.rule is not None]
        four, six = self._shadows.spaces
        return four.union_all(one for one, _ in found), six.union_all(other for _, other in found)

    def _without(self, packets: Sets, item: Item) -> Sets:
        """The packets on which something that is asked before does not decide."""
        self._spend(_OF_SETS)
        shadows = self._shadows
        return without(packets, shadows.everything if item.rule is None else shadows.may(item.policy, item.rule))


def _shaped(placed: PlacedPolicy, direction: Direction) -> list[tuple[Item, Shape]]:
    return [(item, _shape(item)) for item in items(placed.policy, direction)]


def _shape(item: Item) -> Shape:
    return FREE if item.rule is None else Shape(item.rule, item.policy.namespace)


def _each(*shapes: Shape) -> int:
    """Steps that it takes to ask whether rules may be about one packet with another."""
    sides = (ranges for shape in shapes for side in (shape.source, shape.destination) for ranges in side.nets)
    return 1 + sum(len(ranges) - 1 for ranges in sides if ranges) // _OF_NETWORKS
