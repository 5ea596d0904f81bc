"""Rules of policies that match more than they say, or nothing of what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from callint.calico.defaults import API_SERVER_PORT
from callint.checks.breach import Breach, unanswered
from callint.checks.dispatch import Question, asked
from callint.checks.policy.opened_ports import Ports, meet, opened
from callint.checks.policy.pods_allowed import Allowed, Behind, behind
from callint.finding import Path, Related, Span, witness
from callint.net.address import BITS, FAMILIES, Family, Prefix
from callint.net.enclosing import Enclosing
from callint.net.ports import TCP, UDP
from callint.net.read import prefixes
from callint.objects import Cluster, fields
from callint.objects.cluster_networks import service_networks
from callint.objects.policy import Policy, Rule
from callint.policy import model_of
from callint.policy.doubt import UndecidedError
from callint.policy.enforced import blocks, crowded
from callint.policy.inventory import HostMember
from callint.policy.selectable import Selectable
from callint.policy.settings import Settings
from callint.policy.tiers import selector_of
from callint.selector import Selector, SelectorError
from callint.selector.syntax import ALL
from callint.steps import Steps, TooManyStepsError

# What stands for ICMP and ICMPv6 as a number, and the first release in which `icmp` may stand beside it
_NUMBERS: dict[str, Family] = {"1": 4, "58": 6}
_NUMBERS_ALLOWED = (3, 33)
_OF_API_SERVER: Ports = {TCP: ((API_SERVER_PORT, API_SERVER_PORT),)}
_OF_SERVICE = 4
"""Steps that it takes to see whether a service has an address."""


_Ranges = Enclosing[tuple[Span, Behind | None]]


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Rules of Calico policies that mislead in one way, which `problem` names.

    `blocks` (so many nets and ports that iptables does not enforce them all), `not-selector` (an Allow that names only
    whom it excludes), `service-address` (egress to addresses of services), `untracked-replies` (doNotTrack policy for
    ingress without egress), `icmp-by-number` (ICMP types with a protocol that iptables gets for both IP versions).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _rules(cluster: Cluster) -> Iterator[tuple[Policy, Rule]]:
    for policy in cluster.policies:
        if policy.staged or not policy.resource.document.complete:
            continue
        gaps = policy.resource.gaps
        for rule in policy.rules:
            if not (gaps and policy.resource.unreadable(*rule.path)):
                yield policy, rule


def _blocks(cluster: Cluster) -> Iterator[Breach]:
    """A list beyond one match is a block of its own; after two blocks none is enforced (felix/rules/policy.go)."""
    if cluster.target.dataplane == "ebpf":
        return
    for policy, rule in _rules(cluster):
        found = max((blocks(rule, family) for family in FAMILIES), key=len) if crowded(rule) else []
        if not found:
            continue
        last = found[-1]
        resource = policy.resource
        yield Breach.at(
            resource,
            (*rule.path, *last),
            f'a rule of policy "{policy.name}" has {len(found)} lists that take more than one match of '
            f"{cluster.target.dataplane} ({', '.join('.'.join(path) for path in found)}): what comes after the second "
            "is not enforced",
            tuple(Related(resource.span(*rule.path, *path, key=True), "takes a block too") for path in found[:-1]),
            _overlooked(rule),
            "write one rule for each network of one side, or name the networks by a GlobalNetworkSet and a selector",
            key=True,
        )


def _overlooked(rule: Rule) -> Any:
    source = next(iter(rule.source.nets), None)
    return witness(
        "packet", protocol=(rule.protocol or "any").lower(), source=source, destination="any", verdict="match"
    )


def _not_selector(cluster: Cluster) -> Iterator[Breach]:
    for policy, rule in _rules(cluster):
        if policy.namespace is not None or rule.action != "Allow":
            continue
        inward = rule.direction == "ingress"
        _, side = rule.ends
        if not side.not_selector or not side._replace(not_selector=None, ports=(), not_ports=()).unconditional:
            continue
        path = (*side.path, "notSelector")
        way = "comes from" if inward else "goes to"
        yield Breach.at(
            policy.resource,
            path,
            f'a rule of policy "{policy.name}" allows what {way} all that "{side.not_selector}" does not match, '
            "the Internet and every other address that is no endpoint included",
            (),
            witness("address", address="192.0.2.1", verdict="match"),
            "if pods alone are meant, add `namespaceSelector: all()`, if networks, name them in nets",
        )


def _allowing_egress(cluster: Cluster) -> Iterator[tuple[Policy, list[Rule], Path]]:
    """The rules that let tracked packets out, and where the first of their networks stands.

    One rule of Kubernetes' policies is several: one for each of its peers and protocols.
    """
    for policy, rule in _rules(cluster):
        if rule.direction == "egress" and rule.action == "Allow" and not policy.do_not_track:
            yield policy, [rule], (*rule.destination.path, "nets", 0)
    for policy in (placed.policy for _, placed in model_of(cluster).policies):
        if policy.kind == "KubernetesNetworkPolicy" and policy.resource.whole:
            for _, several in groupby(policy.egress, key=attrgetter("path")):
                rules = list(several)
                found = (rule.destination.path for rule in rules if rule.destination.nets)
                yield from ((policy, rules, (*path, "ipBlock", "cidr")) for path in islice(found, 1))


def _service_address(cluster: Cluster) -> Iterator[Breach]:
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


def _untracked_replies(cluster: Cluster) -> Iterator[Breach]:
    enforced = [one for one in cluster.policies if not one.staged]
    untracked = [one for one in enforced if one.do_not_track]
    let_out: dict[bool, set[int] | None] = {}
    hosts = model_of(cluster).inventory.hosts.within(Steps(cluster, "selectors with labels"))
    for policy in untracked:
        allows = [rule for rule in policy.governed("ingress") if rule.action == "Allow"]
        if not allows or policy.resource.unreadable("spec"):
            continue
        of_udp = all(map(_is_udp, allows))
        if of_udp not in let_out:
            let_out[of_udp] = _let_out(cluster, hosts, enforced if of_udp else untracked, profiles=of_udp)
        if _together(hosts, policy, let_out[of_udp]):
            continue
        yield Breach.at(
            policy.resource,
            (*allows[0].path, "action"),
            f'policy "{policy.name}" with doNotTrack lets packets in, and no untracked policy lets the answers out: '
            "without tracking they are not known as answers and need rules of their own",
            (Related(policy.resource.span("spec", "doNotTrack"), "switches tracking off"),),
            witness("packet", direction="answer", protocol=(allows[0].protocol or "any").lower(), verdict="unmatched"),
            "add Egress with rules that have the ports of the service in source.ports",
        )


def _is_udp(rule: Rule) -> bool:
    """Whether answers to packets of a rule are the first of connections to tracked policy, where none is tracked."""
    return (rule.protocol or "").lower() in ("udp", str(UDP))


def _let_out(
    cluster: Cluster, hosts: Selectable[HostMember], policies: Iterable[Policy], *, profiles: bool
) -> set[int] | None:
    """The host endpoints by identity that some policies, or with `profiles` these, may let send; None without any."""
    selectors = {_may_select(one) for one in policies if any(rule.action == "Allow" for rule in one.governed("egress"))}
    found = {id(host) for selector in selectors for host, _ in hosts.all(selector)}
    if profiles:
        found |= {id(host) for host in model_of(cluster).inventory.host_endpoints if host.about.profiles}
    return found if found or selectors else None


def _may_select(policy: Policy) -> Selector:
    try:
        return selector_of(policy)
    except SelectorError:
        return ALL


def _together(hosts: Selectable[HostMember], policy: Policy, answered: set[int] | None) -> bool:
    """Whether a policy selects a host endpoint among some, by identity; without any known, it may."""
    if answered is None:
        return False
    if not hosts:
        return True
    try:
        return any(id(host) in answered for host, _ in hosts.all(selector_of(policy)))
    except SelectorError:
        return True


def _icmp_by_number(cluster: Cluster) -> Iterator[Breach]:
    """A number implies no IP version, and the kernel refuses `ip6tables -p 1 -m icmp6` and `iptables -p 58 -m icmp`.

    calicoctl and the API server refuse `icmp` with a number before v3.33, and `notICMP` never.
    """
    if cluster.target.dataplane != "iptables":
        return
    for policy, rule in _rules(cluster):
        mine = _NUMBERS.get(rule.protocol or "")
        if mine is None or rule.ip_version is not None:
            continue
        refused = cluster.road(policy.resource) == "calicoctl" and cluster.target.release < _NUMBERS_ALLOWED
        types = {} if refused else {"icmp": rule.icmp}
        types["notICMP"] = rule.not_icmp
        field = next((name for name, icmp in types.items() if icmp is not None and icmp.type is not None), None)
        if field is None:
            continue
        other: Family = 6 if mine == 4 else 4
        if any(_nothing_of(other, nets) for side in rule.ends for nets in (side.nets, side.not_nets)):
            continue
        if mine == 4 and not _ipv6(cluster):
            continue
        name = "ICMP" if mine == 4 else "ICMPv6"
        yield Breach.at(
            policy.resource,
            (*rule.path, field),
            f'a rule of policy "{policy.name}" has "{field}" beside the protocol {rule.protocol}, which Felix renders '
            f"for IPv{other} as well, where the kernel refuses it: no policy of IPv{other} reaches the nodes any more",
            (Related(policy.resource.span(*rule.path, "protocol"), f'"{name}" is of IPv{mine} alone'),),
            witness("packet", protocol=name.lower(), source="any", destination="any", verdict="match"),
            f"write `protocol: {name}`, or `ipVersion: {mine}` beside it",
            key=True,
        )


@lru_cache(maxsize=4)
def _ipv6(cluster: Cluster) -> bool:
    """Whether Felix renders rules for IPv6 on some node for certain."""
    try:
        return any(Settings(cluster, node).flag("ipv6Support", default=True) for node in (*cluster.nodes, ""))
    except UndecidedError:
        return False


def _nothing_of(family: Family, texts: tuple[str, ...]) -> bool:
    """Whether networks leave nothing of a rule for a family, for there are some and none of it."""
    return bool(texts) and all(net.family != family for net in prefixes(texts))


QUESTIONS: dict[str, Question] = {
    "blocks": _blocks,
    "icmp-by-number": _icmp_by_number,
    "not-selector": _not_selector,
    "service-address": _service_address,
    "untracked-replies": _untracked_replies,
}
