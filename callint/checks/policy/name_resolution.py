"""Pods that policy lets send to others, but not ask for names, and DNS that it lets nobody ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from callint.checks.breach import Breach, object_words, rule_words
from callint.checks.pod_template import known_pods
from callint.checks.policy.dns_questions import (
    KUBERNETES,
    RESOLVERS,
    asks,
    of_dns,
    unanswerable,
)
from callint.checks.policy.opened_ports import may_be_of, protocol_of
from callint.checks.policy.openers import Late, Openers
from callint.finding import Related, witness
from callint.net.ports import TCP, WITH_PORTS, parse_port
from callint.objects import Cluster
from callint.objects.policy import Entity, Policy, Rule
from callint.policy import Model, model_of
from callint.policy.labels import POD_ELSEWHERE, holds, pod_in
from callint.policy.match import entity_selectors
from callint.policy.selectable import Selectable
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.selector.satisfy import implies
from callint.selector.syntax import ALL, Has
from callint.selector.values import ExhaustedError
from callint.steps import Steps

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
_ANSWERING = RESOLVERS[0]._replace(open=("",))
"""The pods of DNS that most clusters have, whatever other labels they have."""
_ON_OPENSHIFT = pod_in(OPENSHIFT_DNS[0])
"""Any pod beside the DNS that OpenShift has."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Egress policies of pods that allow traffic to what has a name, where no policy lets the pods ask for names.

    Only what is certain is told: one policy that may select one of the pods and may allow UDP to a resolver is enough
    to be silent. Networks, in network sets too, and the API server need no name. The same of the pods that answer:
    where a policy surely shuts them in and none may let anybody ask them, there are no names for any pod, nor where
    none may let them ask the API server. A policy of a later tier that is for these pods alone is told as unreachable.
    """
    model = model_of(cluster)
    yield from list(_dns_shut_in(model, "ingress")) or _dns_shut_in(model, "egress")
    steps = Steps(cluster, "selectors with labels")
    sets, hosts = model.inventory.network_sets.within(steps), model.inventory.hosts.within(steps)
    subjects = [(*one, rules) for one in model.closing("egress") if (rules := _named(one[1].policy, sets))]
    if not subjects:
        return
    told: set[tuple[int, int]] = set()
    openers = Openers(cluster, steps)
    for tier, placed, rules in subjects:
        policy = placed.policy
        if for_hosts(placed, hosts) or _without_protocol(policy):
            continue
        try:
            kept = openers.kept(placed)
            if kept is None:
                continue
            doubt = None if _for_pods(placed) or known_pods(cluster).within(steps).any(placed.selector) else _PODS
            if all(map(_of_nodes, rules)):
                doubt = _API_SERVER
            late, behind = kept
            if behind is not None and implies(behind.selector, placed.selector) is True:
                continue
            if late is None or (id(late.denial), id(late.rule)) not in told:
                told.update([] if late is None else [(id(late.denial), id(late.rule))])
                yield _breach(tier, policy, rules[0], doubt, late, behind)
        except ExhaustedError:
            yield unanswerable(cluster, policy.resource)
            return


def _for_pods(placed: PlacedPolicy) -> bool:
    """Whether a policy is sure to select pods if it selects anything: host endpoints have labels of their own, too."""
    if placed.policy.kind != "GlobalNetworkPolicy" or placed.policy.of_pods or placed.selector == ALL:
        return True
    return any(implies(placed.selector, Has(key)) is True for key in (ORCHESTRATOR_LABEL, NAMESPACE_LABEL))


def _dns_shut_in(model: Model, direction: str) -> Iterator[Breach]:
    """The first policy that shuts in the pods of DNS, where none lets them do what they are there for.

    One that lets anything in may be meant for others.
    """
    for tier, placed in model.closing(direction):
        for_others = direction == "ingress" and any(rule.opens for rule in placed.policy.ingress)
        if not for_others and _of_dns(placed):
            if not any(one.policy.tracks(direction) and _serves(one, direction) for _, one in model.policies):
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
    if all(holds(placed.selector, labels) is False for labels in RESOLVERS):
        return False
    if direction == "ingress":
        return any(rule.opens and asks(rule, policy) for rule in policy.ingress)
    return any(rule.opens and _beyond_dns(rule) for rule in policy.egress)


def _beyond_dns(rule: Rule) -> bool:
    """Whether a rule may match TCP to another port than those of DNS."""
    if not may_be_of(rule, TCP):
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
    if there.nets or (there.services is not None and there.services.name == KUBERNETES):
        return False
    if rule.icmp is not None or protocol_of(rule) not in _BY_NAME or there.namespace_selector == "global()":
        return False
    positive, _ = entity_selectors(there, namespace)
    return positive is None or positive.matches({}) or sets.first(positive) is None


def _over_tcp(policy: Policy) -> bool:
    """Whether a policy lets pods ask over TCP, which they do not do first."""
    allowed = (rule for rule in policy.egress if rule.action == "Allow" and protocol_of(rule) == TCP)
    return any(of_dns(rule.destination.ports, by_name=True) for rule in allowed)


def _without_protocol(policy: Policy) -> bool:
    """Whether the mistake is a port of Kubernetes' policy without protocol, of which `kubernetes_policy` tells."""
    return not is_calico(policy.resource.api_version) and _over_tcp(policy)


def _closed(tier: PlacedTier, policy: Policy, direction: str) -> Breach:
    resource = policy.resource
    written = [field for field in ("namespaceSelector", "selector", "podSelector") if field in resource.spec]
    pods = f"pods with {CLUSTER_DNS[0][1]} == '{CLUSTER_DNS[0][2]}' in {CLUSTER_DNS[0][0]}"
    if direction == "ingress":
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
            direction=direction,
            **ends,
            verdict="drop",
            decided_by=f"end of tier {tier.name}, or a Deny before it",
        ),
        f"leave out the namespaces of the system, or {instead}",
    )


def _breach(
    tier: PlacedTier, policy: Policy, first: Rule, doubt: str | None, late: Late | None, behind: PlacedPolicy | None
) -> Breach:
    """With a doubt those whom the policy selects may need no names."""
    resource = policy.resource
    named = f'{resource.kind} "{resource.name}"'
    whom = f"whether {named} {doubt}" if doubt else f"{named} lets pods send to others, but"
    if late is None:
        asking = "except over TCP" if _over_tcp(policy) else "for their addresses"
        what = f"no policy lets them ask DNS {asking}: UDP to port 53 is dropped"
        decided, cure = f"end of tier {tier.name}, or a Deny before it", "allow UDP and TCP port 53 to {}"
        places = [Related(resource.span(*first.path), "is allowed, if its address is known")]
        if behind is not None:
            other = behind.policy
            what += f' by tier "{tier.name}", before {object_words(other.resource, other.namespace)} is asked'
            cure += f', or pass it on, in tier "{tier.name}"'
            places.append(Related(other.resource.span("metadata", "name"), "is never asked about these pods"))
    else:
        ends = ((late.denying, late.denial, "denies it"), (late.allowing, late.rule, "is too late"))
        denial, allowing = (
            f"egress[{rule.number}]" if one is policy else rule_words(one.resource, rule.path) for one, rule, _ in ends
        )
        what = (
            f"{denial} denies what they ask the pods of DNS before {allowing} allows it, for these have addresses out "
            "of its networks"
        )
        decided = f"policy {late.denying.name} egress rule {late.denial.number}"
        cure = "put what opens port 53 to {} before the Deny"
        places = [Related(one.resource.span(*rule.path), label) for one, rule, label in ends]
    return Breach.at(
        resource,
        ("spec", "egress"),
        f"{whom} {what}",
        tuple(places),
        witness(
            "packet",
            direction="egress",
            source="any",
            destination="any" if late is None else "the pods of DNS",
            protocol="udp",
            destination_port=DNS_PORTS[0],
            verdict="drop",
            decided_by=decided,
        ),
        cure.format("the pods of the cluster's DNS"),
        key=True,
        undecided=doubt is not None,
    )
