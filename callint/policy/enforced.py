"""Rules as iptables and nftables enforce them: lists too long for one match are blocks, of which the first two count.

Source: felix/rules/policy.go, where the scratch bit of the second block is never cleared.
"""

from __future__ import annotations

from collections.abc import Iterable

from callint.net.address import Family
from callint.net.ports import parse_port
from callint.net.read import prefixes
from callint.objects.policy import Policy, Rule
from callint.policy.tiers import PlacedPolicy, PlacedTier

_COUNTING = 2
_SLOTS = 15

Block = tuple[str, str]
"""A side of a rule and its list: `source` or `destination`, `ports` or `nets`."""


def crowded(rule: Rule) -> bool:
    """Whether a rule has lists enough for `blocks` to find any, said at little cost."""
    one, other = rule.source, rule.destination
    ports = (len(one.ports) > 1) + (len(other.ports) > 1)
    return ports + (len(one.nets) > 1) + (len(other.nets) > 1) > _COUNTING


def blocks(rule: Rule, family: Family) -> list[Block]:
    """The lists that are rendered as blocks, in the order of rendering: ports, then nets."""
    if not crowded(rule):
        return []
    sides = (("source", rule.source), ("destination", rule.destination))
    ports = [(name, "ports") for name, side in sides if _groups(side.ports) > 1]
    nets = [(name, "nets") for name, side in sides if sum(net.family == family for net in prefixes(side.nets)) > 1]
    found = ports + nets
    return found if len(found) > _COUNTING else []


def _groups(texts: tuple[str, ...]) -> int:
    """How many port matches a list takes: 15 slots each, a range fills two, a named port is one alone."""
    groups, room = 0, 0
    for text in texts:
        try:
            port = parse_port(text)
        except ValueError:
            continue
        if isinstance(port, str):
            groups += 1
            continue
        slots = 1 if port[0] == port[1] else 2
        if slots > room:
            groups, room = groups + 1, _SLOTS
        room -= slots
    return groups


def enforced(tiers: Iterable[PlacedTier], family: Family) -> tuple[PlacedTier, ...] | None:
    """The tiers with what is enforced of their rules for packets of one family; None where all of it is."""
    found, changed = [], False
    for tier in tiers:
        policies = tuple(_placed(one, family) for one in tier.policies)
        changed = changed or any(one is not other for one, other in zip(policies, tier.policies, strict=True))
        found.append(tier._replace(policies=policies))
    return tuple(found) if changed else None


def _placed(placed: PlacedPolicy, family: Family) -> PlacedPolicy:
    policy: Policy = placed.policy
    ingress, egress = (tuple(_rule(rule, family) for rule in rules) for rules in (policy.ingress, policy.egress))
    if all(one is other for one, other in zip((*ingress, *egress), policy.rules, strict=True)):
        return placed
    return placed._replace(policy=policy._replace(ingress=ingress, egress=egress))


def _rule(rule: Rule, family: Family) -> Rule:
    for side, field in blocks(rule, family)[_COUNTING:]:
        rule = rule._replace(**{side: getattr(rule, side)._replace(**{field: ()})})
    return rule
