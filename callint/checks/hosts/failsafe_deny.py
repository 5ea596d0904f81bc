"""Rules that deny at host endpoints what failsafe ports have let through before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach, rule_words
from callint.checks.pod_template import pod_templates
from callint.finding import Related, Span, witness
from callint.net.ports import PROTOCOL_NAMES, parse_port, parse_protocol
from callint.objects import Cluster
from callint.objects.calico_node import environment
from callint.objects.policy import Policy, Rule
from callint.policy import model_of
from callint.policy.doubt import UndecidedError
from callint.policy.inventory import HostMember
from callint.policy.selectable import Selectable
from callint.policy.settings import Failsafe
from callint.selector.syntax import ALL

_DIRECTIONS = (("Inbound", "Ingress", "ingress"), ("Outbound", "Egress", "egress"))


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Deny rules that name a failsafe port open to all, in policies of host endpoints and nothing else that is known.

    Where the policy is about what hosts forward as well, or the rule names the node's own end, it may mean just that.
    Source: felix/rules/static.go, where failsafe ports precede policy of every sort. Takes no parameters.
    """
    inventory = model_of(cluster).inventory
    if not inventory.host_endpoints:
        return
    told = environment(cluster)
    labels = [one.labels for one in inventory.workloads] + [one.labels for one in pod_templates(cluster)]
    pods = Selectable((one, None) for one in labels)
    for _, placed in model_of(cluster).policies:
        policy, selector = placed.policy, placed.selector
        if policy.of_pods or policy.staged or policy.apply_on_forward or not policy.resource.whole:
            continue
        if selector == ALL or pods.any(selector):
            continue
        host = inventory.hosts.first(selector)
        for failsafe, type_, direction in _DIRECTIONS if host is not None else ():
            if host is not None and type_ in policy.types and f"FELIX_FAILSAFE{failsafe.upper()}HOSTPORTS" not in told:
                for rule in policy.rules_of(direction):
                    yield from _denied(cluster, policy, rule, host, failsafe)


def _denied(cluster: Cluster, policy: Policy, rule: Rule, host: HostMember, direction: str) -> Iterator[Breach]:
    own = rule.destination._replace(ports=()) if direction == "Inbound" else rule.source
    found = list(_open(cluster, rule, host, direction)) if rule.action == "Deny" and own.unconditional else []
    if not found:
        return
    index, first = found[0]
    listed = " and ".join(dict.fromkeys(f"{one.port.protocol} {one.port.port}" for _, one in found))
    what = "as a failsafe port it is" if len(found) == 1 else "as failsafe ports they are"
    resource, node = policy.resource, host.about.node
    place: Span = host.about.resource.span("metadata", "name")
    related = (Related(first.resource.span(*first.path), "open here"),) if first.resource is not None else ()
    yield Breach.at(
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
        f"write failsafe{direction}HostPorts in FelixConfiguration, without it or with a `net`, and keep what else the "
        "node lives on",
    )


def _open(cluster: Cluster, rule: Rule, host: HostMember, direction: str) -> Iterator[tuple[int, Failsafe]]:
    """The failsafe ports among those that a rule names one by one, with their places in it."""
    try:
        protocol = PROTOCOL_NAMES.get(parse_protocol(rule.protocol, any_case=True), "").lower()
        ports = {
            one.port.port: one
            for one in model_of(cluster).at(host.about.node).settings.failsafe(direction)
            if one.net is None and one.port.protocol == protocol
        }
        named = [parse_port(text) for text in rule.destination.ports]
    except (ValueError, UndecidedError):
        return
    for index, port in enumerate(named):
        if not isinstance(port, str) and port[0] == port[1] and port[0] in ports:
            yield index, ports[port[0]]
