"""Whether policies may let pods ask the cluster's DNS for names, by UDP or by TCP."""

from __future__ import annotations

from collections.abc import Iterable

from callint.calico.defaults import CLUSTER_DNS, DNS_PORTS, NAMESPACE_LABEL, ORCHESTRATOR_LABEL
from callint.checks.breach import Breach, unexamined
from callint.checks.policy.opened_ports import among, may_be_of
from callint.net.ports import UDP
from callint.objects import Cluster, Resource
from callint.objects.policy import Entity, Policy, Rule
from callint.policy.labels import ADDED, Labels, holds
from callint.policy.match import entity_selectors
from callint.policy.tiers import PlacedPolicy
from callint.selector.overlap import OverlapIndex

KUBERNETES = "kubernetes"
"""The service of the API server, which pods find by an environment variable."""
RESOLVERS = tuple(
    Labels({ORCHESTRATOR_LABEL: "k8s", NAMESPACE_LABEL: namespace, key: value}, ADDED)
    for namespace, key, value in CLUSTER_DNS
)
"""The pods of DNS that clusters have, by what their namespaces and labels are known to be."""


def may_open(cluster: Cluster, policies: Iterable[PlacedPolicy], protocol: int = UDP) -> OverlapIndex[PlacedPolicy]:
    """Those of some policies that may let pods ask for names, to be found by whom they select."""
    opening = ((placed.selector, placed) for placed in policies if _opens(placed, protocol))
    return OverlapIndex(opening, cluster.limits.comparisons)


def unanswerable(cluster: Cluster, resource: Resource) -> Breach:
    """That it took too long to find who may let the pods of a policy ask for names."""
    reason = cluster.limits.too_many("selectors")
    return unexamined("whether names can be asked for by whom is selected by", resource, reason)


def asks(rule: Rule, policy: Policy, protocol: int = UDP) -> bool:
    """Whether a rule may match a question to a resolver."""
    return may_be_question(rule, protocol) and bool(
        rule.destination.ports or _resolver(rule.destination, policy.namespace)
    )


def may_be_question(rule: Rule, protocol: int = UDP) -> bool:
    """Whether a rule may match a question, whomever it goes to."""
    there = rule.destination
    if rule.http or not may_be_of(rule, protocol):
        return False
    if there.ports:
        return bool(of_dns(there.ports, by_name=True))
    return len(of_dns(there.not_ports, by_name=False)) < len(DNS_PORTS)


def _opens(placed: PlacedPolicy, protocol: int) -> bool:
    """Whether a policy may let those whom it selects ask for names, or leaves them to others that may."""
    policy = placed.policy
    if not policy.tracks("egress"):
        return False
    if not policy.resource.whole:
        return True
    return any(rule.opens and asks(rule, policy, protocol) for rule in policy.egress)


def _resolver(there: Entity, namespace: str | None) -> bool:
    """Whether a cluster's DNS may be among the destinations of a rule without ports."""
    if there.services is not None:
        return there.services.name != KUBERNETES
    positive, _ = entity_selectors(there, namespace)
    return positive is None or any(holds(positive, labels) is not False for labels in RESOLVERS)


def of_dns(texts: tuple[str, ...], *, by_name: bool) -> frozenset[int]:
    """Those of some ports on which DNS listens; with `by_name` any port by name may be each of these."""
    names = None if by_name else frozenset[str]()
    return frozenset(number for number in DNS_PORTS if among(texts, number, names))
