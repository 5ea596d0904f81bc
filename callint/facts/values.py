"""The facts of a node as values: what is None was not said, and stays unknown."""

from __future__ import annotations

from typing import Literal

from callint.finding import Span
from callint.net.address import Address as IPAddress
from callint.net.address import Family, Prefix
from callint.record import NamedTuple

Verdict = Literal["accept", "drop"]
USUAL_METRIC: dict[Family, int] = {4: 0, 6: 1024}
_DEAD = ("blackhole", "unreachable", "prohibit")


class Address(NamedTuple):
    """An address with a prefix length, 32 or 128 where it stands alone; `value` is the address as an integer."""

    text: str
    version: Family
    value: int
    length: int
    span: Span

    @property
    def bare(self) -> IPAddress:
        """The address alone."""
        return IPAddress(self.version, self.value)

    @property
    def prefix(self) -> Prefix:
        """The address with its length."""
        return Prefix(self.version, self.value, self.length)

    @property
    def first(self) -> int:
        """The lowest address of the prefix."""
        return self.prefix.first

    @property
    def last(self) -> int:
        """The highest address of the prefix."""
        return self.prefix.last


class Forwarding(NamedTuple):
    """Whether packets that come in by an interface are forwarded, for each IP version."""

    ipv4: bool | None = None
    ipv6: bool | None = None
    span: Span | None = None

    def of(self, version: Family) -> bool | None:
        """The answer for one IP version."""
        return self.ipv4 if version == 4 else self.ipv6


class Interface(NamedTuple):
    """A network interface of the node; the span is that of its name, `mtu` is in bytes of IP."""

    name: str
    span: Span
    addresses: tuple[Address, ...] | None = None
    forwarding: Forwarding = Forwarding()
    up: bool | None = None
    kind: str | None = None
    master: str | None = None
    mtu: int | None = None


class Route(NamedTuple):
    """A route of the node's kernel; the span is that of its destination.

    `metric` None is the kernel's own default; several next hops are several routes.
    """

    destination: Address
    span: Span
    gateway: Address | None = None
    interface: str | None = None
    source: Address | None = None
    protocol: str | None = None
    metric: int | None = None
    table: str = "main"
    type: str = "unicast"

    @property
    def usual_metric(self) -> int:
        """The metric, that of the kernel where none is given."""
        return USUAL_METRIC[self.destination.version] if self.metric is None else self.metric

    @property
    def dead(self) -> bool:
        """Whether packets end there."""
        return self.type in _DEAD


class Listener(NamedTuple):
    """A socket that takes packets from anyone: tcp, udp, sctp with a port, or raw for an IP protocol number.

    `address` None is any address of the IP `versions`.
    """

    protocol: str | int
    port: int | None
    span: Span
    address: Address | None = None
    versions: tuple[Family, ...] = (4, 6)
    interface: str | None = None
    process: str | None = None

    @property
    def everywhere(self) -> bool:
        """Whether it takes what is sent to any address of the node."""
        return self.interface is None and (self.address is None or self.address.value == 0)


class Service(NamedTuple):
    """What the node must offer at an interface; protocol and port None are those that the known name stands for."""

    name: str
    interface: str
    span: Span
    protocol: str | None = None
    port: int | None = None


class Policy(NamedTuple):
    """What a built-in chain of the host's own firewall does with a packet that no rule decided."""

    verdict: Verdict
    span: Span


class Firewall(NamedTuple):
    """The policies of the host's own chains, for packets to, through and from the node."""

    input: Policy | None = None
    forward: Policy | None = None
    output: Policy | None = None


class NodeFacts(NamedTuple):
    """All that is known of one node; the span is that of its name.

    A tuple is complete (what is not in it does not exist), None is unknown. `gaps` names the sections of the file in
    which something could not be read: their tuples are not complete.
    """

    node: str
    span: Span
    interfaces: tuple[Interface, ...] | None = None
    routes: tuple[Route, ...] | None = None
    listeners: tuple[Listener, ...] | None = None
    services: tuple[Service, ...] | None = None
    roles: tuple[str, ...] | None = None
    firewall: Firewall = Firewall()
    forwarding: Forwarding = Forwarding()
    workload_prefixes: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    gaps: frozenset[str] = frozenset()

    def interface(self, name: str) -> Interface | None:
        """The interface of this name, None where there is none or none is known."""
        return next((interface for interface in self.interfaces or () if interface.name == name), None)

    @property
    def addresses(self) -> list[tuple[Interface, Address]]:
        """The addresses that are known, each with the interface that has it."""
        return [(interface, one) for interface in self.interfaces or () for one in interface.addresses or ()]

    def default_routes(self, version: Family) -> list[Route]:
        """The default routes of the main table that are known."""
        main = (one for one in self.routes or () if one.table == "main")
        return [one for one in main if one.destination.version == version and one.destination.length == 0]

    def knows(self, section: str) -> bool:
        """Whether `section` (interfaces, routes, listeners or services) was given and read without a gap."""
        key = "listening" if section == "listeners" else section
        return getattr(self, section) is not None and key not in self.gaps
