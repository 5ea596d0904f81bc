"""Policies with what else the manifests tell of whom they select: the orchestrator, and labels of the namespace."""

from __future__ import annotations

from callint.calico.defaults import NAMESPACE_LABEL, NAMESPACE_PREFIX, ORCHESTRATOR_LABEL
from callint.objects import Cluster, fields
from callint.policy.tiers import PlacedPolicy, PlacedTier, selects_pods_alone
from callint.selector import Selector, keys_and_values
from callint.selector.plain import plain
from callint.selector.rewrite import both
from callint.selector.satisfy import satisfiable
from callint.selector.syntax import Compare, conjuncts

_POD = Compare(ORCHESTRATOR_LABEL, "==", "k8s")
_MOST_LABELS = 8
"""So many labels of a namespace are added to a selector at most: each of its policies is compared by all of them."""


def with_subjects_known(cluster: Cluster, tiers: tuple[PlacedTier, ...]) -> tuple[PlacedTier, ...]:
    """The tiers, with the pods of Kubernetes alone in namespaces, and each with the labels that its Namespace has.

    That pods are Kubernetes' its own policies and namespaces say, where there are any. Added to a selector are labels
    alone that another one asks for; that a namespace has no other labels is not taken for known.
    """
    if any(fields.text(one.spec, "orchestrator") != "k8s" for one in cluster.of("WorkloadEndpoint")):
        return tiers
    of_pods = bool(cluster.kubernetes("NetworkPolicy", "networking.k8s.io/v1"))
    labels = _labels(cluster, tiers) if cluster.namespaces else {}
    if not of_pods and not labels:
        return tiers

    def known(placed: PlacedPolicy) -> PlacedPolicy:
        selector = placed.selector
        if of_pods and placed.policy.namespace is not None and placed.policy.kind != "KubernetesNetworkPolicy":
            selector = both(selector, _POD)
        for namespace in _namespaces(selector) if labels else ():
            named = keys_and_values(selector)
            selector = both(selector, *(one for one in labels.get(namespace, ()) if one.key not in named))
        return placed._replace(selector=selector)

    return tuple(tier._replace(policies=tuple(map(known, tier.policies))) for tier in tiers)


def idle(placed: PlacedPolicy) -> bool:
    """Whether a policy surely applies to nothing: no labels meet its selector, or it is for hosts and selects pods."""
    selector = placed.selector
    if placed.policy.early and selects_pods_alone(selector):
        return True
    return plain(selector) is None and satisfiable(selector) is None


def _labels(cluster: Cluster, tiers: tuple[PlacedTier, ...]) -> dict[str, list[Compare]]:
    """By namespace the labels that selectors ask for, as its pods inherit them."""
    keys = {key for tier in tiers for one in tier.policies for key in keys_and_values(one.selector)}
    asked = {key.removeprefix(NAMESPACE_PREFIX) for key in keys if key.startswith(NAMESPACE_PREFIX)}
    found: dict[str, list[Compare]] = {}
    for name, namespace in cluster.namespaces.items():
        resource = namespace.resource
        mine = sorted(asked & namespace.labels.keys())
        readable = resource.document.complete and not resource.unreadable("metadata", "labels")
        if mine and readable and len(mine) <= _MOST_LABELS:
            found[name] = [Compare(NAMESPACE_PREFIX + key, "==", namespace.labels[key]) for key in mine]
    return found


def _namespaces(selector: Selector) -> list[str]:
    """The namespace in which alone a selector matches, if it says so."""
    compared = (one for one in conjuncts(selector) if isinstance(one, Compare))
    return [one.value for one in compared if one.key == NAMESPACE_LABEL and one.operator == "=="][:1]
