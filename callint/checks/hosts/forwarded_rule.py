"""Rules for packets that a host only forwards, in policies that are not asked about those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach, rule_words
from callint.checks.pod_template import known_pods
from callint.facts import NodeFacts
from callint.finding import Related, witness
from callint.net import intervals
from callint.net.address import FAMILIES
from callint.net.read import prefixes
from callint.objects import Cluster
from callint.objects.policy import Policy, Rule
from callint.policy import model_of
from callint.policy.inventory import HostMember
from callint.policy.ranges import NO_RANGES, Ranges, intersection, ranges, union
from callint.selector.syntax import ALL
from callint.steps import Steps

_MANY = ranges(("127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::1/128", "ff00::/8"))
"""What is local on every node: loopback, multicast and broadcast."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Rules whose own end names addresses that no node has at which the policy applies, where applyOnForward is off.

    Told of policies that select host endpoints and nothing else that is known, where facts tell all addresses.
    """
    if not any(facts.interfaces is not None for facts in cluster.facts.values()):
        return
    model = model_of(cluster)
    inventory = model.inventory
    steps = Steps(cluster, "selectors with labels")
    pods, known = known_pods(cluster).within(steps), inventory.hosts.within(steps)
    for _, placed in model.policies:
        policy, selector = placed.policy, placed.selector
        if policy.of_pods or policy.staged or policy.apply_on_forward or policy.early:
            continue
        if not policy.resource.whole or selector == ALL or pods.any(selector):
            continue
        hosts = known.all(selector)
        if hosts and all(sure for _, sure in hosts):
            yield from _foreign(cluster, policy, [host for host, _ in hosts])


def _foreign(cluster: Cluster, policy: Policy, hosts: list[HostMember]) -> Iterator[Breach]:
    local: Ranges | None = None
    for direction, end, rules in (("Ingress", "destination", policy.ingress), ("Egress", "source", policy.egress)):
        for rule in rules if direction in policy.types else ():
            nets = (rule.destination if end == "destination" else rule.source).nets
            if ranges(nets) == NO_RANGES:
                continue
            local = local or _local(cluster, hosts)
            if local is None:
                return
            if intersection(ranges(nets), local) == NO_RANGES:
                yield _breach(policy, rule, end, nets, hosts[0])


def _local(cluster: Cluster, hosts: list[HostMember]) -> Ranges | None:
    """All that is or may become local on the nodes of host endpoints; None if the addresses of one are not known."""
    found = {"": _MANY}
    for host in hosts:
        facts = cluster.facts.get(host.about.node)
        if facts is None or facts.interfaces is None or not facts.knows("interfaces"):
            return None
        if facts.node not in found:
            found[facts.node] = _of_node(facts)
    return union([*found.values(), *(ranges(host.about.expected_ips) for host in hosts)])


def _of_node(facts: NodeFacts) -> Ranges:
    """The networks of interfaces: broadcasts, and addresses that wander between routers, lie there too."""
    four, six = (
        intervals.merge((one.first, one.last) for _, one in facts.addresses if one.version == family)
        for family in FAMILIES
    )
    return four, six


def _breach(policy: Policy, rule: Rule, end: str, nets: tuple[str, ...], host: HostMember) -> Breach:
    resource, path = policy.resource, (*rule.path, end, "nets")
    way = "to" if end == "destination" else "from"
    first = next(prefixes(nets))
    return Breach.at(
        resource,
        path,
        f"{rule_words(resource, rule.path)} is about packets {way} {', '.join(nets)}, where none of its nodes has an "
        "address: they forward these, and without applyOnForward the policy is not asked about what is forwarded",
        (Related(host.about.resource.span("metadata", "name"), "is selected"),),
        witness("packet", node=host.about.node, **{end: str(first.address)}, verdict="not asked"),
        "set applyOnForward, and allow there all that is to be forwarded",
        key=True,
    )
