"""Host endpoints and the selectors of policies: which of them rules do not see, and which nobody selects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from callint.calico.defaults import ALLOW_ALL_PROFILE
from callint.checks.breach import Breach
from callint.checks.hosts.written import written_endpoints
from callint.finding import Path, Related, witness
from callint.objects import Cluster
from callint.objects.policy import Policy
from callint.policy import model_of
from callint.policy.labels import holds
from callint.policy.match import entity_selectors
from callint.policy.symbolic.engine import selections
from callint.policy.tiers import policies_of, selector_of
from callint.selector import SelectorError, keys
from callint.selector.index import SelectorIndex
from callint.steps import Steps, counted

_OF_SIDE = 8
"""Steps that it takes to see whether a side of a rule selects an endpoint."""


def invisible(cluster: Cluster) -> Iterator[Breach]:
    """Endpoints without addresses that a rule selects: it matches none of their packets."""
    members = [one for one in written_endpoints(cluster) if not one.about.expected_ips and one.about.interface]
    if not members:
        return
    steps = Steps(cluster, "selectors of rules with host endpoints")
    sides = SelectorIndex((side[2], side) for side in _rule_selectors(cluster))
    for member in members:
        about, labels = member.about, member.labels
        near = sides.candidates(labels.known, labels.present, labels.open)
        for policy, path, selector in counted(near, steps, _OF_SIDE):
            if keys(selector).isdisjoint(labels.known) or holds(selector, labels) is not True:
                continue
            does = (
                "that selects it matches none of its packets"
                if path[-1] == "selector"
                else "that is to leave it out does not"
            )
            yield Breach.at(
                about.resource,
                ("spec", "interfaceName"),
                f'HostEndpoint "{about.name}" has no `expectedIPs`, so a rule of policy "{policy.name}" {does}',
                (Related(policy.resource.span(*path), "selects it as a peer"),),
                witness("selector", selector=str(selector), endpoint=about.name, addresses=()),
                "list the interface's addresses in expectedIPs: Calico never learns them by itself",
            )
            break


def _rule_selectors(cluster: Cluster) -> Iterator[tuple[Policy, Path, Any]]:
    """What each side of each enforced rule selects, and where that is written."""
    for policy in policies_of(cluster):
        for entity in policy.sides():
            try:
                selectors = entity_selectors(entity, policy.namespace)
            except SelectorError:
                continue
            for key, selector in zip(("selector", "notSelector"), selectors, strict=True):
                if selector is not None:
                    yield policy, (*entity.path, key), selector


def unused_labels(cluster: Cluster) -> Iterator[Breach]:
    """Endpoints whose labels no selector names, where all selectors can be read.

    One that no policy selects, and that the profile for that opens, is open on purpose.
    """
    policies = policies_of(cluster)
    nameless = [one for one in written_endpoints(cluster) if one.about.resource.labels]
    if not nameless or not any(policy.kind.endswith("GlobalNetworkPolicy") for policy in policies):
        return
    bearers: dict[str, list[int]] = {}
    for number, one in enumerate(nameless):
        for key in one.about.resource.labels:
            bearers.setdefault(key, []).append(number)
    left = set(range(len(nameless)))
    for policy in policies:
        if not policy.resource.whole:
            return
        try:
            for key in bearers.keys() & keys(selector_of(policy)):
                left.difference_update(bearers.pop(key))
        except SelectorError:
            return
        if not left:
            return
    nameless = [nameless[number] for number in sorted(left)]
    named = {key for _, _, selector in _rule_selectors(cluster) for key in keys(selector)}
    for member in nameless:
        resource, labels = member.about.resource, sorted(member.about.resource.labels)
        if not named.isdisjoint(labels):
            continue
        if ALLOW_ALL_PROFILE in member.about.profiles and not selections(model_of(cluster)).of(member).entries:
            continue
        listed = ", ".join(f'"{key}"' for key in labels[:3])
        yield Breach.at(
            resource,
            ("metadata", "labels"),
            f'no selector of any policy names a label of HostEndpoint "{member.about.name}", which has {listed}: '
            "the labels tell nobody anything",
            (),
            witness("selector", selector="none", endpoint=member.about.name, labels=tuple(labels)),
            "select the endpoint by its labels in the policies meant for it",
            key=True,
        )
