"""Policies, their rules and tiers, whoever's they are: `calico_policy` and `kubernetes_policy` read them."""

from __future__ import annotations

from collections.abc import Iterator

from callint.finding import Path
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
