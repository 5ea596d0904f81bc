"""Rules of policies of one order that tie are those that a comparison of each with each finds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.objects import Cluster
from callint.policy.packet import DIRECTIONS
from callint.policy.symbolic.order import Item, items
from callint.policy.symbolic.products import Sets
from callint.policy.symbolic.shadow import Shadows
from callint.policy.symbolic.tie import Tie, Ties
from callint.policy.tiers import PlacedPolicy
from callint.selector.values import Budget, ExhaustedError
from manifests import calico, cluster_of

NETS = ("10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "2001:db8::/32", "0.0.0.0/0")
SIDES = st.fixed_dictionaries(
    {},
    optional={
        "nets": st.lists(st.sampled_from(NETS), min_size=1, max_size=2, unique=True),
        "notNets": st.sampled_from([["10.1.0.0/16"], ["2001:db8:1::/48"]]),
        "selector": st.sampled_from(["a == 'x'", "b == 'y'"]),
    },
)
PORTS = st.sampled_from([["80"], ["1:100"], ["http"], [443, "90:500"]])
RULES = st.builds(
    lambda action, protocol, source, destination, ports: {
        "action": action,
        **({"protocol": protocol} if protocol else {}),
        "source": source,
        "destination": {**destination, **({"ports": ports} if ports and protocol in ("TCP", "UDP") else {})},
        **({"http": {"methods": ["GET"]}} if (action, protocol) == ("Allow", "TCP") and not ports else {}),
    },
    st.sampled_from(["Allow", "Deny", "Pass", "Log"]),
    st.sampled_from([None, "TCP", "UDP", "ICMP"]),
    SIDES,
    SIDES,
    st.none() | PORTS,
)
POLICIES = st.lists(st.lists(RULES, min_size=1, max_size=3), min_size=3, max_size=5)


def cluster(policies: list[list[dict[str, Any]]]) -> Cluster:
    """The first has an order of its own, before the others."""
    return cluster_of(
        calico(
            "GlobalNetworkPolicy",
            f"p{number}",
            {"selector": "all()", "order": min(number, 1), "types": ["Ingress"], "ingress": rules},
        )
        for number, rules in enumerate(policies)
    )


def minus(sets: Sets, others: Sets) -> Sets:
    return sets[0] - others[0], sets[1] - others[1]


def deciding(shadows: Shadows, placed: PlacedPolicy) -> Iterator[tuple[Item, Sets]]:
    """The rules of a policy with the packets that earlier ones of it leave to each."""
    for direction in DIRECTIONS:
        before: list[Item] = []
        for item in items(placed.policy, direction):
            packets = shadows.surely(item, None)
            for earlier in before:
                assert earlier.rule is not None
                packets = minus(packets, shadows.may(placed.policy, earlier.rule))
            yield item, packets
            before.append(item)


def first_tie(shadows: Shadows, before: list[PlacedPolicy], one: PlacedPolicy, other: PlacedPolicy) -> Tie | None:
    for (mine, own), (theirs, others) in product(deciding(shadows, one), deciding(shadows, other)):
        packets = own[0] & others[0], own[1] & others[1]
        for direction in DIRECTIONS:
            for item in (item for first in before for item in items(first.policy, direction)):
                assert item.rule is not None
                packets = minus(packets, shadows.may(item.policy, item.rule))
        if mine.action != theirs.action and any(packets):
            return Tie(mine, theirs, packets)
    return None


@given(POLICIES)
def test_all_pairs(policies: list[list[dict[str, Any]]]) -> None:
    shadows = Shadows(cluster(policies))
    tier = next(one for one in shadows.tiers if one.policies)
    first, *group = tier.policies
    ties = Ties(shadows, tier, group, Budget(1_000_000))
    for number, one in enumerate(group):
        later = range(number + 1, len(group))
        expected = {at: first_tie(shadows, [first, *group[:number]], one, group[at]) for at in later}
        assert dict(ties.with_later(number, later)) == {at: tie for at, tie in expected.items() if tie is not None}


@pytest.mark.parametrize(("steps", "enough"), [(100, False), (3_000, True)])
def test_rules_that_have_nothing_to_do_with_each_other_take_few_steps(steps: int, enough: bool) -> None:
    rules = [
        [
            {"action": ("Allow", "Deny")[number % 2], "source": {"nets": [f"10.{policy}.{number}.0/24"]}}
            for number in range(100)
        ]
        for policy in range(10)
    ]
    shadows = Shadows(cluster(rules))
    tier = next(one for one in shadows.tiers if one.policies)
    group = tier.policies[1:]

    def found() -> list[tuple[int, Tie]]:
        ties = Ties(shadows, tier, group, Budget(steps))
        return [one for number in range(len(group)) for one in ties.with_later(number, range(number + 1, len(group)))]

    if enough:
        assert found() == []
    else:
        with pytest.raises(ExhaustedError):
            found()


def steps(networks: int) -> int:
    """What it takes to look for ties among twenty rules with so many networks each, all of which overlap."""
    nets = [f"10.{number}.0.0/17" for number in range(networks)]
    found = cluster([[{"action": ("Allow", "Deny")[number % 2], "source": {"nets": nets}}] for number in range(20)])
    shadows, budget = Shadows(found), Budget(1_000_000)
    (tier,) = (tier for tier in shadows.tiers if tier.policies)
    ties = Ties(shadows, tier, tier.policies[1:], budget)
    for place in range(19):
        list(ties.with_later(place, range(place + 1, 19)))
    return 1_000_000 - budget.left


def test_rules_of_many_networks_take_more_steps() -> None:
    assert 2 * steps(200) > 3 * steps(1)
