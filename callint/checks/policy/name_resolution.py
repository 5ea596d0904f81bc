"""Pods that policy lets send to others, but not ask for names, and DNS that it lets nobody ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from callint.calico.defaults import (
    API_SERVER_PORT,
    CLUSTER_DNS,
    DNS_PORTS,
    KUBELET_PORT,
    NAMESPACE_LABEL,
    OPENSHIFT_DNS,
    ORCHESTRATOR_LABEL,
)
from callint.calico.kinds import is_calico
from callint.checks.breach import Breach, unexamined
from callint.checks.pod_template import known_pods
from callint.finding import Related, witness
from callint.net.ports import TCP, UDP, WITH_PORTS, parse_port, parse_protocol
from callint.objects import Cluster, Resource
from callint.objects.policy import Entity, Policy, Rule
from callint.policy import model_of
from callint.policy.labels import ADDED, POD_ELSEWHERE, Labels, holds, pod_in
from callint.policy.match import entity_selectors
from callint.policy.selectable import Selectable
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.selector.overlap import OverlapIndex
from callint.selector.satisfy import implies
from callint.selector.syntax import ALL, Has
from callint.selector.values import ExhaustedError
from callint.steps import Steps

_KUBERNETES = "kubernetes"
"""The service of the API server, which pods find by an environment variable."""
_WITHOUT_NAME = frozenset(map(str, (API_SERVER_PORT, KUBELET_PORT)))
"""Ports of nodes, whose addresses pods know from their environment and from the API server."""
_OF_NODES = _WITHOUT_NAME | {"443"}
"""With that of the API server's service, which is its own in some clouds."""
_PODS = "is for pods is not known; if so,"
"""Host endpoints may ask by a failsafe port."""
_API_SERVER = "lets pods send to others at port 443 than the API server, whose address they have, is not known; if so,"
_ANYBODY = Entity(())
_BY_NAME = (None, *WITH_PORTS)
"""The protocols whose far ends have names: what else there is, such as VRRP and GRE, is between addresses."""
_RESOLVERS = tuple(
    Labels({ORCHESTRATOR_LABEL: "k8s", NAMESPACE_LABEL: namespace, key: value}, ADDED)
    for namespace, key, value in CLUSTER_DNS
)
_ANSWERING = _RESOLVERS[0]._replace(open=("",))
"""The pods of DNS that most clusters have, whatever other labels they have."""
_ON_OPENSHIFT = pod_in(OPENSHIFT_DNS[0])
"""Any pod beside the DNS that OpenShift has."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Egress policies of pods that allow traffic to what has a name, where no policy lets the pods ask for names.

    Only what is certain is told: one policy that may select one of the pods and may allow UDP to a resolver is enough
    to be silent. Networks, in network sets too, and the API server need no name. The same of the pods that answer:
    where a policy surely shuts them in and none may let anybody ask them, there are no names for any pod, nor where
    none may let them ask the API server.
    """
    policies = model_of(cluster).policies
    yield from list(_dns_shut_in(policies, "Ingress")) or _dns_shut_in(policies, "Egress")
    inventory = model_of(cluster).inventory
    closing = ((tier, placed) for tier, placed in policies if shuts_in(tier, placed))
    steps = Steps(cluster, "selectors with labels")
    sets, hosts = inventory.network_sets.within(steps), inventory.hosts.within(steps)
    subjects = [(*one, rules) for one in closing if (rules := _named(one[1].policy, sets))]
    if not subjects:
        return
    openers = may_open(cluster, (placed for _, placed in policies))
    for tier, placed, rules in subjects:
        policy = placed.policy
        if for_hosts(placed, hosts) or _without_protocol(policy):
            continue
        try:
            if openers.meets(placed.selector):
                continue
            doubt = None if _for_pods(placed) or known_pods(cluster).within(steps).any(placed.selector) else _PODS
            if all(map(_of_nodes, rules)):
                doubt = _API_SERVER
            yield _breach(tier, policy, rules[0], doubt)
        except ExhaustedError:
            yield unanswerable(cluster, policy.resource)
            return


def _for_pods(placed: PlacedPolicy) -> bool:
    """Whether a policy is sure to select pods if it selects anything: host endpoints have labels of their own, too."""
    if placed.policy.kind != "GlobalNetworkPolicy" or placed.policy.of_pods or placed.selector == ALL:
        return True
    return any(implies(placed.selector, Has(key)) is True for key in (ORCHESTRATOR_LABEL, NAMESPACE_LABEL))


def may_open(cluster: Cluster, policies: Iterable[PlacedPolicy], protocol: int = UDP) -> OverlapIndex[PlacedPolicy]:
    """Those of some policies that may let pods ask for names, to be found by whom they select."""
    opening = ((placed.selector, placed) for placed in policies if _opens(placed, protocol))
    return OverlapIndex(opening, cluster.limits.comparisons)


def unanswerable(cluster: Cluster, resource: Resource) -> Breach:
    """That it took too long to find who may let the pods of a policy ask for names."""
    reason = cluster.limits.too_many("selectors")
    return unexamined("whether names can be asked for by whom is selected by", resource, reason)


def shuts_in(tier: PlacedTier, placed: PlacedPolicy, direction: str = "Egress") -> bool:
    """Whether what no rule allows those whom a policy selects to send, or to get, is surely dropped."""
    return tier.closes and enforced(placed, direction) and placed.policy.resource.whole


def enforced(placed: PlacedPolicy, direction: str = "Egress") -> bool:
    """Whether tracked packets of pods meet a policy in a direction."""
    policy = placed.policy
    return not policy.staged and not policy.early and direction in policy.types


def _dns_shut_in(policies: Sequence[tuple[PlacedTier, PlacedPolicy]], direction: str) -> Iterator[Breach]:
    """The first policy that shuts in the pods of DNS, where none lets them do what they are there for.

    One that lets anything in may be meant for others.
    """
    for tier, placed in policies:
        if not tier.closes or placed.policy.resource.gaps or not enforced(placed, direction):
            continue
        for_others = direction == "Ingress" and any(rule.opens for rule in placed.policy.ingress)
        if not for_others and _of_dns(placed):
            if not any(enforced(one, direction) and _serves(one, direction) for _, one in policies):
                yield _closed(tier, placed.policy, direction)
            return


def _of_dns(placed: PlacedPolicy) -> bool:
    """Whether a policy surely selects the cluster's DNS; who leaves out that of OpenShift has no other one."""
    if holds(placed.selector, _ANSWERING) is not True:
        return False
    return holds(placed.selector, _ON_OPENSHIFT) is not False or holds(placed.selector, POD_ELSEWHERE) is not True


def _serves(placed: PlacedPolicy, direction: str) -> bool:
    """Whether a policy may let a resolver be asked, or ask the API server, or leaves that to others that may."""
    policy = placed.policy
    if not policy.resource.whole:
        return True
    if all(holds(placed.selector, labels) is False for labels in _RESOLVERS):
        return False
    if direction == "Ingress":
        return any(rule.opens and asks(rule, policy) for rule in policy.ingress)
    return any(rule.opens and _beyond_dns(rule) for rule in policy.egress)


def _beyond_dns(rule: Rule) -> bool:
    """Whether a rule may match TCP to another port than those of DNS."""
    if _protocol(rule) not in (None, TCP) or rule.icmp is not None:
        return False
    ports = [parse_port(text) for text in rule.destination.ports]
    return not ports or not all(isinstance(one, tuple) and one[0] == one[1] and one[0] in DNS_PORTS for one in ports)


def for_hosts(placed: PlacedPolicy, hosts: Selectable[Any]) -> bool:
    """Whether a policy may be meant for host endpoints alone."""
    policy = placed.policy
    if policy.of_pods:
        return False
    return placed.selector != ALL and hosts.any(placed.selector)


def _named(policy: Policy, sets: Selectable[Any]) -> list[Rule]:
    """The rules that allow egress to what pods know by its name.

    Where anybody may be asked at the port of the API server or the kubelet, that is who is meant, and with the port of
    the API server's service as well.
    """
    allowing = (rule for rule in policy.egress if rule.action == "Allow")
    found = [rule for rule in allowing if _by_name(rule, policy.namespace, sets)]
    asking = [rule for rule in found if _of_nodes(rule)]
    without_name = any(not _WITHOUT_NAME.isdisjoint(rule.destination.ports) for rule in asking)
    return [rule for rule in found if rule not in asking] if without_name else found


def _of_nodes(rule: Rule) -> bool:
    """Whether all that a rule allows may be for nodes: anybody at the ports of these."""
    there = rule.destination
    return bool(there.ports) and there._replace(path=(), ports=()) == _ANYBODY and _OF_NODES.issuperset(there.ports)


def _by_name(rule: Rule, namespace: str | None, sets: Selectable[Any]) -> bool:
    """Whether the far end of a rule is known by a name; networks, in network sets too, are not."""
    there = rule.destination
    if there.nets or (there.services is not None and there.services.name == _KUBERNETES):
        return False
    if rule.icmp is not None or _protocol(rule) not in _BY_NAME or there.namespace_selector == "global()":
        return False
    positive, _ = entity_selectors(there, namespace)
    return positive is None or positive.matches({}) or sets.first(positive) is None


def _opens(placed: PlacedPolicy, protocol: int) -> bool:
    """Whether a policy may let those whom it selects ask for names, or leaves them to others that may."""
    policy = placed.policy
    if not enforced(placed):
        return False
    if not policy.resource.whole:
        return True
    return any(rule.opens and asks(rule, policy, protocol) for rule in policy.egress)


def asks(rule: Rule, policy: Policy, protocol: int = UDP) -> bool:
    """Whether a rule may match a question to a resolver."""
    return may_be_question(rule, protocol) and bool(
        rule.destination.ports or _resolver(rule.destination, policy.namespace)
    )


def may_be_question(rule: Rule, protocol: int = UDP) -> bool:
    """Whether a rule may match a question, whomever it goes to."""
    if _protocol(rule) not in (None, protocol) or rule.icmp is not None or rule.http:
        return False
    if rule.not_protocol is not None and parse_protocol(rule.not_protocol, any_case=True) == protocol:
        return False
    there = rule.destination
    if there.ports:
        return _among(there.ports, some=True)
    return not _among(there.not_ports, some=False)


def _protocol(rule: Rule) -> int | None:
    return None if rule.protocol is None else parse_protocol(rule.protocol, any_case=True)


def _among(texts: tuple[str, ...], *, some: bool) -> bool:
    """Whether ports hold some, or else each, of those on which DNS listens; for `some` any port by name may be one."""
    ports = [parse_port(text) for text in texts]
    found = (
        any((some if isinstance(port, str) else port[0] <= number <= port[1]) for port in ports) for number in DNS_PORTS
    )
    return any(found) if some else all(found)


def _resolver(there: Entity, namespace: str | None) -> bool:
    """Whether a cluster's DNS may be among the destinations of a rule without ports."""
    if there.services is not None:
        return there.services.name != _KUBERNETES
    positive, _ = entity_selectors(there, namespace)
    return positive is None or any(holds(positive, labels) is not False for labels in _RESOLVERS)


def _over_tcp(policy: Policy) -> bool:
    """Whether a policy lets pods ask over TCP, which they do not do first."""
    allowed = (rule for rule in policy.egress if rule.action == "Allow" and _protocol(rule) == TCP)
    return any(rule.destination.ports and _among(rule.destination.ports, some=True) for rule in allowed)


def _without_protocol(policy: Policy) -> bool:
    """Whether the mistake is a port of Kubernetes' policy without protocol, of which `kubernetes_policy` tells."""
    return not is_calico(policy.resource.api_version) and _over_tcp(policy)


def _closed(tier: PlacedTier, policy: Policy, direction: str) -> Breach:
    resource = policy.resource
    written = [field for field in ("namespaceSelector", "selector", "podSelector") if field in resource.spec]
    pods = f"pods with {CLUSTER_DNS[0][1]} == '{CLUSTER_DNS[0][2]}' in {CLUSTER_DNS[0][0]}"
    if direction == "Ingress":
        closed = "anybody ask them: there are no names for any pod"
        instead = "allow UDP and TCP port 53 to the pods of the cluster's DNS"
        ends: dict[str, Any] = {
            "source": "any",
            "destination": pods,
            "protocol": "udp",
            "destination_port": DNS_PORTS[0],
        }
    else:
        closed = "them ask the API server: no pod learns the address of a service"
        instead = "allow them the API server, by TCP, and those whom they ask in turn"
        ends = {"source": pods, "destination": "any", "protocol": "tcp", "destination_port": API_SERVER_PORT}
    return Breach.at(
        resource,
        ("spec", written[0]) if written else ("metadata", "name"),
        f'{resource.kind} "{resource.name}" selects the pods of the cluster\'s DNS, too, and no policy lets {closed}',
        (),
        witness(
            "packet",
            direction=direction.lower(),
            **ends,
            verdict="drop",
            decided_by=f"end of tier {tier.name}, or a Deny before it",
        ),
        f"leave out the namespaces of the system, or {instead}",
    )


def _breach(tier: PlacedTier, policy: Policy, first: Rule, doubt: str | None) -> Breach:
    """With a doubt those whom the policy selects may need no names."""
    resource = policy.resource
    named = f'{resource.kind} "{resource.name}"'
    whom = f"whether {named} {doubt}" if doubt else f"{named} lets pods send to others, but"
    return Breach.at(
        resource,
        ("spec", "egress"),
        f"{whom} no policy lets them ask DNS {'except over TCP' if _over_tcp(policy) else 'for their addresses'}: "
        "UDP to port 53 is dropped",
        (Related(resource.span(*first.path), "is allowed, if its address is known"),),
        witness(
            "packet",
            direction="egress",
            source="any",
            destination="any",
            protocol="udp",
            destination_port=DNS_PORTS[0],
            verdict="drop",
            decided_by=f"end of tier {tier.name}, or a Deny before it",
        ),
        "allow UDP and TCP port 53 to the pods of the cluster's DNS",
        key=True,
        undecided=doubt is not None,
    )
