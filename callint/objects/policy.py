"""Policies, their rules and tiers (api/pkg/apis/projectcalico/v3/globalnetworkpolicy.go, networkpolicy.go, tier.go)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from callint.calico import Road
from callint.calico.defaults import DEFAULT_TIER, DEFAULT_TIER_ORDER
from callint.finding import Path
from callint.objects import fields
from callint.objects.resource import Resource
from callint.record import NamedTuple


class Services(NamedTuple):
    """A reference to a Service by name; without namespace it matches nothing in an NP and is refused in a GNP."""

    name: str
    namespace: str | None


class Entity(NamedTuple):
    """One side of a rule, as written; ports are numbers, ranges `a:b` or names."""

    path: Path
    nets: tuple[str, ...] = ()
    not_nets: tuple[str, ...] = ()
    selector: str | None = None
    not_selector: str | None = None
    namespace_selector: str | None = None
    service_account_names: tuple[str, ...] = ()
    service_account_selector: str | None = None
    services: Services | None = None
    ports: tuple[str, ...] = ()
    not_ports: tuple[str, ...] = ()

    @property
    def unconditional(self) -> bool:
        """Whether every address and port meets it."""
        return self[1:] == _NO_CRITERIA


_NO_CRITERIA = Entity(())[1:]


class Icmp(NamedTuple):
    """Type and code; both absent is not written."""

    type: int | None
    code: int | None


class Rule(NamedTuple):
    """One rule of a policy or profile; the action in the case that Felix gives it, whichever was written."""

    path: Path
    action: str
    ip_version: int | None
    protocol: str | None
    not_protocol: str | None
    icmp: Icmp | None
    not_icmp: Icmp | None
    source: Entity
    destination: Entity
    http: bool

    @property
    def direction(self) -> str:
        """In which list it stands: `ingress` or `egress`."""
        return str(self.path[1])

    @property
    def number(self) -> str | int:
        """Its place in that list."""
        return self.path[2]

    @property
    def ends(self) -> tuple[Entity, Entity]:
        """The side of the policy's own endpoints, and the other one."""
        return (self.source, self.destination) if self.direction == "egress" else (self.destination, self.source)

    @property
    def opens(self) -> bool:
        """Whether it lets packets through, or leaves them to later tiers that may."""
        return self.action in ("Allow", "Pass")

    @property
    def unconditional(self) -> bool:
        """Whether every packet meets it."""
        asked = (self.ip_version, self.protocol, self.not_protocol, self.icmp, self.not_icmp)
        anybody = self.source.unconditional and self.destination.unconditional
        return anybody and not self.http and all(one is None for one in asked)


_TYPES = {"ingress": "Ingress", "egress": "Egress"}


class Policy(NamedTuple):
    """A GlobalNetworkPolicy, NetworkPolicy or a staged one; `types` is what Felix enforces, defaults filled in.

    The default of `types` depends on the road: policy-semantics, section 0.
    """

    resource: Resource
    kind: str
    name: str
    namespace: str | None
    tier: str
    order: float | None
    selector: str | None
    namespace_selector: str | None
    service_account_selector: str | None
    types: tuple[str, ...]
    ingress: tuple[Rule, ...]
    egress: tuple[Rule, ...]
    apply_on_forward: bool = False
    pre_dnat: bool = False
    do_not_track: bool = False
    staged: bool = False
    staged_action: str = "Set"

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Those of ingress, then those of egress."""
        return (*self.ingress, *self.egress)

    def rules_of(self, direction: str) -> tuple[Rule, ...]:
        """Those of `ingress` or of `egress`."""
        return self.ingress if direction == "ingress" else self.egress

    def governs(self, direction: str) -> bool:
        """Whether it is about `ingress`, or `egress`, by its types."""
        return _TYPES[direction] in self.types

    def governed(self, direction: str) -> tuple[Rule, ...]:
        """The rules of a direction that it governs."""
        return self.rules_of(direction) if self.governs(direction) else ()

    @property
    def governing(self) -> tuple[Rule, ...]:
        """The rules of the directions that it governs, those of ingress first."""
        return self.governed("ingress") + self.governed("egress")

    def sides(self) -> Iterator[Entity]:
        """The sources and destinations of all rules."""
        return (side for rule in self.rules for side in (rule.source, rule.destination))

    @property
    def early(self) -> bool:
        """Whether it is asked before connections are tracked or destinations translated, as hosts alone do."""
        return self.pre_dnat or self.do_not_track

    @property
    def tracked(self) -> bool:
        """Whether it is enforced, and on tracked packets, as those of pods are."""
        return not self.staged and not self.early

    def tracks(self, direction: str) -> bool:
        """Whether tracked packets of endpoints that it selects are asked about by it in a direction."""
        return self.tracked and self.governs(direction)

    @property
    def of_pods(self) -> bool:
        """Whether it selects pods alone: host endpoints have neither a namespace nor a service account."""
        return bool(self.namespace is not None or self.namespace_selector or self.service_account_selector)


class Tier(NamedTuple):
    """An ordered group of policies; an absent order is last, except where the Go default fills in 1000000."""

    resource: Resource | None
    name: str
    order: float | None
    default_action: str


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
    selector = fields.text(item, "selector") if "selector" in item else None
    ports = fields.texts(item, "ports") if "ports" in item else ()
    nets = fields.texts(item, "nets") if "nets" in item else ()
    if _COMMON.issuperset(item):
        return Entity(path, nets, (), selector or None, None, None, (), None, None, ports)
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
        return Rule(
            place.path,
            _action(fields.text(item, "action")),
            None,
            fields.text(item, "protocol"),
            None,
            None,
            None,
            _entity(source, place.source) if source else place.source,
            _entity(destination, place.destination) if destination else place.destination,
            False,
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


def default_types(spec: dict[str, Any], road: Road) -> tuple[str, ...]:
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
        types = written or default_types(spec, road)
    return Policy(
        resource=resource,
        kind=resource.kind,
        name=resource.name,
        namespace=None if is_global else resource.namespace,
        tier=fields.text(spec, "tier") or DEFAULT_TIER,
        order=fields.number(spec, "order"),
        selector=fields.text(spec, "selector") or None,
        namespace_selector=(fields.text(spec, "namespaceSelector") or None) if is_global else None,
        service_account_selector=fields.text(spec, "serviceAccountSelector") or None,
        types=types,
        ingress=rules(spec, "ingress"),
        egress=rules(spec, "egress"),
        apply_on_forward=is_global and bool(fields.flag(spec, "applyOnForward")),
        pre_dnat=pre_dnat,
        do_not_track=do_not_track,
        staged=staged,
        staged_action=fields.text(spec, "stagedAction") or "Set",
    )


def tier(resource: Resource, road: Road) -> Tier:
    """Read a Tier; calicoctl and the API server store 1000000 for an absent order, CRD roads store none."""
    order = fields.number(resource.spec, "order")
    if order is None and road == "calicoctl":
        order = DEFAULT_TIER_ORDER
    action = fields.text(resource.spec, "defaultAction")
    return Tier(resource, resource.name, order, "Pass" if action == "Pass" else "Deny")
