"""Selectors with what else the manifests tell of whom they select: the orchestrator, names and labels of namespaces."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache

from callint.calico.defaults import (
    INHERITED_NAMES,
    NAMESPACE_LABEL,
    NAMESPACE_NAMES,
    NAMESPACE_PREFIX,
    ORCHESTRATOR_LABEL,
)
from callint.calico.kinds import NETWORKING
from callint.objects import Cluster, fields
from callint.policy.tiers import PlacedPolicy, PlacedTier, selects_pods_alone
from callint.selector import Selector, SelectorError, keys_and_values, parse
from callint.selector.plain import plain
from callint.selector.rewrite import both
from callint.selector.satisfy import satisfiable
from callint.selector.syntax import Compare, conjuncts

_POD = Compare(ORCHESTRATOR_LABEL, "==", "k8s")
_NAMES = (NAMESPACE_LABEL, *INHERITED_NAMES)
_MOST_LABELS = 8
"""So many labels of a namespace are added to a selector at most: each of its policies is compared by all of them."""


class Namespaces:
    """What selectors of a single namespace say besides, of pods of Kubernetes: its names, and labels of its Namespace.

    Added to a selector are labels alone that another one asks for; that a namespace has no other labels is not taken
    for known.
    """

    def __init__(self, cluster: Cluster, tiers: tuple[PlacedTier, ...]) -> None:
        """Read no selector of a rule yet."""
        others = (fields.text(one.spec, "orchestrator") != "k8s" for one in cluster.of("WorkloadEndpoint"))
        self.of_kubernetes: bool = not any(others)
        """Whether nothing tells of pods that are not Kubernetes'."""
        self._labels = _labels(cluster, tiers) if self.of_kubernetes and cluster.namespaces else {}
        self.of_rule = cache(self._of_rule)

    def of_subject(self, selector: Selector) -> Selector:
        """The selector of a policy with the labels that its namespace has; names of namespaces are one label there."""
        return self._with(selector, ()) if self._labels else selector

    def _of_rule(self, selector: Selector) -> Selector:
        """That of a rule with these labels and all names of its namespace."""
        return self._with(selector, _NAMES) if self.of_kubernetes else selector

    def _with(self, selector: Selector, names: Sequence[str]) -> Selector:
        """A selector of a namespace with the labels of that, and as its name by each of some labels."""
        compared = (one for one in conjuncts(selector) if isinstance(one, Compare) and one.operator == "==")
        namespace = next((one.value for one in compared if one.key in _NAMES), None)
        if namespace is None:
            return selector
        named = keys_and_values(selector)
        known = (*(Compare(key, "==", namespace) for key in names), *self._labels.get(namespace, ()))
        return both(selector, *(one for one in known if one.key not in named))


def with_subjects_known(
    cluster: Cluster, tiers: tuple[PlacedTier, ...], namespaces: Namespaces
) -> tuple[PlacedTier, ...]:
    """The tiers, with the pods of Kubernetes alone in namespaces: its own policies, where there are any, say so."""
    of_pods = namespaces.of_kubernetes and bool(cluster.kubernetes("NetworkPolicy", NETWORKING))

    def known(placed: PlacedPolicy) -> PlacedPolicy:
        selector = placed.selector
        if of_pods and placed.policy.namespace is not None and placed.policy.kind != "KubernetesNetworkPolicy":
            selector = both(selector, _POD)
        selector = namespaces.of_subject(selector)
        return placed if selector is placed.selector else placed._replace(selector=selector)

    return tuple(tier._replace(policies=tuple(map(known, tier.policies))) for tier in tiers)


def idle(placed: PlacedPolicy) -> bool:
    """Whether a policy surely applies to nothing: no labels meet its selector, or it is for hosts and selects pods."""
    selector = placed.selector
    if placed.policy.early and selects_pods_alone(selector):
        return True
    return plain(selector) is None and satisfiable(selector) is None


def _labels(cluster: Cluster, tiers: tuple[PlacedTier, ...]) -> dict[str, list[Compare]]:
    """By namespace the labels that selectors ask for, as its pods inherit them."""
    policies = [one for tier in tiers for one in tier.policies]
    keys = {key for one in policies for key in keys_and_values(one.selector)}
    asked = {key.removeprefix(NAMESPACE_PREFIX) for key in keys if key.startswith(NAMESPACE_PREFIX)}
    texts = {side.namespace_selector for one in policies for side in one.policy.sides()}
    for text in filter(None, texts):
        with suppress(SelectorError):
            asked.update(keys_and_values(parse(text)))
    found: dict[str, list[Compare]] = {}
    for name, namespace in cluster.namespaces.items():
        resource = namespace.resource
        mine = sorted(asked & namespace.labels.keys() - set(NAMESPACE_NAMES))
        readable = resource.document.complete and not resource.unreadable("metadata", "labels")
        if mine and readable and len(mine) <= _MOST_LABELS:
            found[name] = [Compare(NAMESPACE_PREFIX + key, "==", namespace.labels[key]) for key in mine]
    return found
