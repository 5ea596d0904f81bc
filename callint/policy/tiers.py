"""Tiers and policies in the order in which Felix asks them, and whom each policy selects.

Source: felix/calc/policy_sorter.go, policy_resolver.go; updateprocessors/globalnetworkpolicyprocessor.go.
"""

from __future__ import annotations

from functools import lru_cache

from callint.calico import Release
from callint.calico.defaults import (
    ADMIN_TIER_ORDER,
    BASELINE_TIER_ORDER,
    DEFAULT_TIER,
    DEFAULT_TIER_ORDER,
    INHERITED,
    INHERITED_NAMES,
    NAMESPACE_LABEL,
    NAMESPACE_PREFIX,
    ORCHESTRATOR_LABEL,
    SERVICE_ACCOUNT_LABEL,
    SERVICE_ACCOUNT_PREFIX,
)
from callint.calico.kinds import NETWORKING
from callint.objects import Cluster, Resource
from callint.objects.kubernetes_policy import cluster_policy, network_policy
from callint.objects.policy import Policy, Tier
from callint.policy.admission import hidden, refused
from callint.policy.labels import Labels, holds
from callint.record import NamedTuple
from callint.selector import Selector, SelectorError, keys, parse
from callint.selector.index import SelectorIndex
from callint.selector.rewrite import replace_all, rewrite, with_prefix
from callint.selector.satisfy import implies
from callint.selector.syntax import ALL, And, Compare, Has, Member, Or

_INFINITY = float("inf")
_PLACE_FIELDS = (
    "tier",
    "order",
    "types",
    "applyOnForward",
    "preDNAT",
    "doNotTrack",
    "stagedAction",
    "policyTypes",
    "priority",
)
SELECTION_FIELDS = ("selector", "namespaceSelector", "serviceAccountSelector")
_FORMER_ADMIN_TIERS = ("adminnetworkpolicy", "baselineadminnetworkpolicy")
_ADMIN_TIERS = ("kube-admin", "kube-baseline")
BUILT_IN_TIERS = (DEFAULT_TIER, *_ADMIN_TIERS, *_FORMER_ADMIN_TIERS)
"""What those are called that Calico makes by itself, in any release."""
_CLUSTER_POLICIES = ("ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy")
_CLUSTER_VERSIONS = ("policy.networking.k8s.io/v1alpha2", "policy.networking.k8s.io/v1alpha1")


class PlacedPolicy(NamedTuple):
    """A policy that Felix has: whom it selects, and what could not be read about its place or its selection."""

    policy: Policy
    selector: Selector
    hidden_place: str | None
    hidden_selection: str | None

    def selects(self, labels: Labels, whom: str) -> bool | str:
        """Whether it selects who has some labels; in doubt the question that would have to be answered."""
        answer = holds(self.selector, labels)
        if answer is not False and self.hidden_selection is not None:
            return self.hidden_selection
        if answer is None:
            missing = labels.missing or "labels that no manifest holds"
            return f'whether policy "{self.policy.name}" selects {whom}: {missing}'
        return answer


class PlacedTier(NamedTuple):
    """A tier with its policies in order, staged ones included; `resource` is None for one that nobody wrote."""

    name: str
    order: float | None
    default_action: str
    resource: Resource | None
    exists: bool
    policies: tuple[PlacedPolicy, ...]

    @property
    def hidden(self) -> str | None:
        """What could not be read about its place or its default action."""
        if self.resource is None or not self.resource.gaps:
            return None
        found = (hidden(self.resource, ("spec", field)) for field in ("order", "defaultAction"))
        return next((one for one in found if one), None)

    @property
    def closes(self) -> bool:
        """Whether what its policies leave undecided is surely dropped."""
        return self.exists and self.default_action != "Pass" and not self.hidden

    def shuts_in(self, policy: Policy, direction: str) -> bool:
        """Whether what no rule of one of its policies allows, to or from pods that this selects, is surely dropped."""
        return self.closes and policy.tracks(direction) and policy.resource.whole


def _built_in_tiers(release: Release) -> tuple[Tier, ...]:
    """The tiers that Calico makes by itself (libcalico-go/lib/clientv3/client.go EnsureInitialized)."""
    default = Tier(None, DEFAULT_TIER, DEFAULT_TIER_ORDER, "Deny")
    admin, baseline = _ADMIN_TIERS if release >= (3, 32) else _FORMER_ADMIN_TIERS
    found = [default]
    if release >= (3, 29):
        found.append(Tier(None, admin, ADMIN_TIER_ORDER, "Pass"))
    if release >= (3, 30):
        found.append(Tier(None, baseline, BASELINE_TIER_ORDER, "Pass"))
    return tuple(found)


def tiers_of(cluster: Cluster, *, staged: bool = False) -> tuple[PlacedTier, ...]:
    """All tiers in order, those without policies included; missing ones that policies name come last and deny.

    With `staged` as if staged policies were enforced.
    """
    policies = policies_of(cluster)
    if staged:
        from callint.policy.staged import enforced

        policies = enforced(cluster, policies)
    members: dict[str, list[PlacedPolicy]] = {}
    for policy in policies:
        placed = _placed(cluster, policy)
        if placed:
            members.setdefault(policy.tier, []).append(placed)
    tiers = {one.name: one for one in _built_in_tiers(cluster.target.release)}
    for one in cluster.tiers:
        known = tiers.get(one.name)
        if known:
            written = one.resource.spec if one.resource else {}
            order = known.order if written.get("order") is None else one.order
            action = one.default_action if "defaultAction" in written else known.default_action
            one = Tier(one.resource, one.name, order, action)
        tiers[one.name] = one
    release = cluster.target.release
    found = [
        PlacedTier(
            one.name, one.order, one.default_action, one.resource, True, _sorted(members.pop(one.name, []), release)
        )
        for one in tiers.values()
    ]
    found += [PlacedTier(name, None, "Deny", None, False, _sorted(rest, release)) for name, rest in members.items()]
    return tuple(sorted(found, key=lambda one: (not one.exists, _number(one.order), one.name)))


def selecting(tiers: tuple[PlacedTier, ...]) -> SelectorIndex[tuple[int, int]]:
    """Every policy in order, by the places of its tier and its own, to be found by the labels that it selects."""
    return SelectorIndex(
        (placed.selector, (number, place))
        for number, tier in enumerate(tiers)
        for place, placed in enumerate(tier.policies)
    )


def policies_of(cluster: Cluster) -> tuple[Policy, ...]:
    """The policies of every kind as Felix gets them, Kubernetes' own converted; refused ones are still among them."""
    release = cluster.target.release
    network = cluster.kubernetes("NetworkPolicy", NETWORKING)
    of_cluster = (cluster.kubernetes(kind, *_CLUSTER_VERSIONS) for kind in _CLUSTER_POLICIES)
    converted = (cluster_policy(resource, release) for resources in of_cluster for resource in resources)
    return (
        *cluster.policies,
        *(network_policy(resource, release) for resource in network),
        *(policy for policy in converted if policy),
    )


def _placed(cluster: Cluster, policy: Policy) -> PlacedPolicy | None:
    """None for what Felix does not have: refused, ignored, or a staged deletion."""
    resource = policy.resource
    if policy.staged and policy.staged_action == "Delete" and not hidden(resource, ("spec", "stagedAction")):
        return None
    if not resource.document.complete:
        missing = f'the rest of {resource.kind} "{resource.name}", whose document could not be read'
        return PlacedPolicy(policy, ALL, missing, missing)
    if refused(policy, cluster.road(resource), cluster.target):
        return None
    if not resource.gaps:
        return PlacedPolicy(policy, selector_of(policy), None, None)
    fields = [("spec", name) for name in SELECTION_FIELDS]
    if not policy.kind.endswith("GlobalNetworkPolicy"):
        fields += [("metadata", "namespace"), ("spec", "podSelector"), ("spec", "subject")]
    selection = next((found for path in fields if (found := hidden(resource, path))), None)
    place = next((found for name in _PLACE_FIELDS if (found := hidden(resource, ("spec", name)))), None)
    return PlacedPolicy(policy, ALL if selection else selector_of(policy), place, selection)


def selector_of(policy: Policy) -> Selector:
    """The endpoints that a policy selects, as one selector over their labels, inherited ones included.

    A namespaceSelector or serviceAccountSelector that cannot be read is dropped (selectors.go prefixAndAppendSelector);
    with either present every `all()` of the whole changes its meaning. Raises SelectorError for the main selector.
    """
    return _selector(policy.selector, policy.namespace, policy.namespace_selector, policy.service_account_selector)


@lru_cache(maxsize=1 << 18)
def _selector(own: str | None, namespace: str | None, namespaces: str | None, accounts: str | None) -> Selector:
    selector = parse(own or "")
    if namespace is not None:
        scope = Compare(NAMESPACE_LABEL, "==", namespace)
        selector = And((selector, scope)) if own else scope
    if namespaces:
        selector = _extended(selector, own, namespaces, NAMESPACE_PREFIX)
        selector = replace_all(selector, all_=Has(NAMESPACE_LABEL))
    if accounts:
        written = own or namespaces or namespace
        selector = _extended(selector, written, accounts, SERVICE_ACCOUNT_PREFIX)
        selector = replace_all(selector, all_=Has(SERVICE_ACCOUNT_LABEL))
    return selector


def _extended(selector: Selector, written: str | None, text: str, prefix: str) -> Selector:
    try:
        added = rewrite(with_prefix(parse(text), prefix), by_namespace)
    except SelectorError:
        return selector
    if not written:
        return added
    # both() would drop an all() that is about to change its meaning
    return And((selector, added))


def by_namespace(leaf: Selector) -> Selector:
    """The labels that hold the name of its namespace are one and the same of an endpoint."""
    if isinstance(leaf, Compare) and leaf.key in INHERITED_NAMES:
        return Compare(NAMESPACE_LABEL, leaf.operator, leaf.value)
    if isinstance(leaf, Member) and leaf.key in INHERITED_NAMES:
        return Member(NAMESPACE_LABEL, leaf.values, negated=leaf.negated)
    return Has(NAMESPACE_LABEL) if isinstance(leaf, Has) and leaf.key in INHERITED_NAMES else leaf


def selects_pods_alone(selector: Selector) -> bool:
    """Whether a selector surely matches nothing but pods, by labels that Calico gives to them or that they inherit."""
    inherited = (key for key in sorted(keys(selector)) if key.startswith(INHERITED))
    of_pods = Or(tuple(map(Has, (NAMESPACE_LABEL, ORCHESTRATOR_LABEL, SERVICE_ACCOUNT_LABEL, *inherited))))
    return implies(selector, of_pods) is True


def _sorted(policies: list[PlacedPolicy], release: Release) -> tuple[PlacedPolicy, ...]:
    return tuple(sorted(policies, key=lambda one: (_number(one.policy.order), *_tie(one.policy, release))))


def _tie(policy: Policy, release: Release) -> tuple[str, ...]:
    """How equal orders are told apart: `name/namespace/kind`, before v3.32 the stored name alone.

    That begins with the namespace, if there is one (updateprocessors/networkpolicyprocessor.go).
    """
    if release >= (3, 32):
        return (f"{policy.name}/{policy.namespace or ''}/{policy.kind}",)
    prefixed = policy.tier != DEFAULT_TIER or policy.name.startswith(("default.", "knp."))
    name = policy.name if prefixed else f"default.{policy.name}"
    return (name if policy.namespace is None else f"{policy.namespace}/{name}", policy.kind)


def _number(order: float | None) -> float:
    return _INFINITY if order is None or order != order else order
