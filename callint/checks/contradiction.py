"""Rules of policies that no packet can match, because their conditions exclude each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico.kinds import is_calico
from callint.checks.breach import Breach, rule_words
from callint.finding import Path, Related
from callint.objects import Cluster
from callint.objects.policy import Policy, Rule
from callint.policy.chains import Direction
from callint.policy.symbolic.order import DIRECTIONS, rules
from callint.policy.symbolic.shadow import Shadows, shadows_of

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
        said: set[Path] = set()
        for direction in DIRECTIONS:
            for rule in rules(policy, direction):
                pair = _excluding(shadows, policy, rule) if _negates(rule) else None
                if pair is not None:
                    one, other = (_written(policy, rule, path) for path in pair)
                    if other not in said:
                        said.add(other)
                        yield _never(policy, direction, rule, one, other)
        if shadows.crowded:
            shadows.forget()


def _negates(rule: Rule) -> bool:
    """Whether a rule has one of the fields that exclude others at all."""
    source, destination = rule.source, rule.destination
    negated = source.not_nets or source.not_ports or destination.not_nets or destination.not_ports
    return bool(negated or rule.not_protocol or rule.icmp or rule.not_icmp)


def _excluding(shadows: Shadows, policy: Policy, rule: Rule) -> tuple[Path, Path] | None:
    """The first two fields by which alone no packet can match."""
    if any(shadows.may(policy, rule)):
        return None
    for one, other in _PAIRS:
        alone = shadows.bare(policy, rule, (one, other))
        if alone is not None and not any(alone):
            return one, other
    return None


def _written(policy: Policy, rule: Rule, path: Path) -> Path:
    """Where a field of a rule is written; the nets of Kubernetes' own policies are blocks of a peer."""
    if is_calico(policy.resource.api_version):
        return (*rule.path, *path)
    side = rule.source if path[0] == "source" else rule.destination
    return (*side.path, "ipBlock", {"nets": "cidr", "notNets": "except"}.get(str(path[-1]), path[-1]))


def _never(policy: Policy, direction: Direction, rule: Rule, one: Path, other: Path) -> Breach:
    names = [".".join(map(str, path[len(rule.path) :])) for path in (one, other)]
    resource = policy.resource
    return Breach(
        f"{rule_words(policy.resource, rule.path)} can match no packet: "
        f'"{names[0]}" and "{names[1]}" leave nothing between them',
        resource.span(*other, key=True),
        resource.ref,
        other,
        (Related(resource.span(*one, key=True), f"{names[0]} here"),),
    )
