"""Rules for hosts that name node ports, in policies that are asked too late, or before translation in vain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach, Question, asked, object_words, rule_words
from callint.checks.hosts.written import selectable_hosts
from callint.checks.policy.node_ports import NodePorts
from callint.checks.policy.opened_ports import among, may_be_of, protocol_of
from callint.checks.policy.service_port import may_open
from callint.finding import Path, Related, witness
from callint.objects import Cluster
from callint.objects.policy import Entity, Policy, Rule
from callint.policy import model_of
from callint.policy.inventory import HostMember
from callint.policy.labels import ANY_POD, holds
from callint.policy.ranges import NO_RANGES, intersection, ranges
from callint.policy.selectable import Selectable
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.record import NamedTuple
from callint.selector.index import SelectorIndex
from callint.steps import Steps, counted

_OF_CANDIDATE = 2
"""Steps that it takes to see whether a selector matches a host."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Rules for node ports in policies of host endpoints.

    Parameter `problem`: `denied` (a Deny that never sees them), `opened` (an Allow in policy for what is forwarded,
    whose end then drops all that is sent to pods), both in policy that is neither `preDNAT` nor `doNotTrack`;
    `unclosed` (an Allow for some in policy with `preDNAT`, which drops nothing at its end, and nothing denies others);
    `pod-ports` (an Allow in such policy for the port of pods, of which a rule denies the node port).
    A packet to a node port has the port of the pod when it gets to policy after translation (felix/rules/static.go,
    dispatch.go); kube-proxy's IPVS ones are marked before. With eBPF nothing is said.
    """
    question = asked(QUESTIONS, parameters)
    if cluster.target.dataplane != "ebpf" and model_of(cluster).inventory.host_endpoints:
        yield from question(cluster)


class _Placed(NamedTuple):
    """A policy for host endpoints with its tier."""

    tier: PlacedTier
    placed: PlacedPolicy

    @property
    def policy(self) -> Policy:
        return self.placed.policy

    def rules(self, *actions: str) -> list[Rule]:
        return [rule for rule in self.policy.ingress if rule.action in actions]


def _policies(cluster: Cluster) -> Iterator[_Placed]:
    """The policies that are asked about packets that come in at host endpoints."""
    for tier, placed in model_of(cluster).policies:
        policy = placed.policy
        if policy.kind == "GlobalNetworkPolicy" and not policy.staged and policy.governs("ingress"):
            yield _Placed(tier, placed)


def _late(one: _Placed) -> bool:
    """Whether a policy that could be read as a whole is asked after translation."""
    return one.policy.resource.whole and not one.policy.early


def _denied(cluster: Cluster) -> Iterator[Breach]:
    """Not where policy before translation denies anything that may be the same."""
    ports, every = NodePorts(cluster), list(_policies(cluster))
    hosts = selectable_hosts(cluster)
    if any(_denies(one) for one in every if one.policy.early):
        return
    for one in filter(_late, every):
        for rule in one.rules("Deny"):
            text = next((text for text in rule.destination.ports if ports.meant(text)), None)
            host = hosts.first(one.placed.selector) if text is not None else None
            if text is None or host is None:
                continue
            yield _breach(
                one,
                rule,
                text,
                host,
                f"denies node port{'s' if ':' in text else ''} {text}, but it is asked when packets have the port of "
                "the pod already: it never sees what is sent to node ports",
                "not asked",
                "set preDNAT and applyOnForward, in a policy of Ingress alone, and allow first whom it must not hit",
            )


def _denies(one: _Placed) -> bool:
    return not one.policy.resource.whole or bool(one.rules("Deny"))


def _opened(cluster: Cluster) -> Iterator[Breach]:
    """Where nothing else lets packets through that are forwarded, or accepts them before translation."""
    ports, every = NodePorts(cluster), list(_policies(cluster))
    hosts = selectable_hosts(cluster)
    forwarding = [one for one in every if one.policy.apply_on_forward]
    letting = [one for one in forwarding if not _closed(one, ports)]
    if any(one.placed.hidden_selection for one in letting):
        return
    others = SelectorIndex((one.placed.selector, one.placed.selector) for one in letting)
    steps = Steps(cluster, "policies for hosts with each other")
    for one in filter(_late, forwarding):
        opening = one.rules("Allow", "Pass") if one.tier.closes else []
        alone = opening and all(_only(rule, ports) for rule in opening)
        host = hosts.first(one.placed.selector) if alone else None
        if host is None:
            continue
        near = others.candidates(*host.labels.seen)
        if any(holds(other, host.labels) is not False for other in counted(near, steps, _OF_CANDIDATE)):
            continue
        yield _breach(
            one,
            opening[0],
            opening[0].destination.ports[0],
            host,
            "opens node ports alone, but what is forwarded to pods has their port when it gets there: the end of tier "
            f'"{one.tier.name}" drops all of it, what is sent to node ports too',
            "drop",
            "set preDNAT, or allow the ports of the pods",
        )
    yield from _opened_in_vain(every, ports, hosts, steps)


def _opened_in_vain(
    every: list[_Placed], ports: NodePorts, hosts: Selectable[HostMember], steps: Steps
) -> Iterator[Breach]:
    """Rules beside others in policy for what is forwarded, none of which may let through what is sent to the pods."""
    asked = [one for one in every if one.policy.apply_on_forward]
    if not all(map(_late, asked)):
        return
    others = [(one.policy, rule) for one in asked for rule in one.rules("Allow", "Pass")]
    for one in asked:
        opening = one.rules("Allow", "Pass") if one.tier.closes else []
        if all(_only(rule, ports) for rule in opening):
            continue
        for rule in (rule for rule in opening if _only(rule, ports)):
            protocol = protocol_of(rule) or 0
            behind = [ports.behind(text, protocol) for text in rule.destination.ports]
            targets = {found.target for found in behind if found is not None}
            steps.spend(_OF_CANDIDATE * len(others) * len(targets))
            host = hosts.first(one.placed.selector)
            if host is None or not all(behind) or any(_may_let(*other, rule, protocol, targets) for other in others):
                continue
            text, first = rule.destination.ports[0], behind[0]
            assert first is not None, "all of them are known"
            yield _breach(
                one,
                rule,
                text,
                host,
                f"opens node port {text}, but what is sent there has port {first.target} of the pods of "
                f"{object_words(first.service, first.service.home)} when policy is asked about what is forwarded, and "
                "no rule lets that through from there",
                "drop",
                f"allow port {first.target} in its place, or set preDNAT in a policy of its own",
            )


def _may_let(policy: Policy, other: Rule, rule: Rule, protocol: int, targets: set[int]) -> bool:
    """Whether another rule may let through something that a rule for node ports means, at the port of the pods."""
    if not any(may_open(other, policy, ANY_POD, protocol, target) for target in targets):
        return False
    ours, theirs = rule.source.nets, other.source.nets
    return not (ours and theirs) or intersection(ranges(ours), ranges(theirs)) != NO_RANGES


def _unclosed(cluster: Cluster) -> Iterator[Breach]:
    """Where no policy for hosts may close anything of what is forwarded, before translation or after."""
    early = [one for one in _policies(cluster) if one.policy.early]
    if not early or any(map(_denies, early)):
        return
    policies = (placed.policy for _, placed in model_of(cluster).policies)
    if any(one.apply_on_forward and one.tracked for one in policies):
        return
    ports, hosts = NodePorts(cluster), selectable_hosts(cluster)
    for one in early:
        opening = [rule for rule in one.rules("Allow") if not rule.source.unconditional and _only(rule, ports)]
        host = hosts.first(one.placed.selector) if opening and one.policy.pre_dnat else None
        if host is None:
            continue
        text = opening[0].destination.ports[0]
        yield _breach(
            one,
            opening[0],
            text,
            host,
            f"opens node port{'s' if ':' in text else ''} {text} to some, and no policy for hosts closes them to "
            "others: policy before translation drops nothing but what a rule denies",
            "accept",
            "deny the node ports in a rule after those that open them",
        )


def _only(rule: Rule, ports: NodePorts) -> bool:
    """Whether a rule opens node ports and nothing else."""
    return rule.action == "Allow" and bool(rule.destination.ports) and all(map(ports.meant, rule.destination.ports))


def _closed(one: _Placed, ports: NodePorts) -> bool:
    """Whether a policy lets nothing through to pods either."""
    return _late(one) and all(_only(rule, ports) for rule in one.rules("Allow", "Pass"))


def _breach(one: _Placed, rule: Rule, text: str, host: HostMember, what: str, verdict: str, cure: str) -> Breach:
    resource = one.policy.resource
    path: Path = (*rule.destination.path, "ports", rule.destination.ports.index(text))
    return Breach.at(
        resource,
        path,
        f"{rule_words(resource, rule.path)} {what}",
        (Related(host.about.resource.span("metadata", "name"), "is selected"),),
        witness(
            "packet", direction="ingress", node=host.about.node, destination_port=text.split(":")[0], verdict=verdict
        ),
        cure,
    )


def _pod_ports(cluster: Cluster) -> Iterator[Breach]:
    """Rules before translation that open the port of pods, where another denies the node port to the same senders."""
    early = [one for one in _policies(cluster) if one.policy.pre_dnat]
    if not early or any(not one.policy.resource.whole for one in early):
        return
    ports, hosts = NodePorts(cluster), selectable_hosts(cluster)
    rules = [(one.policy, rule) for one in early for rule in one.policy.ingress]
    steps = Steps(cluster, "policies for hosts with each other")
    for one in early:
        for rule in one.rules("Allow"):
            there, protocol = rule.destination, protocol_of(rule) or 0
            found = ports.in_front(there.ports[0], protocol) if len(there.ports) == 1 and _by_port(there) else None
            host = hosts.first(one.placed.selector) if found is not None else None
            if found is None or host is None:
                continue
            number, service = found
            steps.spend(_OF_CANDIDATE * len(rules))
            opening = (other for policy, other in rules if may_open(other, policy, ANY_POD, protocol, number))
            if any(other.source.unconditional or other.source[1:] == rule.source[1:] for other in opening):
                continue
            if any(other.action == "Deny" and _denies_port(other, protocol, number) for _, other in rules):
                yield _breach(
                    one,
                    rule,
                    there.ports[0],
                    host,
                    f"opens port {there.ports[0]}, at which the pods of {object_words(service, service.home)} listen, "
                    f"but before translation packets have the node port {number}, which is denied",
                    "not asked",
                    f"allow port {number}",
                )


def _by_port(there: Entity) -> bool:
    return there._replace(ports=()).unconditional


def _denies_port(rule: Rule, protocol: int, number: int) -> bool:
    """Whether a rule denies a port to everybody."""
    there = rule.destination
    if not rule.source.unconditional or not _by_port(there) or not may_be_of(rule, protocol):
        return False
    return not there.ports or among(there.ports, number, frozenset())


QUESTIONS: dict[str, Question] = {"denied": _denied, "opened": _opened, "unclosed": _unclosed, "pod-ports": _pod_ports}
