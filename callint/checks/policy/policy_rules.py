"""Rules of policies that match more than they say, or nothing of what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from callint.checks.breach import Breach, Question, asked
from callint.checks.hosts.written import selectable_hosts
from callint.checks.policy.service_address import service_address
from callint.checks.policy.written import written_rules
from callint.finding import Related, witness
from callint.net.address import FAMILIES, Family
from callint.net.ports import UDP
from callint.net.read import prefixes
from callint.objects import Cluster
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

# What stands for ICMP and ICMPv6 as a number, and the first release in which `icmp` may stand beside it
_NUMBERS: dict[str, Family] = {"1": 4, "58": 6}
_NUMBERS_ALLOWED = (3, 33)


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Rules of Calico policies that mislead in one way, which `problem` names.

    `blocks` (so many nets and ports that iptables does not enforce them all), `not-selector` (an Allow that names only
    whom it excludes), `service-address` (egress to addresses of services), `untracked-replies` (doNotTrack policy for
    ingress without egress), `icmp-by-number` (ICMP types with a protocol that iptables gets for both IP versions).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _blocks(cluster: Cluster) -> Iterator[Breach]:
    """A list beyond one match is a block of its own; after two blocks none is enforced (felix/rules/policy.go)."""
    if cluster.target.dataplane == "ebpf":
        return
    for policy, rule in written_rules(cluster):
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
            witness(
                "packet",
                protocol=(rule.protocol or "any").lower(),
                source=next(iter(rule.source.nets), None),
                destination="any",
                verdict="match",
            ),
            "write one rule for each network of one side, or name the networks by a GlobalNetworkSet and a selector",
            key=True,
        )


def _not_selector(cluster: Cluster) -> Iterator[Breach]:
    for policy, rule in written_rules(cluster):
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


def _untracked_replies(cluster: Cluster) -> Iterator[Breach]:
    enforced = [one for one in cluster.policies if not one.staged]
    untracked = [one for one in enforced if one.do_not_track]
    let_out: dict[bool, set[int] | None] = {}
    hosts = selectable_hosts(cluster)
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
    for policy, rule in written_rules(cluster):
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
    "service-address": service_address,
    "untracked-replies": _untracked_replies,
}
