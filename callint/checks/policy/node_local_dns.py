"""Pods that ask a cache of names on their own node, where policy lets them ask the pods of the cluster's DNS alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach, unexamined
from callint.checks.policy.name_resolution import asks, enforced, for_hosts, may_be_question, shuts_in
from callint.finding import Path, Related, witness
from callint.net import intervals
from callint.net.address import Address
from callint.net.read import prefixes
from callint.objects import Cluster, Resource, fields
from callint.objects.policy import Entity, Policy
from callint.policy import model_of
from callint.policy.inventory import Inventory
from callint.policy.match import entity_selectors
from callint.policy.ranges import PLACE, ranges
from callint.policy.settings import Settings
from callint.policy.tiers import PlacedPolicy
from callint.record import NamedTuple
from callint.selector.index import OverlapIndex
from callint.selector.values import ExhaustedError


class _Cache(NamedTuple):
    """NodeLocal DNSCache with the addresses at which it listens on each node, that of the cluster's DNS among them."""

    resource: Resource
    addresses: tuple[Address, ...]


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Egress policies of pods with rules for DNS that are none for the addresses of NodeLocal DNSCache.

    Only where the cache listens at the address of the cluster's DNS, so that no pod gets past it.
    """
    cache = next(_caches(cluster), None)
    if cache is None or _perhaps_ebpf(cluster):
        return
    model = model_of(cluster)
    opening = [(one.selector, one) for _, one in model.policies if _opens(one, cache, model.inventory)]
    openers = OverlapIndex(opening, cluster.limits.comparisons)
    for tier, one in model.policies:
        policy = one.policy
        if not shuts_in(tier, one) or not _for_dns(policy) or for_hosts(one, model.inventory.hosts):
            continue
        try:
            if not openers.meets(one.selector):
                yield _breach(policy, cache, tier.name)
        except ExhaustedError:
            reason = cluster.limits.too_many("selectors")
            yield unexamined("whether the cache of names can be asked by whom is selected by", policy.resource, reason)
            return


def _caches(cluster: Cluster) -> Iterator[_Cache]:
    """DaemonSets that listen at an address of the node alone and at another one, which is the service's."""
    for resource in cluster.kubernetes("DaemonSet", "apps/v1"):
        pods = fields.mapping(fields.mapping(resource.spec, "template"), "spec")
        for _, container in fields.items(pods, "containers") if fields.flag(pods, "hostNetwork") else ():
            if isinstance(container, dict):
                words = (*fields.texts(container, "command"), *fields.texts(container, "args"))
                found = tuple(prefix.address for prefix in prefixes(_listening(words)))
                if any(map(_link_local, found)) and not all(map(_link_local, found)):
                    yield _Cache(resource, found)


def _listening(words: tuple[str, ...]) -> Iterator[str]:
    """The addresses that the option names, as Go reads it: with one dash or two, behind `=` or in the next word."""
    for word, following in zip(words, (*words[1:], ""), strict=False):
        name, equals, joined = word.partition("=")
        if name in ("-localip", "--localip"):
            yield from (joined if equals else following).split(",")


def _link_local(address: Address) -> bool:
    return address.value >> 16 == 0xA9FE if address.family == 4 else address.value >> 118 == 0xFE80 >> 6


def _perhaps_ebpf(cluster: Cluster) -> bool:
    """Whether the address of the service may be translated before anything listens at it."""
    return any(Settings(cluster, node).perhaps_ebpf for node in (*cluster.nodes, ""))


def _for_dns(policy: Policy) -> bool:
    """Whether rules with selectors let pods ask the cluster's DNS."""
    allowing = (rule for rule in policy.egress if rule.action == "Allow")
    return any(
        asks(rule, policy) and rule.destination.ports and entity_selectors(rule.destination, policy.namespace)[0]
        for rule in allowing
    )


def _opens(placed: PlacedPolicy, cache: _Cache, inventory: Inventory) -> bool:
    """Whether a policy may let those whom it selects ask the cache, or leaves them to others that may."""
    policy = placed.policy
    if not enforced(placed):
        return False
    if not policy.resource.whole:
        return True
    return any(
        rule.opens and may_be_question(rule) and _reaches(rule.destination, policy.namespace, cache, inventory)
        for rule in policy.egress
    )


def _reaches(there: Entity, namespace: str | None, cache: _Cache, inventory: Inventory) -> bool:
    """Whether the cache is among the destinations of a rule: by its address, for it is no endpoint."""
    if there.services is not None:
        return False
    positive, _ = entity_selectors(there, namespace)
    every = [ranges(there.nets)] if there.nets else []
    every += [inventory.certain(positive)] if positive is not None else []
    return any(
        all(intervals.contains(one[PLACE[address.family]], address.value) for one in every)
        for address in cache.addresses
    )


def _breach(policy: Policy, cache: _Cache, tier: str) -> Breach:
    resource, path = policy.resource, ("spec", "egress")
    service = next(one for one in cache.addresses if not _link_local(one))
    at: Path = ("metadata", "name")
    return Breach.at(
        resource,
        path,
        f'{resource.kind} "{resource.name}" lets pods ask the pods of the cluster\'s DNS, but {cache.resource.kind} '
        f'"{cache.resource.name}" answers at {service} on each node in their place, and no policy lets them ask it',
        (Related(cache.resource.span(*at), f"listens at {' and '.join(map(str, cache.addresses))}"),),
        witness(
            "packet",
            direction="egress",
            source="any",
            destination=str(service),
            protocol="udp",
            destination_port=53,
            verdict="drop",
            decided_by=f"end of tier {tier}, or a Deny before it",
        ),
        f"allow UDP and TCP port 53 to {', '.join(map(str, cache.addresses))} as well",
        key=True,
    )
