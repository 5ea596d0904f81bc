"""What of a written policy reaches Felix: some are refused or ignored as a whole, some lose a part."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from callint.calico import Release, Road, Target
from callint.calico.kinds import is_calico
from callint.finding import Path
from callint.net.address import parse_net
from callint.net.ports import WITH_PORTS, parse_port, parse_protocol
from callint.objects import Resource, fields
from callint.objects.policy import Entity, Icmp, Policy, Rule
from callint.selector import parse_or_none

_ACTIONS = ("Allow", "Deny", "Pass", "Log")
_NAMED_PORTS_ALONE: Release = (3, 32)
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


def refused(policy: Policy, road: Road, target: Target) -> bool:
    """Whether Felix has no such policy.

    Calicoctl and the API server refuse what their validator rejects. On other roads the object is stored, and Felix
    treats one that fails its own checks as missing (felix/calc/validation_filter.go, typha/pkg/validator/v1). A sound
    object needs no second look, and Kubernetes' own have rules of another form, staged ones too.
    """
    resource = policy.resource
    if not is_calico(resource.api_version) or policy.kind == "KubernetesNetworkPolicy" or resource.sound:
        return False
    strict = road == "calicoctl"
    exact = strict or target.release >= (3, 32)
    selectors = [("selector", policy.selector)]
    if strict:
        selectors.append(("namespaceSelector", policy.namespace_selector))
        selectors.append(("serviceAccountSelector", policy.service_account_selector))
    return (
        any(_bad_selector(text, strict) for field, text in selectors if text and not hidden(resource, ("spec", field)))
        or (exact and _flags_exclude(policy))
        or any(_bad_rule(readable(rule, resource), resource, strict, exact, target) for rule in policy.rules)
        or (strict and any(_services_misplaced(rule, policy.namespace) for rule in policy.rules))
    )


def _flags_exclude(policy: Policy) -> bool:
    """Whether `preDNAT` and `doNotTrack` exclude each other, lack `applyOnForward`, or `preDNAT` stands with egress."""
    if policy.pre_dnat and (policy.do_not_track or policy.egress or policy.governs("egress")):
        return True
    return policy.early and not policy.apply_on_forward


def _bad_selector(text: str, strict: bool, *, of_namespaces: bool = False) -> bool:
    """Whether it cannot be read; `global()` stands in selectors of namespaces of a rule alone."""
    return parse_or_none(text) is None or (strict and not of_namespaces and "global(" in text)


def _bad_rule(rule: Rule, resource: Resource, strict: bool, exact: bool, target: Target) -> bool:
    path = (*rule.path, "action")
    action = fields.as_text(fields.at(resource.plain, path)) if exact else rule.action
    if action not in _ACTIONS and not hidden(resource, path):
        return True
    try:
        protocol = _protocol(rule.protocol, strict)
        _protocol(rule.not_protocol, strict)
    except ValueError:
        return True
    if rule.ip_version not in (None, 4, 6) or _bad_icmp(rule.icmp, exact) or _bad_icmp(rule.not_icmp, exact):
        return True
    for entity in (rule.source, rule.destination):
        if entity.unconditional:
            continue
        for text, of_namespaces in (
            (entity.selector, False),
            (entity.not_selector, False),
            (entity.namespace_selector, True),
            (entity.service_account_selector, True),
        ):
            if text and _bad_selector(text, strict, of_namespaces=of_namespaces):
                return True
        if entity.ports or entity.not_ports:
            any_protocol = hidden(resource, (*rule.path, "protocol")) is not None
            if _bad_ports((*entity.ports, *entity.not_ports), protocol, any_protocol, target.release):
                return True
        if strict and (entity.nets or entity.not_nets) and _bad_nets(entity, target):
            return True
    return False


def _protocol(text: str | None, strict: bool) -> int | None:
    return None if text is None else parse_protocol(text, strict=strict)


def _bad_icmp(icmp: Icmp | None, exact: bool) -> bool:
    """Whether a code lacks its type, or one of both is out of range."""
    if icmp is None:
        return False
    if exact and icmp.type is None and icmp.code is not None:
        return True
    return not 0 <= (icmp.type or 0) <= 254 or not 0 <= (icmp.code or 0) <= 255


@lru_cache(maxsize=1 << 16)
def _bad_ports(texts: tuple[str, ...], protocol: int | None, any_protocol: bool, release: Release) -> bool:
    """Whether one cannot be read, or they lack a protocol that has ports."""
    if any(_fails(parse_port, text) for text in texts):
        return True
    numbers = any(text.replace(":", "").isdigit() for text in texts)
    needed = numbers or release < _NAMED_PORTS_ALONE or protocol is not None
    return needed and protocol not in WITH_PORTS and not any_protocol


def _bad_nets(entity: Entity, target: Target) -> bool:
    """Whether one cannot be read, or those left out are all addresses."""
    if any(_fails(_strict_net, text) for text in (*entity.nets, *entity.not_nets)):
        return True
    return target.refuses_catch_all and any(text in ("0.0.0.0/0", "::/0") for text in entity.not_nets)


def _strict_net(text: str) -> object:
    return parse_net(text, bare=False)


@lru_cache(maxsize=1 << 16)
def _fails(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return True
    return False


def _services_misplaced(rule: Rule, namespace: str | None) -> bool:
    """Services stand only at the far end of a rule, in a GlobalNetworkPolicy with a namespace."""
    own, far = rule.ends
    unscoped = far.services is not None and not far.services.namespace
    return own.services is not None or (namespace is None and unscoped)
