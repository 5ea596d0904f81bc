"""Policies of one tier and equal order that decide differently: nothing but their names says which is asked first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from callint.calico.kinds import is_calico
from callint.checks.breach import Breach, unanswered
from callint.checks.policy.equal_priority import KINDS, contradictions
from callint.checks.proof import decided
from callint.finding import Related, Span, Witness
from callint.net.address import FAMILIES
from callint.net.diagrams import TooLargeError
from callint.objects import Cluster
from callint.objects.policy import Policy
from callint.policy import model_of
from callint.policy.chains import Direction
from callint.policy.symbolic.order import DIRECTIONS, Item, items, kinds, whole
from callint.policy.symbolic.point import SOURCE_PORT
from callint.policy.symbolic.products import Sets
from callint.policy.symbolic.selection import Selections
from callint.policy.symbolic.shadow import Shadows
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.record import NamedTuple
from callint.selector.index import SelectorIndex
from callint.selector.values import Budget, ExhaustedError

MOST_PAIRS = 20_000
"""So many pairs of policies of equal order are compared: their number grows with the square."""

_VERBS = {"Allow": "allows", "Deny": "denies", "Pass": "passes on"}


class _Tie(NamedTuple):
    """Two rules, the first of which decides about some packets only because of its policy's name."""

    first: Item
    second: Item
    packets: Sets


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Pairs of policies whose order decides about a packet and is told by their names alone.

    Policies are compared that select a common endpoint of the manifests, or of which one selects whatever the other
    does; those of Kubernetes for the whole cluster by whom their rules mean as well. Takes no parameters.
    """
    shadows = Shadows(cluster)
    tied = [(tier, group) for tier in shadows.tiers if not tier.hidden for group in _groups(tier)]
    together = list(_together(cluster, shadows)) if tied else []
    budget = Budget(cluster.limits.comparisons)
    for tier, group in tied:
        found: dict[int, list[_Tie]] = defaultdict(list)
        known: set[tuple[int, int]] = set()
        try:
            for one, other in _pairs(shadows, group, together):
                tie = _tie(shadows, tier, group, one, other)
                if tie is not None:
                    found[id(other if is_calico(other.policy.resource.api_version) else one)].append(tie)
                    known.add((id(one), id(other)))
            nothing = (shadows.spaces[0].nothing, shadows.spaces[1].nothing)
            for one, first, other, second in contradictions(shadows.tiers, tier, group, budget):
                if (id(one), id(other)) not in known:
                    found[id(one)].append(_Tie(first, second, nothing))
        except TooLargeError as error:
            yield _unasked(group[0], f"the sets of packets are too large ({error})")
        except _TooManyError:
            yield _unasked(group[0], f"of {len(group)} of them more than {MOST_PAIRS} pairs had to be compared")
        except ExhaustedError:
            yield _unasked(group[0], cluster.limits.too_many("selectors"))
        for placed in group:
            if id(placed) in found:
                yield _breach(placed, found[id(placed)])


class _TooManyError(Exception):
    """More pairs than can be compared."""


def _groups(tier: PlacedTier) -> Iterator[list[PlacedPolicy]]:
    """Enforced policies of equal order, if they do not all do the same."""
    by_order: dict[float | None, list[PlacedPolicy]] = defaultdict(list)
    for placed in tier.policies:
        if whole(placed) and not placed.policy.staged:
            by_order[placed.policy.order].append(placed)
    for group in by_order.values():
        if len(group) > 1 and _differ(group):
            yield group


def _differ(group: Sequence[PlacedPolicy]) -> bool:
    actions = (item.action for one in group for direction in DIRECTIONS for item in items(one.policy, direction))
    first = next(actions, None)
    return any(action != first for action in actions)


def _together(cluster: Cluster, shadows: Shadows) -> Iterator[list[PlacedPolicy]]:
    """Policies, in order, that surely select one endpoint of the manifests; each class of endpoints is asked once."""
    model = model_of(cluster)
    selections = Selections(model.tiers, model.selecting)
    for entries in {selections.of(one).entries for one in model.inventory.endpoints}:
        yield [shadows.tiers[one.tier].policies[one.place] for one in entries if one.doubt is None]


def _pairs(
    shadows: Shadows, group: Sequence[PlacedPolicy], together: Sequence[Sequence[PlacedPolicy]]
) -> Iterator[tuple[PlacedPolicy, PlacedPolicy]]:
    """Pairs in order that surely select a common endpoint, or of which one selects whatever the other does.

    Raises _TooManyError.
    """
    places = {id(one): number for number, one in enumerate(group)}
    index = SelectorIndex((one.selector, number) for number, one in enumerate(group))
    found: set[tuple[int, int]] = set()
    asked = 0
    for policies in together:
        ours = [places[id(one)] for one in policies if id(one) in places]
        asked += len(ours) * (len(ours) - 1) // 2
        if asked > MOST_PAIRS:
            raise _TooManyError
        found.update(combinations(ours, 2))
    for number, one in enumerate(group):
        candidates = shadows.implication.candidates(one.selector, index)
        others = range(len(group)) if candidates is None else candidates
        asked += len(others)
        if asked > MOST_PAIRS:
            raise _TooManyError
        found.update(
            (min(number, other), max(number, other))
            for other in others
            if other != number and shadows.implication.holds(one.selector, group[other].selector)
        )
    for first, second in sorted(found):
        yield group[first], group[second]


def _tie(
    shadows: Shadows, tier: PlacedTier, group: Sequence[PlacedPolicy], one: PlacedPolicy, other: PlacedPolicy
) -> _Tie | None:
    """Packets about which two policies decide differently, each if it is asked first, and none before them does."""
    if not kinds(one.policy) & kinds(other.policy):
        return None
    for direction in DIRECTIONS:
        firsts, seconds = _deciding(shadows, one, direction), _deciding(shadows, other, direction)
        before: list[Sets] | None = None
        for first, own in firsts:
            for second, others in seconds:
                packets = (own[0] & others[0], own[1] & others[1])
                if first.action == second.action or not any(packets):
                    continue
                before = _before(shadows, tier, group, one, direction) if before is None else before
                for sets in before:
                    packets = (packets[0] - sets[0], packets[1] - sets[1])
                if any(packets):
                    return _Tie(first, second, packets)
    return None


def _deciding(shadows: Shadows, placed: PlacedPolicy, direction: Direction) -> list[tuple[Item, Sets]]:
    """The rules of a policy with the packets about which each surely decides, if the policy is asked."""
    found: list[tuple[Item, Sets]] = []
    nothing = (shadows.spaces[0].nothing, shadows.spaces[1].nothing)
    taken = nothing
    for item in items(placed.policy, direction):
        assert item.rule is not None
        surely = shadows.surely(item, None)
        sets = (surely[0] - taken[0], surely[1] - taken[1])
        if any(sets):
            found.append((item, sets))
        may = shadows.may(placed.policy, item.rule)
        taken = (taken[0] | may[0], taken[1] | may[1])
    return found


def _before(
    shadows: Shadows, tier: PlacedTier, group: Sequence[PlacedPolicy], placed: PlacedPolicy, direction: Direction
) -> list[Sets]:
    """What others may decide before, of whom some are surely asked."""
    tied = {id(one.policy) for one in group}
    return [
        shadows.surely(item, None) if item.rule is None else shadows.may(item.policy, item.rule)
        for item in shadows.order.items_before(tier, placed, direction)
        if id(item.policy) not in tied
    ]


def _breach(placed: PlacedPolicy, ties: Sequence[_Tie]) -> Breach:
    tie = ties[0]
    here, there = (tie.second, tie.first) if tie.second.policy is placed.policy else (tie.first, tie.second)
    policy, other = placed.policy, there.policy
    field = "priority" if policy.kind in KINDS else "order"
    order = "has no order, like" if policy.order is None else f"has the {field} {policy.order:g}, like"
    others = len(ties) - 1
    more = f"; so it is with {others} other {'policy' if others == 1 else 'policies'}" if others else ""
    message = (
        f"{_named(policy)} {order} {_named(other)}, and nothing but names says that "
        f'"{tie.first.policy.resource.name}" is asked first: {_does(there)} what {_does(here)}{more}'
    )
    written = policy.order is not None and field in policy.resource.spec
    path = ("spec", field) if written else ("metadata", "name")
    related = tuple(Related(_place(item), f"{_VERBS[item.action]} the packet") for item in (here, there))
    return Breach.at(policy.resource, path, message, related, _proof(tie))


def _named(policy: Policy) -> str:
    whose = "" if is_calico(policy.resource.api_version) else " of Kubernetes"
    return f'{policy.resource.kind} "{policy.resource.name}"{whose}'


def _does(item: Item) -> str:
    assert item.rule is not None
    return f'rule {item.direction}[{item.rule.path[2]}] of "{item.policy.resource.name}" {_VERBS[item.action]}'


def _place(item: Item) -> Span:
    assert item.rule is not None
    written = is_calico(item.policy.resource.api_version)
    return item.policy.resource.span(*((*item.rule.path, "action") if written else item.rule.path))


def _proof(tie: _Tie) -> Witness | None:
    """A packet about which they decide differently."""
    for family, packets in zip(FAMILIES, tie.packets, strict=True):
        point = packets.witness(source_port=(SOURCE_PORT,))
        if point is not None and tie.first.rule is not None:
            return decided(tie.first.direction, family, point, tie.first)
    return None


def _unasked(placed: PlacedPolicy, reason: str) -> Breach:
    what = "whether names alone decide between policies of equal order was not examined"
    return unanswered(f"{what}: {reason}", placed.policy.resource)
