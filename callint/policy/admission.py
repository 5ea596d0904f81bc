"""What of a written policy reaches Felix: some are refused or ignored as a whole, some lose a part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from callint.calico import Release, Road
from callint.calico.kinds import is_calico
from callint.finding import Path
from callint.net.address import parse_net
from callint.net.ports import WITH_PORTS, parse_port, parse_protocol
from callint.objects import Resource, fields
from callint.objects.policy import Entity, Icmp, Policy, Rule
from callint.selector import SelectorError, parse

ACTIONS = ("Allow", "Deny", "Pass", "Log")
_NAMED_PORTS_ALONE: Release = (3, 32)
_CATCH_ALL_REFUSED: Release = (3, 30)
_ENTITY_FIELDS = {
    "nets": "nets",
    "notNets": "not_nets",
    "selector": "selector",
    "notSelector": "not_selector",
    "namespaceSelector": "namespace_selector",
    "services": "services",
    "ports": "ports",
    "notPorts": "not_ports",
}
_RULE_FIELDS = {
    "ipVersion": "ip_version",
    "protocol": "protocol",
    "notProtocol": "not_protocol",
    "icmp": "icmp",
    "notICMP": "not_icmp",
}


def hidden(resource: Resource, path: Path) -> str | None:
    """What a schema error hides at, in or above a path, as a clause."""
    gap = resource.gap(path)
    return None if gap is None else f'{dotted(gap)} of {resource.kind} "{resource.name}", which could not be read'


def hidden_rule(policy: Policy, direction: str) -> str | None:
    """What is said of a rule that could not be read at all: a gap in the list that no rule stands for."""
    known = {rule.path for rule in policy.rules_of(direction)}
    for gap in policy.resource.gaps:
        if gap[:2] == ("spec", direction) and (len(gap) == 2 or (len(gap) == 3 and gap not in known)):
            return hidden(policy.resource, gap)
    return None


def dotted(path: Path) -> str:
    """`spec.ingress[0].source`."""
    shown = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return shown.lstrip(".") or "the content"


def readable(rule: Rule, resource: Resource) -> Rule:
    """The rule without what a schema error hides: it then demands less than the whole rule would."""
    if not resource.gaps or hidden(resource, rule.path) is None:
        return rule
    if not is_calico(resource.api_version):
        nothing = Entity(rule.path)
        return rule._replace(protocol=None, source=nothing, destination=nothing)
    changed = {_RULE_FIELDS[key]: None for key in resource.unreadable_fields(rule.path, _RULE_FIELDS)}
    source, destination = _readable(rule.source, resource), _readable(rule.destination, resource)
    return rule._replace(source=source, destination=destination, **changed)  # type: ignore[arg-type]  # each field admits None


def _readable(entity: Entity, resource: Resource) -> Entity:
    default = Entity(entity.path)
    unreadable = resource.unreadable_fields(entity.path, (*_ENTITY_FIELDS, "serviceAccounts"))
    changed = {name: getattr(default, name) for key, name in _ENTITY_FIELDS.items() if key in unreadable}
    if "serviceAccounts" in unreadable:
        changed |= {"service_account_names": (), "service_account_selector": None}
    if changed and entity.not_selector and changed.keys() & {"selector", "namespace_selector", "service_account_names"}:
        # beside something positive it narrows each endpoint, alone it excludes addresses: nobody knows which
        changed["not_selector"] = None
    return entity._replace(**changed)


def refusal(policy: Policy, road: Road, release: Release) -> str | None:
    """Why Felix has no such policy, as a clause; None if it has.

    Calicoctl and the API server refuse what their validator rejects. On other roads the object is stored, and Felix
    treats one that fails its own checks as missing (felix/calc/validation_filter.go, typha/pkg/validator/v1). A sound
    object needs no second look, and Kubernetes' own have rules of another form, staged ones too.
    """
    resource = policy.resource
    if not is_calico(resource.api_version) or policy.kind == "KubernetesNetworkPolicy" or resource.sound:
        return None
    strict = road == "calicoctl"
    return next(_complaints(policy, strict, road, release), None)


def _complaints(policy: Policy, strict: bool, road: Road, release: Release) -> Iterator[str]:
    resource = policy.resource
    if not hidden(resource, ("spec", "selector")):
        yield from _selector(policy.selector, "selector", strict)
    if strict:
        for field, text in (
            ("namespaceSelector", policy.namespace_selector),
            ("serviceAccountSelector", policy.service_account_selector),
        ):
            if not hidden(resource, ("spec", field)):
                yield from _selector(text, field, strict)
    if strict or release >= (3, 32):
        yield from _flags(policy)
    for rule in policy.rules:
        for complaint in _rule(readable(rule, resource), resource, strict, road, release):
            yield f"{rule.direction} rule {rule.number}: {complaint}"
        if strict:
            for complaint in _services(rule, policy.namespace):
                yield f"{rule.direction} rule {rule.number}: {complaint}"


def _flags(policy: Policy) -> Iterator[str]:
    if policy.pre_dnat and policy.do_not_track:
        yield "preDNAT and doNotTrack exclude each other"
    if policy.early and not policy.apply_on_forward:
        yield "preDNAT and doNotTrack need applyOnForward"
    if policy.pre_dnat and (policy.egress or policy.governs("egress")):
        yield "preDNAT policy has no egress"


def _selector(text: str | None, field: str, strict: bool) -> tuple[str, ...]:
    if not text:
        return ()
    complaints: list[str] = []
    try:
        parse(text)
    except SelectorError as error:
        complaints.append(f"{field}: {error}")
    if strict and field != "namespaceSelector of a rule" and "global(" in text:
        complaints.append(f'{field}: "global()" stands in namespaceSelector of a rule alone')
    return tuple(complaints)


def _rule(rule: Rule, resource: Resource, strict: bool, road: Road, release: Release) -> Iterator[str]:
    exact = road == "calicoctl" or release >= (3, 32)
    path = (*rule.path, "action")
    written = fields.as_text(fields.at(resource.plain, path)) or ""
    if (written if exact else rule.action) not in ACTIONS and not hidden(resource, path):
        yield f'"{written}" is no action'
    try:
        protocol = _protocol(rule.protocol, strict)
        _protocol(rule.not_protocol, strict)
    except ValueError as error:
        yield str(error)
        return
    if rule.ip_version not in (None, 4, 6):
        yield f'there is no IP version "{rule.ip_version}"'
    if rule.icmp is not None or rule.not_icmp is not None:
        for icmp in (rule.icmp, rule.not_icmp):
            yield from _icmp(icmp, exact)
    for entity in (rule.source, rule.destination):
        if entity.unconditional:
            continue
        for field, text in (
            ("selector", entity.selector),
            ("notSelector", entity.not_selector),
            ("namespaceSelector of a rule", entity.namespace_selector),
            ("namespaceSelector of a rule", entity.service_account_selector),
        ):
            if text:
                yield from _selector(text, field, strict)
        if entity.ports or entity.not_ports:
            unreadable = hidden(resource, (*rule.path, "protocol")) is not None
            yield from _ports((*entity.ports, *entity.not_ports), protocol, unreadable, release)
        if strict and (entity.nets or entity.not_nets):
            yield from _nets(entity, release)


def _protocol(text: str | None, strict: bool) -> int | None:
    return None if text is None else parse_protocol(text, any_case=not strict)


def _icmp(icmp: Icmp | None, exact: bool) -> Iterator[str]:
    if icmp is None:
        return
    if exact and icmp.type is None and icmp.code is not None:
        yield "an ICMP code needs a type"
    if not 0 <= (icmp.type or 0) <= 254 or not 0 <= (icmp.code or 0) <= 255:
        yield "the ICMP type or code is out of range"


@lru_cache(maxsize=1 << 16)
def _ports(texts: tuple[str, ...], protocol: int | None, unreadable: bool, release: Release) -> tuple[str, ...]:
    complaints = [error for text in texts if (error := _error(parse_port, text)) is not None]
    numbers = any(text.replace(":", "").isdigit() for text in texts)
    needs = texts and (numbers or release < _NAMED_PORTS_ALONE or protocol is not None)
    if needs and protocol not in WITH_PORTS and not unreadable:
        complaints.append("ports need the protocol TCP, UDP or SCTP")
    return tuple(complaints)


def _nets(entity: Entity, release: Release) -> Iterator[str]:
    for text in (*entity.nets, *entity.not_nets):
        error = _error(_strict_net, text)
        if error is not None:
            yield error
    if release >= _CATCH_ALL_REFUSED and any(text in ("0.0.0.0/0", "::/0") for text in entity.not_nets):
        yield "notNets excludes every address"


def _strict_net(text: str) -> object:
    return parse_net(text, bare=False)


@lru_cache(maxsize=1 << 16)
def _error(read: Callable[[str], object], text: str) -> str | None:
    try:
        read(text)
    except ValueError as error:
        return str(error)
    return None


def _services(rule: Rule, namespace: str | None) -> Iterator[str]:
    own, far = rule.ends
    if own.services is not None:
        yield "services stand only in the source of ingress and the destination of egress rules"
    if far.services is not None and namespace is None and not far.services.namespace:
        yield "services of a GlobalNetworkPolicy need a namespace"
