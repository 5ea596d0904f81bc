"""Egress that is allowed to addresses of services, which no packet has any more when policy sees it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, islice
from operator import attrgetter

from callint.calico.defaults import API_SERVER_PORT
from callint.checks.breach import Breach, unanswered
from callint.checks.policy.opened_ports import Ports, meet, opened
from callint.checks.policy.pods_allowed import Allowed, Behind, behind
from callint.checks.policy.written import written_rules
from callint.finding import Path, Related, Span, witness
from callint.net.address import BITS, Prefix
from callint.net.enclosing import Enclosing
from callint.net.ports import TCP
from callint.net.read import prefixes
from callint.objects import Cluster, fields
from callint.objects.cluster_networks import service_networks
from callint.objects.policy import Policy, Rule
from callint.policy import model_of
from callint.steps import Steps, TooManyStepsError

_OF_API_SERVER: Ports = {TCP: ((API_SERVER_PORT, API_SERVER_PORT),)}
_OF_SERVICE = 4
"""Steps that it takes to see whether a service has an address."""

_Ranges = Enclosing[tuple[Span, Behind | None]]


def _allowing_egress(cluster: Cluster) -> Iterator[tuple[Policy, list[Rule], Path]]:
    """The rules that let tracked packets out, and where the first of their networks stands.

    One rule of Kubernetes' policies is several: one for each of its peers and protocols.
    """
    for policy, rule in written_rules(cluster):
        if rule.direction == "egress" and rule.action == "Allow" and not policy.do_not_track:
            yield policy, [rule], (*rule.destination.path, "nets", 0)
    for policy in (placed.policy for _, placed in model_of(cluster).policies):
        if policy.kind == "KubernetesNetworkPolicy" and policy.resource.whole:
            for _, several in groupby(policy.egress, key=attrgetter("path")):
                rules = list(several)
                found = (rule.destination.path for rule in rules if rule.destination.nets)
                yield from ((policy, rules, (*path, "ipBlock", "cidr")) for path in islice(found, 1))


def service_address(cluster: Cluster) -> Iterator[Breach]:
    """Rules for addresses of services alone, where nothing that they allow is at one of these."""
    if cluster.target.dataplane == "ebpf":
        return
    known = list(_service_ranges(cluster))
    if not known:
        return
    ranges, steps = Enclosing(known), Steps(cluster, "rules with services")
    allowed: Allowed | None = None
    elsewhere: Ports | None = None
    for policy, rules, path in _allowing_egress(cluster):
        nets = dict.fromkeys(net for rule in rules for net in prefixes(rule.destination.nets))
        if not nets or all(rule.destination.ports == ("53",) for rule in rules):
            continue
        if allowed is None or allowed.policy is not policy:
            allowed, elsewhere = Allowed(policy, steps), None
        inside = [ranges.of(net) for net in nets]
        try:
            steps.spend(_OF_SERVICE * sum(map(len, inside)))
            services = [service for found in inside for _, (_, service) in found if service]
            if not all(inside) or allowed.anybody(rules) or any(map(allowed.may_reach, services)):
                continue
            if not services:
                elsewhere = _to_networks(policy, ranges, steps) if elsewhere is None else elsewhere
                if meet(elsewhere, opened(rules)) or meet(elsewhere, _OF_API_SERVER):
                    continue
        except TooManyStepsError as error:
            those = f'rules of {policy.resource.kind} "{policy.resource.name}" and of policies after it'
            what = f"whether {those} allow addresses of services alone was not examined"
            yield unanswered(f"{what}: {error}", policy.resource)
            return
        first, (_, (place, _)) = next(iter(nets)), inside[0][0]
        whose = "the address of a service" if first.length == BITS[first.family] else "addresses of services"
        yield Breach.at(
            policy.resource,
            path,
            f'a rule of policy "{policy.resource.name}" allows egress to {first}, {whose}: policy sees the packet when '
            "its destination is that of a pod already, so that the rule matches nothing",
            (Related(place, "the addresses of services"),),
            witness("address", address=str(first), verdict="no match"),
            "select the pods behind it, or name the addresses of those on the network of their host"
            if policy.kind == "KubernetesNetworkPolicy"
            else "name the service in destination.services, or select the pods behind it",
        )


def _to_networks(policy: Policy, ranges: _Ranges, steps: Steps) -> Ports:
    """The ports that a policy opens to networks beyond those of services, where pods without a Service known may be."""
    beyond = []
    for rule in policy.egress:
        nets = rule.destination.nets if rule.action == "Allow" else ()
        steps.spend(_OF_SERVICE * len(nets))
        if nets and not all(map(ranges.of, prefixes(nets))):
            beyond.append(rule)
    return opened(beyond)


def _service_ranges(cluster: Cluster) -> Iterator[tuple[Prefix, tuple[Span, Behind | None]]]:
    """Addresses that kube-proxy translates: the ranges set up or announced, and the addresses of services given."""
    for one in cluster.bgp_configurations:
        if one.resource.name == "default":
            for index, text in enumerate(one.service_cluster_ips):
                for net in prefixes((text,)):
                    yield net, (one.resource.span("spec", "serviceClusterIPs", index), None)
    for resource in cluster.kubernetes("Service", "v1"):
        for net in prefixes((fields.text(resource.spec, "clusterIP") or "",)):
            yield net, (resource.span("spec", "clusterIP"), behind(resource))
    for network in service_networks(cluster):
        yield network.prefix, (network.span, None)
