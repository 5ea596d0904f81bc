"""Rules that deny at host endpoints what failsafe ports have let through before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any

from callint.checks.breach import Breach, rule_words
from callint.checks.pod_template import pod_templates
from callint.finding import Related, Span, witness
from callint.net.ports import PROTOCOL_NAMES, parse_port, parse_protocol
from callint.objects import Cluster
from callint.objects.calico_node import environment
from callint.objects.policy import Policy, Rule
from callint.policy import Model, model_of
from callint.policy.doubt import UndecidedError
from callint.policy.inventory import HostMember
from callint.policy.selectable import Selectable
from callint.policy.settings import Failsafe
from callint.selector.syntax import ALL
from callint.steps import Steps, counted

_WAYS = {"ingress": "Inbound", "egress": "Outbound"}
_Service = tuple[str, int]


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Deny rules that name a failsafe port open to all, in policies of host endpoints and nothing else that is known.

    Where the policy is about what hosts forward as well, or the rule names the node's own end, it may mean just that.
    Source: felix/rules/static.go, where failsafe ports precede policy of every sort. Takes no parameters.
    """
    model = model_of(cluster)
    hosts = model.inventory.hosts
    if not model.inventory.host_endpoints:
        return
    told = environment(cluster)
    ways = {direction: way for direction, way in _WAYS.items() if f"FELIX_FAILSAFE{way.upper()}HOSTPORTS" not in told}
    labels = [one.labels for one in model.inventory.workloads] + [one.labels for one in pod_templates(cluster)]
    pods = Selectable((one, None) for one in labels)
    opened, steps = cache(partial(_opened, model)), Steps(cluster, "rules for failsafe ports with host endpoints")
    for _, placed in model.policies:
        policy, selector = placed.policy, placed.selector
        if policy.of_pods or policy.staged or policy.apply_on_forward or not policy.resource.whole:
            continue
        rules = [(rule, named) for way in ways for rule in policy.governed(way) if (named := _denied(rule))]
        if not rules or selector == ALL or pods.any(selector):
            continue
        selected = hosts.surely(selector)
        for rule, named in rules:
            for host in counted(selected, steps, 1):
                ports = opened(host.about.node, ways[rule.direction])
                found = [(index, ports[service]) for index, service in named if service in ports]
                if found:
                    yield _breach(policy, rule, host, found)
                    break


def _denied(rule: Rule) -> list[tuple[int, _Service]]:
    """What a rule denies of services at anybody that it names one by one, with their places in it."""
    own = rule.destination._replace(ports=()) if rule.direction == "ingress" else rule.source
    if rule.action != "Deny" or not own.unconditional:
        return []
    try:
        protocol = PROTOCOL_NAMES.get(parse_protocol(rule.protocol, any_case=True), "").lower()
        ports = [parse_port(text) for text in rule.destination.ports]
    except ValueError:
        return []
    single = ((index, port) for index, port in enumerate(ports) if not isinstance(port, str) and port[0] == port[1])
    return [(index, (protocol, port[0])) for index, port in single]


def _opened(model: Model, node: str, way: str) -> dict[_Service, Failsafe]:
    """The failsafe ports of a node that are open to everybody."""
    try:
        ports = model.at(node).settings.failsafe(way)
    except UndecidedError:
        return {}
    return {(one.port.protocol, one.port.port): one for one in ports if one.net is None}


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
