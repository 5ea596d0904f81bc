"""Tiers of one order that decide differently: nothing but their names says which is asked first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from callint.checks.breach import Breach, rule_words, unanswered
from callint.checks.policy.policy_tie import VERBS, decider, proof
from callint.net.diagrams import TooLargeError
from callint.objects import Cluster, Resource
from callint.policy.symbolic.order import Item
from callint.policy.symbolic.shadow import shadows_of
from callint.policy.symbolic.tie import Tie
from callint.policy.symbolic.tier_tie import TierTies
from callint.policy.tiers import PlacedTier
from callint.selector.values import Budget, ExhaustedError


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Pairs of tiers whose order decides about a packet and is told by their names alone.

    Told where a policy of one selects whatever a policy of the other does. Takes no parameters.
    """
    shadows = shadows_of(cluster)
    by_order: dict[float | None, list[PlacedTier]] = defaultdict(list)
    for tier in shadows.tiers:
        readable = tier.exists and not tier.hidden and all(one.policy.resource.whole for one in tier.policies)
        if readable and tier.policies:
            by_order[tier.order].append(tier)
    tied = [group for group in by_order.values() if len(group) > 1]
    ties = TierTies(shadows, Budget(cluster.limits.comparisons))
    for one, other in (pair for group in tied for pair in combinations(group, 2)):
        where = other.resource or one.resource
        if where is None:
            continue
        what = f'whether names alone decide between the tiers "{one.name}" and "{other.name}" was not examined'
        try:
            found = ties.between(one, other)
        except TooLargeError as error:
            yield unanswered(f"{what}: the sets of packets are too large ({error})", where)
            continue
        except ExhaustedError:
            yield unanswered(f"{what}: {cluster.limits.too_many('rules and selectors')}", where)
            return
        if found is not None:
            yield _breach(one, other, where, found)
        if shadows.crowded:
            shadows.forget()


def _breach(one: PlacedTier, other: PlacedTier, where: Resource, tie: Tie) -> Breach:
    here, there = (other, one) if where is other.resource else (one, other)
    order = "has no order" if here.order is None else f"has the order {here.order:.15g}"
    return Breach.at(
        where,
        ("spec", "order") if "order" in where.spec else ("metadata", "name"),
        f'tier "{here.name}" {order}, like tier "{there.name}", and nothing but names says that "{one.name}" is asked '
        f"first: {_does(tie.first)} what {_does(tie.second)}",
        (decider(tie.first), decider(tie.second)),
        proof(tie),
        "give the tiers different orders",
    )


def _does(item: Item) -> str:
    if item.rule is None:
        return f'the end of tier "{item.policy.tier}" {VERBS[item.action]}'
    return f"{rule_words(item.policy.resource, item.rule.path)} {VERBS[item.action]}"
