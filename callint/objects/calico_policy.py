"""Calico's own policies, tiers and rules as they are written (api/pkg/apis/projectcalico/v3)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from callint.calico import Road
from callint.calico.defaults import DEFAULT_TIER, DEFAULT_TIER_ORDER
from callint.finding import Path
from callint.objects import fields
from callint.objects.policy import Entity, Icmp, Policy, Rule, Services, Tier
from callint.objects.resource import Resource
from callint.record import NamedTuple

_new = tuple.__new__
"""Makes what there are tens of thousands of from the values of all its fields, without calling its constructor."""


class _Place(NamedTuple):
    """Where a rule stands in its object, and its sides that match everything: the same for all policies."""

    path: Path
    source: Entity
    destination: Entity


@lru_cache(maxsize=1 << 12)
def _place(base: Path, direction: str, index: int) -> _Place:
    path = (*base, direction, index)
    return _Place(path, Entity((*path, "source")), Entity((*path, "destination")))


def _entity(item: Any, anything: Entity) -> Entity:
    """One side of a rule; `anything` is what an absent one is."""
    if not item or not isinstance(item, dict):
        return anything
    path = anything.path
    selector = item.get("selector")
    if selector.__class__ is not str:
        selector = fields.as_text(selector)
    ports = fields.texts(item, "ports") if "ports" in item else ()
    nets = fields.texts(item, "nets") if "nets" in item else ()
    if _COMMON.issuperset(item):
        return _new(Entity, (path, nets, (), selector or None, None, None, (), None, None, ports, ()))
    accounts, services = fields.mapping(item, "serviceAccounts"), item.get("services")
    return Entity(
        path,
        nets,
        fields.texts(item, "notNets"),
        selector or None,
        fields.text(item, "notSelector") or None,
        fields.text(item, "namespaceSelector") or None,
        fields.texts(accounts, "names"),
        fields.text(accounts, "selector") or None,
        Services(fields.text(services, "name") or "", fields.text(services, "namespace") or None)
        if isinstance(services, dict)
        else None,
        ports,
        fields.texts(item, "notPorts"),
    )


_COMMON = frozenset(("nets", "selector", "ports"))
_USUAL = frozenset(("action", "protocol", "source", "destination"))
"""The fields that most sides of rules, and most rules, have alone."""


@lru_cache(maxsize=1 << 8)
def _action(written: str | None) -> str:
    return (written or "").capitalize()


def _icmp(plain: dict[str, Any], key: str) -> Icmp | None:
    value = plain.get(key)
    if not isinstance(value, dict):
        return None
    return Icmp(fields.integer(value, "type"), fields.integer(value, "code"))


def _rule(item: dict[str, Any], place: _Place) -> Rule:
    source, destination = item.get("source"), item.get("destination")
    if _USUAL.issuperset(item):
        action, protocol = item.get("action"), item.get("protocol")
        return _new(
            Rule,
            (
                place.path,
                _action(action if action.__class__ is str else fields.as_text(action)),
                None,
                protocol if protocol.__class__ is str else fields.as_text(protocol),
                None,
                None,
                None,
                _entity(source, place.source) if source else place.source,
                _entity(destination, place.destination) if destination else place.destination,
                False,
            ),
        )
    return Rule(
        place.path,
        _action(fields.text(item, "action")),
        fields.integer(item, "ipVersion") if "ipVersion" in item else None,
        fields.text(item, "protocol") if "protocol" in item else None,
        fields.text(item, "notProtocol") if "notProtocol" in item else None,
        _icmp(item, "icmp") if "icmp" in item else None,
        _icmp(item, "notICMP") if "notICMP" in item else None,
        _entity(source, place.source),
        _entity(destination, place.destination),
        isinstance(item.get("http"), dict),
    )


def rules(spec: dict[str, Any], direction: str, base: Path = ("spec",)) -> tuple[Rule, ...]:
    """The rules under `ingress` or `egress` of a plain spec."""
    written = spec.get(direction)
    if not written or not isinstance(written, list):
        return ()
    return tuple(
        [_rule(item, _place(base, direction, index)) for index, item in enumerate(written) if isinstance(item, dict)]
    )


def _default_types(spec: dict[str, Any], road: Road) -> tuple[str, ...]:
    """Directions of a policy that names none.

    Calicoctl and the API server count rules (api/pkg/defaults/networkpolicy.go); native CRDs look whether the keys are
    present (networkpolicy.mutatingadmissionpolicy.yaml); for raw CRD objects Felix takes both (policy_sorter.go).
    """
    if road == "crd":
        return ("Ingress", "Egress")
    if road == "native":
        ingress, egress = spec.get("ingress") is not None, spec.get("egress") is not None
    else:
        ingress, egress = bool(spec.get("ingress")), bool(spec.get("egress"))
    if egress:
        return ("Ingress", "Egress") if ingress else ("Egress",)
    return ("Ingress",)


@lru_cache(maxsize=1 << 8)
def _types(written: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.capitalize() for name in written))


def policy(resource: Resource, road: Road) -> Policy:
    """Read a GlobalNetworkPolicy, NetworkPolicy, StagedGlobalNetworkPolicy or StagedNetworkPolicy."""
    spec = resource.spec
    staged = resource.kind.startswith("Staged")
    is_global = resource.kind.endswith("GlobalNetworkPolicy")
    pre_dnat = is_global and bool(fields.flag(spec, "preDNAT"))
    do_not_track = is_global and bool(fields.flag(spec, "doNotTrack"))
    written = _types(fields.texts(spec, "types"))
    if pre_dnat and not written:
        types: tuple[str, ...] = ("Ingress",)
    else:
        types = written or _default_types(spec, road)
    return _new(
        Policy,
        (
            resource,
            resource.kind,
            resource.name,
            None if is_global else resource.namespace,
            fields.text(spec, "tier") or DEFAULT_TIER,
            fields.number(spec, "order"),
            fields.text(spec, "selector") or None,
            (fields.text(spec, "namespaceSelector") or None) if is_global else None,
            fields.text(spec, "serviceAccountSelector") or None,
            types,
            rules(spec, "ingress"),
            rules(spec, "egress"),
            is_global and bool(fields.flag(spec, "applyOnForward")),
            pre_dnat,
            do_not_track,
            staged,
            fields.text(spec, "stagedAction") or "Set",
        ),
    )


def tier(resource: Resource, road: Road) -> Tier:
    """Read a Tier; calicoctl and the API server store 1000000 for an absent order, CRD roads store none."""
    order = fields.number(resource.spec, "order")
    if order is None and road == "calicoctl":
        order = DEFAULT_TIER_ORDER
    action = fields.text(resource.spec, "defaultAction")
    return Tier(resource, resource.name, order, "Pass" if action == "Pass" else "Deny")
