"""Rules that deny at host endpoints what failsafe ports have let through before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from callint.checks.breach import Breach, rule_words
from callint.checks.pod_template import known_pods
from callint.finding import Related, Span, witness
from callint.net.ports import PROTOCOL_NAMES, parse_port, parse_protocol
from callint.objects import Cluster
from callint.objects.policy import Policy, Rule
from callint.policy import model_of
from callint.policy.doubt import UndecidedError
from callint.policy.failsafes import Failsafe
from callint.policy.inventory import HostMember
from callint.policy.selectable import Selectable
from callint.selector import Selector
from callint.selector.syntax import ALL
from callint.steps import Steps

_WAYS = {"ingress": "Inbound", "egress": "Outbound"}
_Service = tuple[str, int]


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Deny rules that name a failsafe port open to all, in policies of host endpoints and nothing else that is known.

    Where the policy is about what hosts forward as well, or the rule names the node's own end, it may mean just that.
    Source: felix/rules/static.go, where failsafe ports precede policy of every sort. Takes no parameters.
    """
    model = model_of(cluster)
    if not model.inventory.host_endpoints:
        return
    steps = Steps(cluster, "selectors with labels")
    pods, ports = known_pods(cluster).within(steps), _Ports(cluster, steps)
    for _, placed in model.policies:
        policy, selector = placed.policy, placed.selector
        if policy.of_pods or policy.staged or policy.apply_on_forward or not policy.resource.whole:
            continue
        rules = [(rule, named) for rule in policy.governing if (named := _denied(rule))]
        if not rules or selector == ALL or pods.any(selector):
            continue
        for rule, named in rules:
            host = ports.open_at(rule.direction, [service for _, service in named], selector)
            if host is not None:
                there = ports.of(host.about.node, rule.direction)
                yield _breach(policy, rule, host, [(index, there[one]) for index, one in named if one in there])


class _Ports:
    """The failsafe ports that are open to everybody."""

    def __init__(self, cluster: Cluster, steps: Steps) -> None:
        self._steps = steps
        self._model = model_of(cluster)
        self.of = cache(self._of)
        self._hosts = cache(self._hosts_with)

    def open_at(self, direction: str, services: list[_Service], selector: Selector) -> HostMember | None:
        """A host endpoint with one of some services open among those that a selector matches for certain."""
        found = (self._hosts(direction).get(one) for one in services)
        return next((host for one in found if one is not None and (host := one.first(selector))), None)

    def _of(self, node: str, direction: str) -> dict[_Service, Failsafe]:
        way = _WAYS[direction]
        try:
            ports = self._model.at(node).settings.failsafe(way)
        except UndecidedError:
            return {}
        return {(one.port.protocol, one.port.port): one for one in ports if one.net is None}

    def _hosts_with(self, direction: str) -> dict[_Service, Selectable[HostMember]]:
        found: dict[_Service, list[HostMember]] = {}
        for host in self._model.inventory.host_endpoints:
            for service in self.of(host.about.node, direction):
                found.setdefault(service, []).append(host)
        return {
            service: Selectable(((one.labels, one) for one in hosts), self._steps) for service, hosts in found.items()
        }


def _denied(rule: Rule) -> list[tuple[int, _Service]]:
    """The services that a rule denies and names one by one, with their places in it, if it names no node of its own."""
    if rule.action != "Deny" or not rule.destination.ports:
        return []
    own = rule.destination._replace(ports=()) if rule.direction == "ingress" else rule.source
    if not own.unconditional:
        return []
    try:
        protocol = PROTOCOL_NAMES.get(parse_protocol(rule.protocol), "").lower()
        ports = [parse_port(text) for text in rule.destination.ports]
    except ValueError:
        return []
    single = ((index, port) for index, port in enumerate(ports) if not isinstance(port, str) and port[0] == port[1])
    return [(index, (protocol, port[0])) for index, port in single]


def _breach(policy: Policy, rule: Rule, host: HostMember, found: list[tuple[int, Failsafe]]) -> Breach:
    index, first = found[0]
    listed = " and ".join(dict.fromkeys(f"{one.port.protocol} {one.port.port}" for _, one in found))
    what = "as a failsafe port it is" if len(found) == 1 else "as failsafe ports they are"
    resource, node = policy.resource, host.about.node
    place: Span = host.about.resource.span("metadata", "name")
    related = (Related(first.resource.span(*first.path), "open here"),) if first.resource is not None else ()
    return Breach.at(
        resource,
        (*rule.destination.path, "ports", index),
        f'{rule_words(resource, rule.path)} denies {listed} in vain: {what} open at node "{node}" before any policy '
        "is asked",
        (Related(place, "is selected"), *related),
        witness(
            "packet",
            node=node,
            direction=rule.direction,
            protocol=first.port.protocol,
            destination_port=first.port.port,
            verdict="accept",
            decided_by="failsafe",
        ),
        f"write failsafe{_WAYS[rule.direction]}HostPorts in FelixConfiguration, without it or with a `net`, and keep "
        "what else the node lives on",
    )
