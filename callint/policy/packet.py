"""One packet, and what Calico says to it."""

from __future__ import annotations

from typing import Literal

from callint.finding import Path
from callint.net.address import Family, parse_ip
from callint.net.ports import ICMP, ICMPV6, PROTOCOLS, WITH_PORTS
from callint.objects import Resource
from callint.record import NamedTuple

Outcome = Literal["accept", "drop", "no-verdict", "unknown"]
Conntrack = Literal["new", "established", "related", "invalid", "untracked"]
Direction = Literal["ingress", "egress"]
DIRECTIONS: tuple[Direction, ...] = ("ingress", "egress")

_NUMBERS = {name.lower(): number for name, number in PROTOCOLS.items()}
_NAMES = {number: name for name, number in _NUMBERS.items()}


class Packet(NamedTuple):
    """A packet at a node: to the host with `in_interface` alone, from it with `out_interface` alone, else forwarded.

    Addresses are bare text, `protocol` a name in lower case or a number. `destination` and its port are those after
    DNAT; `pre_dnat_destination` and `pre_dnat_port` are those on the wire, where they differ.
    """

    in_interface: str | None
    out_interface: str | None
    source: str
    destination: str
    protocol: str | int
    source_port: int | None = None
    destination_port: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None
    pre_dnat_destination: str | None = None
    pre_dnat_port: int | None = None
    conntrack: Conntrack = "new"

    @property
    def translated(self) -> bool:
        """Whether the packet was sent to another destination than it reaches."""
        return self.pre_dnat_destination is not None or self.pre_dnat_port is not None


class Flow(NamedTuple):
    """The header fields of a packet as numbers; a port that is not given is None."""

    family: Family
    source: int
    destination: int
    protocol: int
    source_port: int | None
    destination_port: int | None
    icmp_type: int | None
    icmp_code: int | None

    @property
    def service(self) -> str:
        """`tcp:6443`, or the protocol alone."""
        name = protocol_name(self.protocol)
        return f"{name}:{self.destination_port}" if self.protocol in WITH_PORTS else name


class Step(NamedTuple):
    """One thing that happened to the packet: in which of Felix's chains, and what decided it.

    `path` leads into `policy`: to the rule, or to the list or value that made the default apply.
    """

    chain: str
    outcome: str
    reason: str
    endpoint: str | None = None
    tier: str | None = None
    policy: Resource | None = None
    path: Path = ()


class Verdict(NamedTuple):
    """What Calico says: `decided_by` in words, `policy` and `path` where an object decided, all steps in order.

    `outcome` is `unknown` exactly if `unknown` names a fact without which the packet's fate cannot be told.
    """

    outcome: Outcome
    decided_by: str
    policy: Resource | None = None
    path: Path = ()
    steps: tuple[Step, ...] = ()
    unknown: str | None = None


def read(packet: Packet, *, pre_dnat: bool = False) -> Flow:
    """The packet's numbers, as they are after DNAT or before it; raises ValueError with a sentence."""
    source = parse_ip(packet.source)
    destination = parse_ip(packet.destination)
    port = packet.destination_port
    if pre_dnat and packet.translated:
        destination = parse_ip(packet.pre_dnat_destination or packet.destination)
        port = packet.pre_dnat_port if packet.pre_dnat_port is not None else port
    if source.family != destination.family:
        raise ValueError(f'the packet goes from "{source}" to "{destination}", which is of the other IP version')
    return Flow(
        source.family,
        source.value,
        destination.value,
        protocol_number(packet.protocol),
        packet.source_port,
        port,
        packet.icmp_type,
        packet.icmp_code,
    )


def protocol_number(protocol: str | int) -> int:
    """The number of a protocol given by name or number; raises ValueError with a sentence."""
    if isinstance(protocol, str):
        number = _NUMBERS.get(protocol.lower())
        if number is not None:
            return number
        if not (protocol.isascii() and protocol.isdigit() and len(protocol) < 4):
            raise ValueError(f'"{protocol}" is no protocol; {", ".join(_NUMBERS)} or a number was expected')
        protocol = int(protocol)
    if not 0 <= protocol <= 255:
        raise ValueError(f"{protocol} is no protocol; a number from 0 to 255 was expected")
    return protocol


def protocol_name(number: int) -> str:
    """The lower-case name of a protocol, or its number as text."""
    return _NAMES.get(number, str(number))


def is_icmp(flow: Flow) -> bool:
    """Whether the packet is ICMP of its own IP version."""
    return flow.protocol == (ICMP if flow.family == 4 else ICMPV6)
