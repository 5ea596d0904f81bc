"""Policies for some pods that let senders in, name egress among their types, and have no rules for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico.kinds import is_calico
from callint.checks.breach import Breach, object_words, unexamined
from callint.finding import witness
from callint.objects import Cluster
from callint.objects.policy import Policy
from callint.policy import model_of
from callint.selector.overlap import OverlapIndex
from callint.selector.values import ExhaustedError

_MEANT = "deny|isolat|lock|block|restrict|closed|no-?egress|ingress-?only|only-?ingress"
"""Names of policies that are to close something."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Policies whose pods send nothing at all, where nobody wrote that down as a list without rules.

    A policy for everything is a default to which others add, and one that may let one of the pods send is enough to be
    silent. Takes no parameters.
    """
    model = model_of(cluster)
    shut = [(tier, one) for tier, one in model.closing("egress") if _unsaid(one.policy)]
    if not shut:
        return
    opening = ((one.selector, one) for _, one in model.policies if _may_open(one.policy))
    openers = OverlapIndex(opening, cluster.limits.comparisons)
    for tier, one in shut:
        policy = one.policy
        try:
            if openers.meets(one.selector):
                continue
        except ExhaustedError:
            reason = cluster.limits.too_many("selectors")
            yield unexamined("whether anybody may send who is selected by", policy.resource, reason)
            return
        field = "types" if is_calico(policy.resource.api_version) else "policyTypes"
        yield Breach.at(
            policy.resource,
            ("spec", field),
            f"{object_words(policy.resource, policy.namespace)} lets its pods send nothing, not even questions for "
            f'names: "{field}" names Egress, and there are no egress rules',
            (),
            witness("packet", direction="egress", verdict="drop", decided_by=f"end of tier {tier.name}"),
            f'leave Egress out of "{field}", or write "egress: []" if nothing is to be sent',
            key=True,
        )


def _unsaid(policy: Policy) -> bool:
    """Whether it is for some pods, has rules for who may send to them, and none where these are to send."""
    spec = policy.resource.spec
    some = policy.selector if is_calico(policy.resource.api_version) else spec.get("podSelector")
    written = spec.get("types") or spec.get("policyTypes")
    return (
        policy.of_pods
        and policy.resource.whole
        and bool(some and written)
        and str(some).replace(" ", "") != "all()"
        and "egress" not in spec
        and any(rule.action == "Allow" for rule in policy.ingress)
        and not re.search(_MEANT, policy.resource.name)
    )


def _may_open(policy: Policy) -> bool:
    rules = any(rule.opens for rule in policy.rules_of("egress"))
    return policy.tracks("egress") and (rules or not policy.resource.whole)
