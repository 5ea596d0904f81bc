"""Kubernetes' own policies: what their form makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico.defaults import DNS_PORTS
from callint.calico.kinds import NETWORKING
from callint.checks.breach import Breach, Question, asked, object_words
from callint.checks.policy.dns_questions import may_open, unanswerable
from callint.finding import Path, Related, witness
from callint.net.address import BITS, Prefix
from callint.net.enclosing import Enclosing
from callint.net.read import decimal, prefixes
from callint.objects import Cluster, Resource, fields
from callint.objects.kubernetes_policy import policy_types
from callint.objects.pool import IPPool
from callint.policy import model_of
from callint.policy.nodes import all_addresses
from callint.selector.satisfy import difference
from callint.selector.syntax import ALL
from callint.selector.values import Budget, ExhaustedError

_PEERS = (("ingress", "from"), ("egress", "to"))
_EVERY_POD = "{}"
_OF_EVERYTHING = frozenset({"all", "by", "default", "everything", "egress", "ingress", "netpol", "policy", "traffic"})
"""What the name of a policy is made of that does one thing with everything, beside deny or allow."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Kubernetes policies that mislead in one way, which `problem` names.

    `peer-or` (two list items where one was meant), `dns-over-tcp-alone` (port 53 without a protocol is TCP),
    `pod-addresses` (an ipBlock inside an IPPool), `types-mismatch` (rules of a direction that policyTypes leave out),
    `belied-name` (a policy that is called deny and allows all, or the other way round).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _policies(cluster: Cluster) -> Iterator[Resource]:
    for resource in cluster.kubernetes("NetworkPolicy", NETWORKING):
        if resource.legible:
            yield resource


def _rules(resource: Resource) -> Iterator[tuple[str, str, Path, dict[str, Any]]]:
    """Direction, the name of its list of peers, the way to the rule, and the rule."""
    for direction, side in _PEERS:
        for index, rule in fields.items(resource.spec, direction):
            if isinstance(rule, dict):
                yield direction, side, ("spec", direction, index), rule


def _peer_or(cluster: Cluster) -> Iterator[Breach]:
    for resource in _policies(cluster):
        for _, side, path, rule in _rules(resource):
            peers = [item for _, item in fields.items(rule, side) if isinstance(item, dict)]
            if len(peers) != 2 or set(peers[0]) != {"namespaceSelector"} or set(peers[1]) != {"podSelector"}:
                continue
            place = (*path, side, 1)
            yield Breach(
                f"{object_words(resource, resource.home)} names namespaces and pods in two items of "
                f'"{side}": that is all pods of the namespaces, and besides those pods of its own namespace; a single '
                "item would be those pods of the namespaces",
                resource.span(*place, "podSelector", key=True),
                resource.ref,
                place,
                (Related(resource.span(*path, side, 0, "namespaceSelector", key=True), "an item of its own"),),
                witness("selector", selector=f"{side}[0] or {side}[1]"),
                "if one item is meant, remove the dash before podSelector",
            )


def _dns_over_tcp_alone(cluster: Cluster) -> Iterator[Breach]:
    """Not where another policy of the same pods or of the namespace lets them ask, or one of another kind may."""
    asking = {
        (resource.namespace, _selected(resource))
        for resource in _policies(cluster)
        if any(_opens_udp(rule) for direction, _, _, rule in _rules(resource) if direction == "egress")
    }
    found = [
        (resource, place)
        for resource in _policies(cluster)
        if asking.isdisjoint({(resource.namespace, _EVERY_POD), (resource.namespace, _selected(resource))})
        for place in _without_protocol(resource)
    ]
    if found:
        placed = [one for _, one in model_of(cluster).policies]
        selectors = {id(one.policy.resource): one.selector for one in placed}
        openers = may_open(cluster, (one for one in placed if one.policy.resource.api_version != NETWORKING))
        budget = Budget(cluster.limits.comparisons)
        for resource, place in found:
            selector = selectors.get(id(resource), ALL)
            try:
                left = (difference(selector, one.selector, budget) for one in openers.candidates(selector))
                if not all(isinstance(labels, dict) for labels in left):
                    continue
            except ExhaustedError:
                yield unanswerable(cluster, resource)
                return
            yield _over_tcp_alone(resource, place)


def _over_tcp_alone(resource: Resource, place: Path) -> Breach:
    return Breach.at(
        resource,
        place,
        f"{object_words(resource, resource.home)} opens port 53 without a protocol, which is TCP alone: names are "
        "asked for over UDP",
        (),
        witness(
            "packet",
            protocol="udp",
            source="any",
            destination="any",
            destination_port=53,
            verdict="drop",
            decided_by="end of tier default, or a Deny before it",
        ),
        "list the port twice, with `protocol: UDP` and with `protocol: TCP`",
    )


def _without_protocol(resource: Resource) -> Iterator[Path]:
    """Ports 53 of egress for which no protocol is written."""
    for direction, _, path, rule in _rules(resource):
        for index, entry in fields.items(rule, "ports") if direction == "egress" else ():
            if isinstance(entry, dict) and fields.text(entry, "port") == "53" and "protocol" not in entry:
                yield (*path, "ports", index, "port")


def _selected(resource: Resource) -> str:
    """The pods of a policy, in words that are the same for the same selector."""
    return str(resource.spec.get("podSelector") or _EVERY_POD)


def _opens_udp(rule: dict[str, Any]) -> bool:
    """Whether an egress rule is open for UDP to port 53, to whatever peers."""
    ports = [entry for _, entry in fields.items(rule, "ports") if isinstance(entry, dict)]
    return not ports or any(_may_be_dns(entry) for entry in ports if fields.text(entry, "protocol") == "UDP")


def _may_be_dns(entry: fields.Plain) -> bool:
    """Whether a port is 53, or one out of a range; one by name may be."""
    first = decimal(fields.text(entry, "port") or "")
    return first is None or first <= DNS_PORTS[0] <= (fields.integer(entry, "endPort") or first)


def _pod_addresses(cluster: Cluster) -> Iterator[Breach]:
    unasked = (pool for pool in cluster.pools if pool.for_pods and not pool.on_request)
    pools = Enclosing((net, pool) for pool in unasked if (net := pool.net) is not None)
    held = {address for node in cluster.nodes for address in all_addresses(cluster, node)} if cluster.pools else set()
    for resource in _policies(cluster) if cluster.pools else ():
        for _, side, path, rule in _rules(resource):
            for index, peer in fields.items(rule, side):
                block = fields.mapping(peer, "ipBlock") if isinstance(peer, dict) else {}
                for net in prefixes((fields.text(block, "cidr") or "",)):
                    if net.length == BITS[net.family] and net.address in held:
                        continue
                    yield from _inside(resource, (*path, side, index, "ipBlock", "cidr"), net, pools)


def _inside(resource: Resource, path: Path, net: Prefix, pools: Enclosing[IPPool]) -> Iterator[Breach]:
    for cidr, pool in pools.of(net):
        if net.masked() != cidr:
            yield Breach.at(
                resource,
                path,
                f"{object_words(resource, resource.home)} names {net}, addresses of pods from IPPool "
                f'"{pool.name}": the next pod there may be any other',
                (Related(pool.span("cidr"), "gives addresses to pods"),),
                witness("address", address=str(net), pool=pool.cidr),
                "select pods by their labels, with podSelector and namespaceSelector",
            )
            return


def _types_mismatch(cluster: Cluster) -> Iterator[Breach]:
    for resource in _policies(cluster):
        types = fields.texts(resource.spec, "policyTypes")
        for direction, _ in _PEERS:
            if types and direction.capitalize() not in types and fields.items(resource.spec, direction):
                yield Breach.at(
                    resource,
                    ("spec", direction),
                    f"{object_words(resource, resource.home)} has {direction} rules, and its policyTypes "
                    f"are {' and '.join(types)} alone: the rules are never asked",
                    (Related(resource.span("spec", "policyTypes", key=True), f"without {direction.capitalize()}"),),
                    witness("reference", reference="policyTypes", values=types, missing=direction.capitalize()),
                    key=True,
                )


def _of_everything(rule: Any) -> bool:
    """Whether a rule names neither peers nor ports, by leaving them out or by empty lists."""
    return isinstance(rule, dict) and not any(rule.values())


def _belied_name(cluster: Cluster) -> Iterator[Breach]:
    """Names that say nothing but what a policy does with everything, and lists that do the opposite."""
    for resource in _policies(cluster):
        words = set(resource.name.split("-"))
        said = next((one for one in ("deny", "allow") if one in words), None)
        if said is None or not words <= _OF_EVERYTHING | {said} or (said == "allow" and "all" not in words):
            continue
        types = policy_types(resource.spec)
        directions = [one for one, _ in _PEERS]
        named = words.intersection(directions) or directions
        about = [one for one in directions if one in named and one.capitalize() in types]
        if not about:
            continue
        rules = {one: [rule for _, rule in fields.items(resource.spec, one)] for one in about}
        if said == "deny" and all(any(map(_of_everything, found)) for found in rules.values()):
            empty = next(index for index, rule in enumerate(rules[about[0]]) if _of_everything(rule))
            where: Path = ("spec", about[0], empty)
            what = "a rule of empty lists" if rules[about[0]][empty] else "an empty rule"
            does, why = "allows", f'{what} is about everything, and "{about[0]}: []" would deny it'
        elif said == "allow" and not all(rules.values()):
            about = [one for one, found in rules.items() if not found]
            where = ("spec", about[0]) if about[0] in resource.spec else ("metadata", "name")
            does, why = "denies", f'it has no rules, and an empty one, "{about[0]}: [{{}}]", would allow it'
        else:
            continue
        yield Breach.at(
            resource,
            where,
            f"{object_words(resource, resource.home)} {does} all {' and '.join(about)}: {why}",
            (Related(resource.span("metadata", "name"), "says the opposite"),) if where[0] == "spec" else (),
            witness("packet", direction=about[0], verdict="accept" if does == "allows" else "drop"),
        )


QUESTIONS: dict[str, Question] = {
    "peer-or": _peer_or,
    "dns-over-tcp-alone": _dns_over_tcp_alone,
    "pod-addresses": _pod_addresses,
    "types-mismatch": _types_mismatch,
    "belied-name": _belied_name,
}
