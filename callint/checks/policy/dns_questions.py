"""Whether policies may let pods ask the cluster's DNS for names, by UDP or by TCP."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from callint.calico.defaults import CLUSTER_DNS, DNS_PORTS, NAMESPACE_LABEL, ORCHESTRATOR_LABEL
from callint.checks.breach import Breach, unexamined
from callint.net.ports import UDP, parse_port, parse_protocol
from callint.objects import Cluster, Resource
from callint.objects.policy import Entity, Policy, Rule
from callint.policy.labels import ADDED, Labels, holds
from callint.policy.match import entity_selectors
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.selector import Selector
from callint.selector.overlap import OverlapIndex
from callint.selector.satisfy import overlaps
from callint.selector.values import Budget

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


class Openers:
    """The policies that may let pods ask for names, by the tiers in which they are asked."""

    def __init__(
        self,
        cluster: Cluster,
        policies: Sequence[tuple[PlacedTier, PlacedPolicy]],
        in_vain: Callable[[PlacedPolicy, PlacedPolicy], object],
    ) -> None:
        """Those of all policies in their order; of two, whether the second opens in vain for whom the first selects."""
        self._index = may_open(cluster, (placed for _, placed in policies))
        self._budget = Budget(cluster.limits.comparisons)
        self._in_vain = in_vain
        self._tiers: dict[int, int] = {}
        self._known: dict[tuple[Selector, int], bool] = {}
        numbers: dict[str, int] = {}
        for tier, placed in policies:
            number = numbers.setdefault(tier.name, len(numbers))
            # one that is not among the manifests may be anywhere
            self._tiers[id(placed)] = number if tier.exists else -1

    def up_to(self, placed: PlacedPolicy) -> bool:
        """Whether one may be for some of those whom a policy selects, not behind its tier; raises ExhaustedError."""
        mine = self._tiers[id(placed)]
        key = placed.selector, mine
        if key not in self._known:
            near = (other for other in self.near(placed) if self._tiers[id(other)] <= mine)
            self._known[key] = any(not self._in_vain(placed, other) for other in near)
        return self._known[key]

    def behind(self, placed: PlacedPolicy) -> PlacedPolicy | None:
        """The first of those that the end of the policy's tier leaves unasked; raises ExhaustedError."""
        return next((other for other in self.near(placed) if self._tiers[id(other)] > self._tiers[id(placed)]), None)

    def near(self, placed: PlacedPolicy) -> Iterator[PlacedPolicy]:
        """Those that may be for some of those whom a policy selects, in their order; raises ExhaustedError."""
        for other in self._index.candidates(placed.selector):
            self._budget.spend(1)
            if overlaps(other.selector, placed.selector, self._budget) is not False:
                yield other


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
    if protocol_of(rule) not in (None, protocol) or rule.icmp is not None or rule.http:
        return False
    if rule.not_protocol is not None and parse_protocol(rule.not_protocol, any_case=True) == protocol:
        return False
    there = rule.destination
    if there.ports:
        return listens(there.ports, some=True)
    return not listens(there.not_ports, some=False)


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


def protocol_of(rule: Rule) -> int | None:
    """The number of the protocol that a rule names; may raise ValueError."""
    return None if rule.protocol is None else parse_protocol(rule.protocol, any_case=True)


def listens(texts: tuple[str, ...], *, some: bool) -> bool:
    """Whether ports hold some, or else each, of those on which DNS listens; for `some` any port by name may be one."""
    ports = [parse_port(text) for text in texts]
    found = (
        any((some if isinstance(port, str) else port[0] <= number <= port[1]) for port in ports) for number in DNS_PORTS
    )
    return any(found) if some else all(found)
