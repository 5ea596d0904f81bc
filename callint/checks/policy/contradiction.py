"""Rules of policies that no packet can match, because their conditions exclude each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico import Road
from callint.calico.kinds import is_calico
from callint.checks.breach import Breach, rule_words
from callint.finding import Path, Related
from callint.net.address import Family
from callint.net.ports import ICMP, ICMPV6, parse_protocol
from callint.net.read import prefixes
from callint.objects import Cluster, Resource
from callint.objects.policy import Policy, Rule
from callint.policy import model_of
from callint.policy.labels import ADDED, Labels
from callint.policy.match import entity_selectors
from callint.policy.selectable import Selectable
from callint.policy.symbolic.shadow import Shadows, shadows_of
from callint.policy.tiers import PlacedPolicy
from callint.selector.satisfy import overlaps
from callint.steps import Steps

_PAIRS = (
    (("protocol",), ("notProtocol",)),
    (("icmp",), ("notICMP",)),
    (("protocol",), ("icmp",)),
    (("source", "nets"), ("source", "notNets")),
    (("destination", "nets"), ("destination", "notNets")),
    (("source", "ports"), ("source", "notPorts")),
    (("destination", "ports"), ("destination", "notPorts")),
)
"""Fields of a rule that can exclude each other; what contradicts itself otherwise is reported where it is written."""
_VERSIONS: dict[str, Family] = {"icmp": 4, "icmpv6": 6}
_NO_ICMP = ("TCP", "UDP", "SCTP")
"""What most rules are for, which are not looked at for what is of ICMP."""
_NAMED: dict[int, dict[int, tuple[str, int | None]]] = {
    ICMP: {
        128: ("an echo request", 8),
        129: ("an echo reply", 0),
        133: ("a router solicitation", 10),
        134: ("a router advertisement", 9),
        135: ("a neighbour solicitation", None),
        136: ("a neighbour advertisement", None),
    },
    ICMPV6: {0: ("an echo reply", 129), 8: ("an echo request", 128), 11: ("time exceeded", 3)},
}
"""By protocol, types that are none of its own: what they are in the other one, and its own type of that (IANA)."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Rules of which two fields leave no packet that could match, or that select others on the side of the subject.

    Types that ICMP or ICMPv6 does not have, but the other one, count as such a pair with the protocol, and so do
    networks of the other IP version.
    """
    shadows = shadows_of(cluster)
    known = ((Labels(one.labels, ADDED), one) for one in cluster.network_sets)
    steps = Steps(cluster, "selectors with labels")
    sets, hosts = Selectable(known, steps), model_of(cluster).inventory.hosts.within(steps)
    for _, placed in model_of(cluster).policies:
        yield from _of_others(placed, sets, hosts)
        yield from _of_icmp(cluster, placed.policy)
    for _, placed in shadows.subjects:
        yield from _of_fields(shadows, placed.policy)
        if shadows.crowded:
            shadows.forget()


def _of_others(placed: PlacedPolicy, sets: Selectable[Any], hosts: Selectable[Any]) -> Iterator[Breach]:
    """Rules that select endpoints on the side where the policy's own stand, and none of these.

    An address is that of a pod and of a network set that holds it, and a node has several host endpoints: where one of
    these matches, nothing is told.
    """
    policy = placed.policy
    if policy.early or policy.apply_on_forward or not policy.resource.whole:
        return
    subject = "a pod" if policy.of_pods else "an endpoint"
    for rule in policy.governing:
        own, far = rule.ends
        if not own.selector:
            continue
        selector, _ = entity_selectors(own, policy.namespace)
        if selector is None or overlaps(selector, placed.selector) is not False or sets.any(selector):
            continue
        if not policy.of_pods and hosts.any(selector):
            continue
        side = own.path[-1]
        matching = side if own.namespace_selector else f"{side}.selector"
        yield Breach.at(
            policy.resource,
            (*own.path, "selector"),
            f"{rule_words(policy.resource, rule.path)} can match no packet: in {rule.direction} the {side} is "
            f'{subject} that the policy itself selects, and "{matching}" matches none of these',
            (Related(policy.resource.span("spec", "selector"), "selects others"),) if policy.selector else (),
            help=f"select the other end of {rule.direction} in `{far.path[-1]}`",
        )


def _of_icmp(cluster: Cluster, policy: Policy) -> Iterator[Breach]:
    """Rules for packets of ICMP that can match none."""
    resource = policy.resource
    for rule in policy.governing:
        if rule.protocol is not None and rule.protocol not in _NO_ICMP and not resource.unreadable(*rule.path):
            yield from _of_other_type(resource, rule, rule.protocol)
            yield from _of_other_version(cluster.road(resource), resource, rule, rule.protocol)


def _of_other_type(resource: Resource, rule: Rule, said: str) -> Iterator[Breach]:
    """That a rule for ICMP has a type of ICMPv6, or the other way round."""
    kind = rule.icmp.type if rule.icmp else None
    if kind is None:
        return
    protocol = parse_protocol(said)
    what, own = _NAMED.get(protocol, {}).get(kind, ("", None))
    if what:
        mine, other = ("ICMP", "ICMPv6") if protocol == ICMP else ("ICMPv6", "ICMP")
        meant = f"{what} of {mine} has type {own}" if own is not None else f"{mine} has none"
        yield Breach.at(
            resource,
            (*rule.path, "icmp", "type"),
            f"{rule_words(resource, rule.path)} can match no packet: type {kind} is {what} in {other} alone, and "
            f"{meant}",
            (Related(resource.span(*rule.path, "protocol"), f"asks for {mine}"),),
        )


def _of_other_version(road: Road, resource: Resource, rule: Rule, said: str) -> Iterator[Breach]:
    """That the protocol of a rule is of one IP version, and its networks or `ipVersion` are of the other one.

    Where `ipVersion` is written calicoctl and the API server compare it themselves.
    """
    mine = _VERSIONS.get(said.lower())
    if mine is None or (rule.ip_version and road == "calicoctl"):
        return
    wrong = (side for side in (rule.source, rule.destination) if _none_of(mine, side.nets))
    place = next(((*side.path, "nets") for side in wrong), None)
    if rule.ip_version not in (None, mine):
        place = (*rule.path, "ipVersion")
    if place is not None:
        yield Breach.at(
            resource,
            place,
            f'{rule_words(resource, rule.path)} can match no packet: "{said}" is the protocol of IPv{mine}, and '
            f"this is IPv{10 - mine}",
            (Related(resource.span(*rule.path, "protocol"), f"is of IPv{mine}"),),
            help=f"use {'ICMPv6' if mine == 4 else 'ICMP'} there",
        )


def _none_of(family: Family, texts: tuple[str, ...]) -> bool:
    """Whether there are networks, all can be read, and none is of the family."""
    found = [net.family for net in prefixes(texts)]
    return bool(found) and len(found) == len(texts) and family not in found


def _of_fields(shadows: Shadows, policy: Policy) -> Iterator[Breach]:
    """Rules of which two fields leave nothing between them; those of one field of Kubernetes' are told once."""
    said: set[Path] = set()
    for rule in filter(_negates, policy.governing):
        pair = _excluding(shadows, policy, rule)
        if pair is not None:
            one, other = (_written(policy, rule, path) for path in pair)
            if other not in said:
                said.add(other)
                yield _never(policy, rule, one, other)


def _negates(rule: Rule) -> bool:
    """Whether a rule has one of the fields that exclude others at all."""
    source, destination = rule.source, rule.destination
    negated = source.not_nets or source.not_ports or destination.not_nets or destination.not_ports
    return bool(negated or rule.not_protocol or rule.icmp or rule.not_icmp)


def _excluding(shadows: Shadows, policy: Policy, rule: Rule) -> tuple[Path, Path] | None:
    """The first two fields by which alone no packet can match."""
    if any(shadows.may(policy, rule)):
        return None
    for one, other in _PAIRS:
        alone = shadows.bare(policy, rule, (one, other))
        if alone is not None and not any(alone):
            return one, other
    return None


def _written(policy: Policy, rule: Rule, path: Path) -> Path:
    """Where a field of a rule is written; the nets of Kubernetes' own policies are blocks of a peer."""
    if is_calico(policy.resource.api_version):
        return (*rule.path, *path)
    side = rule.source if path[0] == "source" else rule.destination
    return (*side.path, "ipBlock", {"nets": "cidr", "notNets": "except"}.get(str(path[-1]), path[-1]))


def _never(policy: Policy, rule: Rule, one: Path, other: Path) -> Breach:
    names = [".".join(map(str, path[len(rule.path) :])) for path in (one, other)]
    resource = policy.resource
    return Breach.at(
        resource,
        other,
        f'{rule_words(resource, rule.path)} can match no packet: "{names[0]}" and "{names[1]}" leave nothing '
        "between them",
        (Related(resource.span(*one, key=True), f"{names[0]} here"),),
        key=True,
    )
