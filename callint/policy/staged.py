"""Staged policies as if they were enforced: what would become of packets, were they no longer staged."""

from __future__ import annotations

from collections.abc import Iterable

from callint.calico.kinds import is_calico
from callint.objects import Cluster, Resource, fields
from callint.objects.kubernetes_policy import network_policy
from callint.objects.policy import Policy

_KUBERNETES = "StagedKubernetesNetworkPolicy"
_PREFIX = "Staged"


def enforced(cluster: Cluster, policies: Iterable[Policy]) -> tuple[Policy, ...]:
    """The policies after every staged one has taken the place of that of its kind and name, or deleted it.

    Source: api/pkg/apis/projectcalico/v3/stagedglobalnetworkpolicy.go ConvertStagedGlobalPolicyToEnforced.
    """
    found: dict[tuple[str, str, str], Policy] = {}
    staged = []
    for policy in policies:
        if policy.staged:
            staged.append(policy)
        else:
            found[_key(policy.resource)] = policy
    for resource in cluster.of(_KUBERNETES):
        action = fields.text(resource.spec, "stagedAction") or "Set"
        staged.append(network_policy(resource, cluster.target.release)._replace(staged_action=action))
    for policy in staged:
        if policy.staged_action == "Delete":
            found.pop(_key(policy.resource), None)
        else:
            kind = policy.kind.removeprefix(_PREFIX)
            found[_key(policy.resource)] = policy._replace(staged=False, kind=kind)
    return tuple(found.values())


def _key(resource: Resource) -> tuple[str, str, str]:
    """Kind, namespace and name of what is enforced; NetworkPolicies of Calico and of Kubernetes are two kinds."""
    kind = resource.kind.removeprefix(_PREFIX)
    if kind == "NetworkPolicy" and not is_calico(resource.api_version):
        kind = "KubernetesNetworkPolicy"
    return kind, resource.namespace or "", resource.name
