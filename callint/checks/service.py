"""Services that a cluster cannot live without, after all policy at every host endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach, CheckError
from callint.finding import Path, Related, Span, witness
from callint.objects import Cluster, Resource
from callint.policy import Evaluator, model_of
from callint.policy.probe import Attempt, attempts
from callint.policy.services import SERVICES, Requirement, requirements


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Required services of which a packet is dropped.

    Parameters: `services`, names of services, each with `/tcp` or `/udp` behind it for one protocol alone; with
    `governed` true only what a policy governs counts, not what is dropped for want of any.
    """
    wanted = _wanted(parameters)
    governed = parameters.get("governed") is True
    if not cluster.host_endpoints:
        return
    model = model_of(cluster)
    for required in requirements(cluster):
        if required.service not in wanted:
            continue
        evaluator = model.evaluator(required.node)
        protocols = wanted[required.service]
        kept = tuple(flow for flow in required.flows if not protocols or flow.protocol in protocols)
        yield from _judge(cluster, evaluator, required._replace(flows=kept), governed=governed)


def _wanted(parameters: Mapping[str, Any]) -> dict[str, set[str]]:
    names = parameters.get("services")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CheckError('check "service" needs the parameter "services", a list of names')
    wanted: dict[str, set[str]] = {}
    for text in names:
        name, slash, protocol = text.partition("/")
        if name not in SERVICES or (slash and protocol not in ("tcp", "udp")):
            raise CheckError(f'check "service" knows no service "{text}", these are: {", ".join(SERVICES)}')
        protocols = wanted.setdefault(name, set())
        if slash:
            protocols.add(protocol)
    return wanted


def _judge(cluster: Cluster, evaluator: Evaluator, required: Requirement, *, governed: bool) -> Iterator[Breach]:
    """At most one breach for one service at one interface: the first packet dropped, else the first doubt."""
    doubt: Attempt | None = None
    for attempt in attempts(cluster, evaluator, required):
        if attempt.verdict.outcome == "drop" and (not governed or _by_policy(attempt)):
            yield _breach(cluster, evaluator, required, attempt)
            return
        if attempt.verdict.outcome == "unknown" and doubt is None and not governed:
            doubt = attempt
    if doubt is not None and not _said(cluster):
        yield _breach(cluster, evaluator, required, doubt)


def _said(cluster: Cluster) -> bool:
    """Whether a policy or endpoint could not be read: that is told where it stands, and the doubt is its shadow."""
    resources = cluster.of("HostEndpoint", "GlobalNetworkPolicy", "Tier", "FelixConfiguration", "GlobalNetworkSet")
    return any(resource.gaps or not resource.document.complete for resource in resources) or bool(cluster.incomplete)


def _by_policy(attempt: Attempt) -> bool:
    """Whether a policy dropped the packet, or the end of a tier in which one governs it."""
    return bool(attempt.verdict.steps) and attempt.verdict.steps[-1].tier is not None


def _breach(cluster: Cluster, evaluator: Evaluator, required: Requirement, attempt: Attempt) -> Breach:
    verdict, packet = attempt.verdict, attempt.packet
    resource, path, at_key = _place(cluster, evaluator, required, attempt)
    way = "to" if attempt.flow.direction == "in" else "from"
    port = f"{attempt.flow.protocol} port {attempt.flow.port}"
    about = f'{_TITLES[required.service]} {way} node "{required.node}" at "{required.interface}" ({port})'
    undecided = verdict.outcome == "unknown"
    if undecided:
        message = f"whether {about} is let through is not known: it depends on {verdict.unknown}"
    else:
        message = f"{about} is dropped by {_decider(attempt)}, though {required.reason}"
    return Breach(
        message,
        resource.span(*path, key=at_key),
        resource.ref,
        path,
        _related(evaluator, required, resource, required.span),
        witness(
            "packet",
            node=required.node,
            in_interface=packet.in_interface,
            out_interface=packet.out_interface,
            source=packet.source,
            destination=packet.destination,
            protocol=packet.protocol,
            source_port=packet.source_port,
            destination_port=packet.destination_port,
            verdict=None if undecided else verdict.outcome,
            decided_by=verdict.decided_by,
        ),
        help="" if undecided else _cure(required, attempt),
        undecided=undecided,
    )


def _decider(attempt: Attempt) -> str:
    """Who dropped the packet: a rule by its place in the policy, or the default in words."""
    verdict = attempt.verdict
    if verdict.policy is not None and len(verdict.path) > 2:
        _, direction, index = verdict.path[:3]
        return f'rule {direction}[{index}] of {verdict.policy.kind} "{verdict.policy.name}"'
    return verdict.decided_by.partition(" (")[0]


def _cure(required: Requirement, attempt: Attempt) -> str:
    flow = attempt.flow
    direction = "ingress" if flow.direction == "in" else "egress"
    before = " before that rule" if attempt.verdict.policy is not None and len(attempt.verdict.path) > 2 else ""
    return (
        f"allow {direction} of {flow.protocol} to port {flow.port} at the host endpoint of {required.interface}{before}"
    )


_TITLES = {
    "dns": "DNS",
    "dns-client": "DNS",
    "dhcp": "DHCP",
    "dhcp-client": "DHCP",
    "api-server": "the API server's clients' traffic",
    "api-client": "traffic to the API server",
}


def _place(
    cluster: Cluster, evaluator: Evaluator, required: Requirement, attempt: Attempt
) -> tuple[Resource, Path, bool]:
    """The action of the rule or the key of the list that decided, else the host endpoint whose policy is missing."""
    verdict = attempt.verdict
    if verdict.policy is not None:
        in_rule = bool(verdict.path) and isinstance(verdict.path[-1], int)
        return verdict.policy, ((*verdict.path, "action") if in_rule else verdict.path), not in_rule
    endpoint = evaluator.governance.of(required.interface).endpoint
    if endpoint is not None:
        return endpoint.about.resource, ("spec", "interfaceName"), False
    return next(one.resource for one in cluster.host_endpoints if one.node == required.node), ("spec", "node"), False


def _related(evaluator: Evaluator, required: Requirement, place: Resource, said: Span | None) -> tuple[Related, ...]:
    found = [Related(said, f"{required.service}: {required.reason}")] if said else []
    endpoint = evaluator.governance.of(required.interface).endpoint
    if endpoint is not None and endpoint.about.resource is not place:
        found.append(Related(endpoint.about.resource.span("metadata", "name"), "the host endpoint"))
    return tuple(found)
