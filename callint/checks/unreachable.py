"""Rules of policies, and whole policies, that never decide because of what comes before them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from callint.calico.kinds import is_calico
from callint.checks.breach import Breach, CheckError
from callint.finding import Path, Related, Span, Witness, witness
from callint.net.address import Family, format_address
from callint.net.diagrams import TooLargeError
from callint.objects import Cluster
from callint.objects.policy import Policy, Rule
from callint.policy.chains import Direction
from callint.policy.packet import protocol_name
from callint.policy.symbolic.covering import Taken, fewest
from callint.policy.symbolic.products import Sets
from callint.policy.symbolic.shadow import DIRECTIONS, Item, Shadows, item_of, rules
from callint.policy.tiers import PlacedPolicy, PlacedTier

_FAMILIES: tuple[Family, ...] = (4, 6)


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """What never decides, whatever endpoints there are.

    Parameter `problem`: `rule` (earlier rules decide on every packet of a rule, at least one of them otherwise),
    `redundant` (the same where all of them have its own action), `policy` (no packet gets as far as the rules of a
    policy, and these would decide otherwise). Kubernetes' own policies are asked as what comes first, never themselves.
    """
    problem = parameters.get("problem")
    if problem not in _PROBLEMS:
        raise CheckError(f'check "unreachable" needs the parameter "problem": {", ".join(_PROBLEMS)}')
    yield from _PROBLEMS[problem](cluster)


class _Dead(NamedTuple):
    """A rule, or with None all rules of a direction, that never decide, and the fewest things that see to it."""

    policy: Policy
    direction: Direction
    rule: Rule | None
    packets: Sets
    covering: Sequence[Item]


class _Question(NamedTuple):
    """A policy too large to be examined, or the first of too many."""

    policy: Policy
    reason: str


@lru_cache(maxsize=2)
def shadows_of(cluster: Cluster) -> Shadows:
    """The order of a cluster's rules, made once."""
    return Shadows(cluster)


@lru_cache(maxsize=2)
def _found(cluster: Cluster) -> tuple[_Dead | _Question, ...]:
    shadows = shadows_of(cluster)
    found: list[_Dead | _Question] = []
    policies = [placed.policy for _, placed in shadows.subjects]
    total = sum(len(policy.ingress) + len(policy.egress) for policy in policies)
    limits = cluster.limits
    if len(policies) > limits.compared_policies or total > limits.compared_rules:
        bounds = f"at most {limits.compared_policies} policies with {limits.compared_rules} rules are compared"
        return (_Question(policies[0], f"there are {len(policies)} policies with {total} rules, {bounds}"),)
    for tier, placed in shadows.subjects:
        if not is_calico(placed.policy.resource.api_version):
            continue
        try:
            for direction in DIRECTIONS:
                found += _examine(shadows, tier, placed, direction)
        except TooLargeError as error:
            found.append(_Question(placed.policy, f"the sets of packets are too large ({error})"))
    return tuple(found)


def _examine(shadows: Shadows, tier: PlacedTier, placed: PlacedPolicy, direction: Direction) -> Iterator[_Dead]:
    policy = placed.policy
    own = rules(policy, direction)
    if not own:
        return
    taken = Taken()
    for item in () if policy.staged else shadows.before(tier, placed, direction):
        taken.add(item, shadows.surely(item, None))
    everything = (shadows.spaces[0].everything, shadows.spaces[1].everything)
    if not any(taken.left(everything)):
        covering = fewest(shadows, taken, everything, {})
        if {item.action for item in covering} != {rule.action.capitalize() for rule in own}:
            yield _Dead(policy, direction, None, everything, covering)
            return
    for rule in own:
        packets = shadows.may(policy, rule)
        left = taken.left(packets)
        more: dict[int, Sets] = {}
        if any(left) and shadows.selects(policy, rule):
            more = shadows.implied_by(taken.items, policy, rule)
            for sets in more.values():
                left = (left[0] - sets[0], left[1] - sets[1])
        if any(packets) and not any(left):
            yield _Dead(policy, direction, rule, packets, fewest(shadows, taken, packets, more))
        decides = item_of(policy, direction, rule)
        if decides is not None:
            taken.add(decides, shadows.surely(decides, None))


def _by_rule(cluster: Cluster, *, differs: bool) -> Iterator[Breach]:
    for dead in _found(cluster):
        if isinstance(dead, _Question):
            if differs:
                yield _undecided(dead)
            continue
        if dead.rule is None:
            continue
        action = dead.rule.action.capitalize()
        other = next((item.action for item in dead.covering if item.action != action), None)
        if (other is not None) is not differs:
            continue
        subject = rule_words(dead.policy, dead.direction, dead.rule)
        if other is not None:
            message = (
                f"{subject} is never reached: {_count(dead.covering, 'already decide')} on all of its packets, "
                f'and the action is not "{action}" but "{other}"'
            )
        else:
            message = f"{subject} changes nothing: {_count(dead.covering, 'with the same action cover')} it"
        path = (*dead.rule.path, "action")
        yield _breach(dead, message, dead.policy.resource.span(*path), path)


def _rule(cluster: Cluster) -> Iterator[Breach]:
    return _by_rule(cluster, differs=True)


def _redundant(cluster: Cluster) -> Iterator[Breach]:
    return _by_rule(cluster, differs=False)


def _policy(cluster: Cluster) -> Iterator[Breach]:
    for dead in _found(cluster):
        if isinstance(dead, _Dead) and dead.rule is None:
            path = ("spec", dead.direction)
            message = (
                f"no packet gets as far as the {dead.direction} rules of {dead.policy.kind} "
                f'"{dead.policy.name}": {_count(dead.covering, "decide")} on all packets'
            )
            yield _breach(dead, message, dead.policy.resource.span(*path, key=True), path)


def _count(covering: Sequence[Item], verb: str) -> str:
    """Who sees to it, in words, with a verb in the plural."""
    if len(covering) > 1:
        return f"{len(covering)} earlier rules {verb}"
    (item,) = covering
    subject = "an earlier rule" if item.rule else f'the end of tier "{item.policy.tier}"'
    return f"{subject} {verb}s"


def rule_words(policy: Policy, direction: Direction, rule: Rule) -> str:
    """What a rule is called in messages."""
    return f'{direction} rule {rule.path[2]} of {policy.kind} "{policy.name}"'


def _breach(dead: _Dead, message: str, span: Span, path: Path) -> Breach:
    related = []
    for item in dead.covering:
        if item.rule is None:
            place = item.policy.resource.span("spec", item.direction, key=True)
            related.append(Related(place, f'the tier "{item.policy.tier}" ends here and drops the rest'))
        else:
            related.append(Related(_action(item), f"decides first ({item.action})"))
    return Breach(message, span, dead.policy.resource.ref, path, tuple(related), _proof(dead))


def _action(item: Item) -> Span:
    """The action of a rule; Kubernetes' own have none, so that the rule itself is shown."""
    assert item.rule is not None
    path = (*item.rule.path, "action")
    written = is_calico(item.policy.resource.api_version)
    return item.policy.resource.span(*(path if written else item.rule.path))


def _proof(dead: _Dead) -> Witness | None:
    """A packet that the rule is meant for, and what decides about it."""
    first = dead.covering[0] if dead.covering else None
    for family, packets in zip(_FAMILIES, dead.packets, strict=True):
        point = packets.witness(source_port=(40000,))
        if point is not None and first is not None:
            rule = f"{first.direction} rule {first.rule.path[2]}" if first.rule else f"end of tier {first.policy.tier}"
            return witness(
                "packet",
                direction=dead.direction,
                source=format_address(family, point.source),
                destination=format_address(family, point.destination),
                protocol=protocol_name(point.protocol),
                source_port=point.source_port,
                destination_port=point.destination_port,
                decided_by=f"policy {first.policy.name} {rule}",
            )
    return None


def _undecided(question: _Question) -> Breach:
    resource = question.policy.resource
    return Breach(
        f'whether every rule of {question.policy.kind} "{question.policy.name}" is reached was not examined: '
        f"{question.reason}",
        resource.span("metadata", "name"),
        resource.ref,
        ("metadata", "name"),
        undecided=True,
    )


_PROBLEMS: dict[str, Callable[[Cluster], Iterator[Breach]]] = {
    "rule": _rule,
    "redundant": _redundant,
    "policy": _policy,
}
