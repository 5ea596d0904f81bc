"""Rules of policies that no packet can match, because their conditions exclude each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico.kinds import is_calico
from callint.checks.breach import Breach
from callint.checks.unreachable import rule_words, shadows_of
from callint.finding import Path, Related
from callint.objects import Cluster
from callint.objects.policy import Policy, Rule
from callint.policy.chains import Direction
from callint.policy.symbolic.shadow import DIRECTIONS, Shadows, rules

_PAIRS = (
    (("protocol",), ("notProtocol",)),
    (("icmp",), ("notICMP",)),
    (("protocol",), ("icmp",)),
    (("source", "nets"), ("source", "notNets")),
    (("destination", "nets"), ("destination", "notNets")),
    (("source", "ports"), ("source", "notPorts")),
    (("destination", "ports"), ("destination", "notPorts")),
)
"""Fields of a rule that can exclude each other; what contradicts itself otherwise is reported where it is written."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Rules of which two fields leave no packet that could match."""
    shadows = shadows_of(cluster)
    for _, placed in shadows.subjects:
        policy = placed.policy
        if not is_calico(policy.resource.api_version):
            continue
        for direction in DIRECTIONS:
            for rule in rules(policy, direction):
                pair = _excluding(shadows, policy, rule)
                if pair is not None:
                    yield _never(policy, direction, rule, *pair)


def _excluding(shadows: Shadows, policy: Policy, rule: Rule) -> tuple[Path, Path] | None:
    """The first two fields by which alone no packet can match."""
    if any(shadows.may(policy, rule)):
        return None
    for one, other in _PAIRS:
        alone = shadows.bare(policy, rule, (one, other))
        if alone is not None and not any(alone):
            return one, other
    return None


def _never(policy: Policy, direction: Direction, rule: Rule, one: Path, other: Path) -> Breach:
    path = (*rule.path, *other)
    names = [".".join(map(str, path)) for path in (one, other)]
    return Breach(
        f"{rule_words(policy, direction, rule)} can match no packet: "
        f'"{names[0]}" and "{names[1]}" leave nothing between them',
        policy.resource.span(*path, key=True),
        policy.resource.ref,
        path,
        (Related(policy.resource.span(*rule.path, *one, key=True), f"{names[0]} here"),),
    )
