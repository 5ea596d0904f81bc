"""Kubernetes' policies of the whole cluster that have one priority and contradict each other, whatever pods there are.

Which of them decides the API leaves open (sigs.k8s.io/network-policy-api apis/v1alpha2, `priority`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product

from callint.checks.policy.opened_ports import meet, opened
from callint.checks.policy.pod_terms import by_labels, named, stripped
from callint.objects.policy import Rule
from callint.policy.packet import DIRECTIONS, Direction
from callint.policy.symbolic.order import Item, items
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.selector import Selector
from callint.selector.rewrite import both, negate
from callint.selector.satisfy import implies, overlaps, satisfiable
from callint.selector.values import Budget

KINDS = ("KubernetesAdminNetworkPolicy", "KubernetesClusterNetworkPolicy")
_OF_PAIR = 20
"""Steps that it takes to compare two rules, or two policies."""


def contradictions(
    tiers: Sequence[PlacedTier], tier: PlacedTier, group: Sequence[PlacedPolicy], budget: Budget
) -> Iterator[tuple[PlacedPolicy, Item, PlacedPolicy, Item]]:
    """Of policies of one order in a tier the pairs that contradict, each with the first two rules that do.

    One of two policies applies to whatever the other does, and one of the rules means whoever the other does, at a
    common port; of these, rules that are asked before leave some. Raises ExhaustedError.
    """
    for one, other in combinations((one for one in group if one.policy.kind in KINDS), 2):
        budget.spend(_OF_PAIR)
        if _within(one.selector, other.selector) is not None:
            found = next(_contradicting(tiers, tier, one, other, budget), None)
            if found is not None:
                yield one, found[0], other, found[1]


def _contradicting(
    tiers: Sequence[PlacedTier], tier: PlacedTier, one: PlacedPolicy, other: PlacedPolicy, budget: Budget
) -> Iterator[tuple[Item, Item]]:
    for direction in DIRECTIONS:
        own, others = list(items(one.policy, direction)), list(items(other.policy, direction))
        before = _before(tiers, tier, one, direction, budget) if own and others else None
        if before is None:
            continue
        for (number, first), (place, second) in product(enumerate(own), enumerate(others)):
            budget.spend(_OF_PAIR)
            meant = None if first.action == second.action else _meant(first, second)
            if meant is not None and _is_left(meant, first, second, [*before, *own[:number], *others[:place]], budget):
                yield first, second


def _within(one: Selector, other: Selector) -> Selector | None:
    """That of two selectors of pods by which the other matches whatever it does."""
    mine, theirs = stripped(one), stripped(other)
    if implies(mine, theirs) is True:
        return mine
    return theirs if implies(theirs, mine) is True else None


def _meant(first: Item, second: Item) -> Selector | None:
    """The far ends that both of two rules surely mean, at ports of both; None if there may be none."""
    if not (_by_selector(first) and _by_selector(second)) or not _ports_meet(first, second):
        return None
    mine, theirs = _peer(first), _peer(second)
    return None if mine is None or theirs is None else _within(mine, theirs)


def _is_left(meant: Selector, first: Item, second: Item, earlier: Sequence[Item], budget: Budget) -> bool:
    """Whether other rules that are asked before leave some of these ends to both."""
    left = meant
    for item in earlier:
        budget.spend(_OF_PAIR)
        if _ports_meet(item, first) and _ports_meet(item, second):
            peer = _peer(item)
            if peer is None:
                return False
            left = both(left, negate(stripped(peer)))
    return isinstance(satisfiable(left), dict)


def _by_selector(item: Item) -> bool:
    """Whether a rule says whom it means by labels, and ports by number, and nothing else."""
    rule = _rule(item)
    return by_labels(rule) and not any(port.strip("0123456789:") for port in rule.destination.ports)


def _rule(item: Item) -> Rule:
    assert item.rule is not None, "these are the rules of a policy"
    return item.rule


def _peer(item: Item) -> Selector | None:
    return named(_rule(item), item.policy)


def _ports_meet(one: Item, other: Item) -> bool:
    return meet(opened([_rule(one)]), opened([_rule(other)]))


def _before(
    tiers: Sequence[PlacedTier], tier: PlacedTier, one: PlacedPolicy, direction: Direction, budget: Budget
) -> list[Item] | None:
    """The rules of policies before one that may be asked; None if some cannot be read, whose place is not known."""
    found: list[Item] = []
    behind = False
    for earlier in tiers:
        for placed in earlier.policies:
            budget.spend(_OF_PAIR)
            readable = placed.policy.resource.whole
            behind = behind or placed is one
            if (behind and readable) or placed.policy.staged or overlaps(placed.selector, one.selector) is False:
                continue
            if not readable:
                return None
            found += items(placed.policy, direction)
        if earlier is tier:
            break
    return found
