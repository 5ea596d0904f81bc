"""What policies leave to the end of their tier, and to the tiers after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from itertools import product
from typing import Any

from callint.calico.defaults import DEFAULT_TIER
from callint.checks.breach import Breach, Question, asked, object_words, unexamined
from callint.checks.pod_template import all_pods
from callint.checks.policy.pass_end import pass_to_nothing
from callint.checks.policy.tier_names import tier_missing, tier_unsaid, tier_unused
from callint.finding import Path, Related, witness
from callint.objects import Cluster, Resource
from callint.objects.policy import Policy, Rule
from callint.policy import model_of
from callint.policy.labels import Labels, holds
from callint.policy.packet import DIRECTIONS
from callint.policy.selectable import Selectable
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.selector.overlap import OverlapIndex
from callint.selector.values import ExhaustedError
from callint.steps import Steps, counted

_OF_LABELS = 8
"""Steps that it takes to see whether a selector matches labels."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Policies and tiers whose end is not what it seems, in one way, which `problem` names.

    `deny-only` and `log-only` (all rules of a direction are Deny or Log, and nothing else allows anything),
    `pass-to-nothing` (a Pass after which nothing can allow), `tier-missing`, `tier-unsaid` (a policy is called after
    one, and in another), `tier-unused`.
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _deny_only(cluster: Cluster) -> Iterator[Breach]:
    found, left = _closing(cluster)
    if left is not None:
        reason = cluster.limits.too_many("selectors")
        yield unexamined("whether anything else lets through what is not allowed by", left, reason)
    told = set()
    for tier, placed, direction, rules in found:
        actions = {rule.action for rule in rules}
        if actions <= {"Deny", "Log"} and "Deny" in actions and all(map(_specific, rules)):
            first = next(rule for rule in rules if rule.action == "Deny")
            breach = _end(
                tier,
                placed.policy,
                (*first.path, "action"),
                f'policy "{placed.policy.name}" only denies {direction}, and no policy of tier "{tier.name}" allows '
                "any: the end of the tier drops the rest, so that all that reaches it is dropped",
                direction,
            )
            told.add(breach.span)
            yield breach
    yield from (one for one in _deny_only_for_some(cluster) if one.span not in told)


def _deny_only_for_some(cluster: Cluster) -> Iterator[Breach]:
    """The same for pods that are known, where the tier passes on what others get, and leaves these out."""
    steps = Steps(cluster, "selectors with labels")
    pods: Selectable[tuple[Labels, Resource]] | None = None
    closing = (one for one in model_of(cluster).tiers if one.closes and one.name != DEFAULT_TIER)
    for tier, direction in product(closing, DIRECTIONS):
        opening = [one for one in tier.policies if _opens(one, direction)]
        if not any(_passes_all(one, direction) for one in opening):
            continue
        if pods is None:
            pods = Selectable(((labels, (labels, one)) for labels, one in all_pods(cluster)), steps)
        for placed in tier.policies:
            rules = [rule for rule in placed.policy.governed(direction) if rule.action == "Deny"]
            if not rules or not _asked(placed) or _opens(placed, direction) or not all(map(_specific, rules)):
                continue
            pod = _left_out(pods, placed, opening, steps)
            if pod is not None:
                yield _end(
                    tier,
                    placed.policy,
                    (*rules[0].path, "action"),
                    f'policy "{placed.policy.name}" only denies {direction}, and no policy of tier "{tier.name}" '
                    f"passes on or allows any of {object_words(pod, pod.home)}: the end of the tier drops the rest",
                    direction,
                    Related(pod.span("metadata", "name"), "is left out by what others get"),
                )


def _left_out(
    pods: Selectable[tuple[Labels, Resource]], placed: PlacedPolicy, opening: Sequence[PlacedPolicy], steps: Steps
) -> Resource | None:
    """A pod that a policy selects, and surely none of others."""
    for (labels, pod), sure in pods.classes(placed.selector):
        if sure and all(holds(one.selector, labels) is False for one in counted(opening, steps, _OF_LABELS)):
            return pod
    return None


def _passes_all(placed: PlacedPolicy, direction: str) -> bool:
    return any(rule.action == "Pass" and rule.unconditional for rule in placed.policy.governed(direction))


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
    for tier in (one for one in model_of(cluster).tiers if one.closes):
        openers = cache(partial(_openers, tier, cluster.limits.comparisons))
        for placed, direction in product(filter(_asked, tier.policies), DIRECTIONS):
            rules = placed.policy.governed(direction)
            try:
                if rules and not _opens(placed, direction) and not openers(direction).meets(placed.selector):
                    found.append((tier, placed, direction, rules))
            except ExhaustedError:
                return found, placed.policy.resource
    return found, None


def _asked(placed: PlacedPolicy) -> bool:
    policy = placed.policy
    return policy.tracked and policy.resource.legible and not policy.kind.startswith("Kubernetes")


def _openers(tier: PlacedTier, steps: int, direction: str) -> OverlapIndex[PlacedPolicy]:
    """The policies of a tier that have an Allow or Pass in a direction."""
    return OverlapIndex(((one.selector, one) for one in tier.policies if _opens(one, direction)), steps)


def _opens(placed: PlacedPolicy, direction: str) -> bool:
    rules = placed.policy.rules_of(direction)
    return any(rule.http or rule.opens for rule in rules) or not placed.policy.resource.legible


def _specific(rule: Rule) -> bool:
    """Whether a rule has any criteria; one without, or for every network, is meant to be the end."""
    sides = [
        side._replace(path=(), nets=tuple(net for net in side.nets if not net.endswith("/0")))
        for side in (rule.source, rule.destination)
    ]
    written = (rule.ip_version, rule.protocol, rule.not_protocol, rule.icmp, rule.not_icmp)
    return any(any(side) for side in sides) or any(one is not None for one in written)


def _end(tier: PlacedTier, policy: Policy, path: Path, message: str, direction: str, *more: Related) -> Breach:
    related = (Related(tier.resource.span("metadata", "name"), "its default action is Deny"),) if tier.resource else ()
    return Breach.at(
        policy.resource,
        path,
        message,
        (*more, *related),
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


QUESTIONS: dict[str, Question] = {
    "deny-only": _deny_only,
    "log-only": _log_only,
    "pass-to-nothing": pass_to_nothing,
    "tier-missing": tier_missing,
    "tier-unsaid": tier_unsaid,
    "tier-unused": tier_unused,
}
