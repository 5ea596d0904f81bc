"""What policies leave to the end of their tier, and to the tiers after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

from callint.checks.breach import Breach, nobody, unexamined
from callint.checks.dispatch import Question, asked
from callint.checks.left_open import TIERS, left_open
from callint.checks.policy.unreachable import never_deciding
from callint.finding import Path, Related, witness
from callint.objects import Cluster, Resource
from callint.objects.policy import Policy, Rule
from callint.policy import model_of
from callint.policy.labels import Labels, holds
from callint.policy.selectable import Selectable
from callint.policy.symbolic.dead import Dead
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.schema.suggest import Words
from callint.selector.index import OverlapIndex, SelectorIndex
from callint.selector.values import ExhaustedError

_OPERATORS = ("allow-tigera", "calico-system")
"""Tiers that the operator makes (tigera/operator pkg/controller/tiers)."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Policies and tiers whose end is not what it seems, in one way, which `problem` names.

    `deny-only` and `log-only` (all rules of a direction are Deny or Log, and nothing else allows anything),
    `pass-to-nothing` (a Pass after which nothing can allow), `tier-missing`, `tier-unused`.
    """
    yield from asked("tier_end", _QUESTIONS, parameters)(cluster)


def _deny_only(cluster: Cluster) -> Iterator[Breach]:
    found, left = _closing(cluster)
    if left is not None:
        reason = cluster.limits.too_many("selectors")
        yield unexamined("whether anything else lets through what is not allowed by", left, reason)
    for tier, placed, direction, rules in found:
        actions = {rule.action for rule in rules}
        if actions <= {"Deny", "Log"} and "Deny" in actions and all(map(_specific, rules)):
            first = next(rule for rule in rules if rule.action == "Deny")
            yield _end(
                tier,
                placed.policy,
                (*first.path, "action"),
                f'policy "{placed.policy.name}" only denies {direction}, and no policy of tier "{tier.name}" allows '
                "any: the end of the tier drops the rest, so that all that reaches it is dropped",
                direction,
            )


def _log_only(cluster: Cluster) -> Iterator[Breach]:
    for tier, placed, direction, rules in _closing(cluster)[0]:
        if {rule.action for rule in rules} == {"Log"}:
            yield _end(
                tier,
                placed.policy,
                (*rules[0].path, "action"),
                f'policy "{placed.policy.name}" only logs {direction}, and no policy of tier "{tier.name}" allows any: '
                "the end of the tier drops what was logged",
                direction,
            )


_Closing = tuple[PlacedTier, PlacedPolicy, str, tuple[Rule, ...]]


@lru_cache(maxsize=2)
def _closing(cluster: Cluster) -> tuple[Sequence[_Closing], Resource | None]:
    """Policies with rules in a direction, where no other policy of the tier lets anything through to the same ends.

    Also the first policy of which that would have taken too long to find out, if there is one.
    """
    found: list[_Closing] = []
    asked: Resource | None = None
    try:
        for tier, placed, direction, rules, openers in _governing(cluster):
            asked = placed.policy.resource
            if not openers.let_through(placed):
                found.append((tier, placed, direction, rules))
    except ExhaustedError:
        return found, asked
    return found, None


def _governing(cluster: Cluster) -> Iterator[tuple[PlacedTier, PlacedPolicy, str, tuple[Rule, ...], _Openers]]:
    """Policies with rules in a direction, and those of their tier that let anything through in it."""
    for tier in model_of(cluster).tiers:
        if not tier.closes:
            continue
        steps = cluster.limits.comparisons
        openers = {direction: _Openers(tier, direction, steps) for direction in ("ingress", "egress")}
        for placed in tier.policies:
            policy = placed.policy
            if policy.staged or policy.early or not policy.resource.legible or policy.kind.startswith("Kubernetes"):
                continue
            for direction in ("ingress", "egress"):
                rules = policy.rules_of(direction)
                if rules and direction.capitalize() in policy.types:
                    yield tier, placed, direction, rules, openers[direction]


class _Openers:
    """The policies of a tier that have an Allow or Pass in a direction."""

    def __init__(self, tier: PlacedTier, direction: str, steps: int) -> None:
        self._tier = tier
        self._direction = direction
        self._steps = steps

    @cached_property
    def _index(self) -> OverlapIndex[PlacedPolicy]:
        openers = ((one.selector, one) for one in self._tier.policies if _opens(one, self._direction))
        return OverlapIndex(openers, self._steps)

    def let_through(self, subject: PlacedPolicy) -> bool:
        """Whether one of them, or the subject itself, has it for endpoints of the subject; raises ExhaustedError."""
        return _opens(subject, self._direction) or self._index.meets(subject.selector)


def _opens(placed: PlacedPolicy, direction: str) -> bool:
    rules = placed.policy.rules_of(direction)
    return any(rule.http or rule.action in ("Allow", "Pass") for rule in rules) or not placed.policy.resource.legible


def _specific(rule: Rule) -> bool:
    """Whether a rule has any criteria; one without, or for every network, is meant to be the end."""
    sides = [
        side._replace(path=(), nets=tuple(net for net in side.nets if not net.endswith("/0")))
        for side in (rule.source, rule.destination)
    ]
    written = (rule.ip_version, rule.protocol, rule.not_protocol, rule.icmp, rule.not_icmp)
    return any(any(side) for side in sides) or any(one is not None for one in written)


def _end(tier: PlacedTier, policy: Policy, path: Path, message: str, direction: str) -> Breach:
    related = (Related(tier.resource.span("metadata", "name"), "its default action is Deny"),) if tier.resource else ()
    return Breach.at(
        policy.resource,
        path,
        message,
        related,
        witness(
            "packet",
            direction=direction,
            source="any",
            destination="any",
            verdict="drop",
            decided_by=f"end of tier {tier.name}",
        ),
        "end the rules with an Allow, or with a Pass where later tiers shall decide",
    )


def _pass_to_nothing(cluster: Cluster) -> Iterator[Breach]:
    """A Pass that selects host endpoints without profile, in the last tier that has policy for them."""
    model = model_of(cluster)
    governors = _Governors(model.tiers)
    bare = Selectable((one.labels, one) for one in model.inventory.host_endpoints if not one.about.profiles)
    for position, tier in enumerate(model.tiers):
        for placed in tier.policies:
            policy = placed.policy
            if policy.staged or policy.early or not policy.resource.legible:
                continue
            passing = [rule for rule in policy.rules if rule.action == "Pass"]
            if not passing:
                continue
            hosts = bare.surely(placed.selector)
            for rule in passing if hosts else ():
                direction = str(rule.path[1]).capitalize()
                if direction not in policy.types:
                    continue
                ends = [host for host in hosts if governors.last(host.labels, direction) <= position]
                if not ends or _dead(cluster) & {_key(policy, rule.path), _key(policy, rule.path[:2])}:
                    continue
                path = (*rule.path, "action")
                lost = f"packets {'to' if direction == 'Ingress' else 'from'} the node are dropped"
                yield Breach.at(
                    policy.resource,
                    path,
                    f'policy "{policy.name}" passes {direction.lower()} of HostEndpoint "{ends[0].about.name}" on, but '
                    f'no tier after "{tier.name}" has policy for it and it has no profile: {lost}',
                    tuple(Related(host.about.resource.span("metadata", "name"), "has no profile") for host in ends[:3]),
                    witness(
                        "packet",
                        direction=direction.lower(),
                        endpoint=ends[0].about.name,
                        verdict="drop",
                        decided_by="no profile matched",
                    ),
                    "allow what is to pass, or give the host endpoint a profile",
                )


def _key(policy: Policy, path: Path) -> tuple[int, Path]:
    return id(policy.resource), path


@lru_cache(maxsize=2)
def _dead(cluster: Cluster) -> frozenset[tuple[int, Path]]:
    """The rules, and whole directions of policies, of which it is known that no packet gets to them."""
    found = (one for one in never_deciding(cluster) if isinstance(one, Dead))
    return frozenset(_key(one.policy, one.rule.path if one.rule else ("spec", one.direction)) for one in found)


class _Governors:
    """The policies that are enforced, to be found by the labels that they select."""

    def __init__(self, tiers: tuple[PlacedTier, ...]) -> None:
        self._tiers = tiers
        self._known: dict[tuple[int, str], int] = {}

    @cached_property
    def _index(self) -> SelectorIndex[tuple[int, PlacedPolicy]]:
        enforced = (
            (position, one)
            for position, tier in enumerate(self._tiers)
            for one in tier.policies
            if not one.policy.staged
        )
        return SelectorIndex((one.selector, (position, one)) for position, one in enforced)

    def last(self, labels: Labels, direction: str) -> int:
        """The number of the last tier with policy that may select the labels in a direction, -1 without any."""
        key = (id(labels), direction)
        if key not in self._known:
            found = self._index.candidates(labels.known, labels.present, labels.open)
            self._known[key] = max(
                (
                    position
                    for position, one in found
                    if direction in one.policy.types and holds(one.selector, labels) is not False
                ),
                default=-1,
            )
        return self._known[key]


def _tier_missing(cluster: Cluster) -> Iterator[Breach]:
    if left_open(cluster, TIERS):
        return
    known = tuple(tier.name for tier in model_of(cluster).tiers if tier.exists)
    words = Words(known)
    for tier in model_of(cluster).tiers:
        if tier.exists or not tier.policies or tier.name in _OPERATORS:
            continue
        near = words.nearest(tier.name)
        if not cluster.tiers and near is None:
            continue  # the tiers are kept elsewhere
        for placed in tier.policies:
            resource = placed.policy.resource
            path: Path = ("spec", "tier")
            if resource.unreadable(*path):
                continue
            hint = f', did you mean "{near}"' if near else ""
            yield Breach.at(
                resource,
                path,
                f'policy "{placed.policy.name}" is in tier "{tier.name}", which does not exist{hint}: calicoctl '
                "and the API server refuse the policy, and stored as a CRD it comes after all tiers",
                tuple(
                    Related(one.resource.span("metadata", "name"), "a tier")
                    for one in cluster.tiers[:3]
                    if one.resource
                ),
                nobody(f"Tier/{tier.name}", known),
            )


def _tier_unused(cluster: Cluster) -> Iterator[Breach]:
    """Not while the tier of a policy cannot be read: it may be any of them."""
    model = model_of(cluster)
    if not model.policies or any(one.policy.resource.unreadable("spec", "tier") for _, one in model.policies):
        return
    for tier in model.tiers:
        if tier.policies or tier.resource is None or not tier.resource.document.complete:
            continue
        resource = tier.resource
        if resource.unreadable("metadata", "name"):
            continue
        if tier.name in ("default", "kube-admin", "kube-baseline", "adminnetworkpolicy", "baselineadminnetworkpolicy"):
            continue
        yield Breach.at(
            resource,
            ("metadata", "name"),
            f'no policy is in tier "{tier.name}", so that the tier decides nothing, its default action included',
            (),
            witness("reference", reference=f"Tier/{tier.name}", policies=()),
        )


_QUESTIONS: dict[str, Question] = {
    "deny-only": _deny_only,
    "log-only": _log_only,
    "pass-to-nothing": _pass_to_nothing,
    "tier-missing": _tier_missing,
    "tier-unused": _tier_unused,
}
