"""Ports that rules name, held against those that endpoints have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from callint.calico.defaults import NAMESPACE_LABEL
from callint.calico.kinds import is_calico
from callint.checks.breach import Breach, rule_words
from callint.checks.pod_template import pod_templates
from callint.finding import Path, Related, witness
from callint.net.ports import parse_port, parse_protocol
from callint.objects import Cluster, Resource, fields
from callint.objects.endpoint import EndpointPort
from callint.objects.policy import Policy, Rule
from callint.policy import model_of
from callint.policy.inventory import Endpoint
from callint.policy.labels import Labels
from callint.policy.match import entity_selectors
from callint.policy.selectable import Selectable
from callint.policy.tiers import policies_of, selector_of
from callint.schema.suggest import Words
from callint.selector import Selector, SelectorError
from callint.selector.rewrite import both


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Rules that none of the endpoints meets for want of a port of that name, where one has a similar one.

    No parameters. Nothing is said of a rule that names no port alone, whose endpoints are not known, or that any of
    them may meet (felix/labelindex/named_port_index.go: an endpoint without the port is not in the set).
    """
    bearers = Selectable((one.labels, one) for one in _bearers(cluster))
    for policy in policies_of(cluster):
        resource = policy.resource
        if not resource.document.complete or resource.gaps:
            continue
        for rule in (*policy.ingress, *policy.egress):
            names = _names(rule)
            if not names:
                continue
            try:
                selector = _at_the_end(policy, rule)
                protocol = parse_protocol(rule.protocol, any_case=True)
            except (SelectorError, ValueError):
                continue
            found = bearers.all(selector) if selector is not None else []
            hint = _meant(names, protocol, [one for one, _ in found])
            if hint is not None and any(sure for _, sure in found):
                yield _breach(policy, rule, names[0], hint)


class _Bearer(NamedTuple):
    """What may have named ports."""

    labels: Labels
    resource: Resource
    ports: Sequence[EndpointPort]


def _bearers(cluster: Cluster) -> Iterator[_Bearer]:
    inventory = model_of(cluster).inventory
    endpoints: tuple[Endpoint, ...] = (*inventory.host_endpoints, *inventory.workloads)
    for endpoint in endpoints:
        yield _Bearer(endpoint.labels, endpoint.about.resource, endpoint.about.ports)
    for one in pod_templates(cluster):
        if not one.host_network:
            namespace = one.resource.namespace
            known = {**one.labels.known, NAMESPACE_LABEL: namespace} if namespace else one.labels.known
            yield _Bearer(one.labels._replace(known=known), one.resource, one.ports)


def _names(rule: Rule) -> tuple[str, ...]:
    """The names in a rule that matches by names of ports alone."""
    ports = rule.destination.ports
    try:
        return ports if all(isinstance(parse_port(text), str) for text in ports) else ()
    except ValueError:
        return ()


def _at_the_end(policy: Policy, rule: Rule) -> Selector | None:
    """To whom a packet goes that the rule may match, as far as selectors say; None: to anybody."""
    positive, _ = entity_selectors(rule.destination, policy.namespace)
    if rule.path[1] == "egress":
        return positive
    return selector_of(policy) if positive is None else both(selector_of(policy), positive)


class _Hint(NamedTuple):
    """What was probably meant, in words, and who has it."""

    words: str
    bearer: _Bearer


def _meant(names: Sequence[str], protocol: int, bearers: Sequence[_Bearer]) -> _Hint | None:
    """None also where one of the names is there, or where what somebody has could not be read."""
    having: dict[str, _Bearer] = {}
    otherwise: dict[str, tuple[str, _Bearer]] = {}
    for bearer in bearers:
        if bearer.resource.gaps or not bearer.resource.document.complete:
            return None
        for port in bearer.ports:
            if parse_protocol(port.protocol, any_case=True) == protocol:
                having.setdefault(port.name, bearer)
            else:
                otherwise.setdefault(port.name, (port.protocol.upper(), bearer))
    if any(name in having for name in names):
        return None
    for name in names:
        if name in otherwise:
            other, bearer = otherwise[name]
            return _Hint(f"for {other} there is one", bearer)
        near = Words(sorted(having)).nearest(name)
        if near is not None:
            return _Hint(f'did you mean "{near}"', having[near])
    return None


def _breach(policy: Policy, rule: Rule, name: str, hint: _Hint) -> Breach:
    resource, path = policy.resource, _place(policy.resource, rule, name)
    return Breach(
        f"{rule_words(resource, rule.path)} matches nothing that is known, for no endpoint that it is about has a port "
        f'called "{name}" for {rule.protocol}; {hint.words}',
        resource.span(*path),
        resource.ref,
        path,
        (Related(hint.bearer.resource.span("metadata", "name"), "is what the rule is about"),),
        witness("reference", reference=f"port {name}", known=tuple(sorted({one.name for one in hint.bearer.ports}))),
    )


def _place(resource: Resource, rule: Rule, name: str) -> Path:
    if is_calico(resource.api_version):
        return (*rule.destination.path, "ports", rule.destination.ports.index(name))
    item = resource.spec[str(rule.path[1])][rule.path[2]]
    for index, port in fields.items(item, "ports"):
        if isinstance(port, dict) and port.get("port") == name:
            return (*rule.path, "ports", index, "port")
    return rule.path
