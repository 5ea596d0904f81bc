"""Packets as the proofs of findings."""

from __future__ import annotations

from typing import Any

from callint.finding import Witness, witness
from callint.net.address import Family
from callint.net.packets import Packet as Point
from callint.policy import NodePolicy, Verdict
from callint.policy.packet import Packet
from callint.policy.symbolic.order import Item
from callint.policy.symbolic.point import SOURCE_PORT, packet_at

_TOLD = Packet._fields[: Packet._fields.index("icmp_code") + 1]


def told(packet: Packet) -> dict[str, Any]:
    """What a witness tells of a packet on the wire."""
    return dict(zip(_TOLD, packet, strict=False))


def stranger(address: str) -> str:
    """Somebody else than an address, of its IP version, of whom nothing is known."""
    others = ("2001:db8::1", "2001:db8::2") if ":" in address else ("192.0.2.1", "192.0.2.2")
    return next(other for other in others if other != address)


def forwarded(arriving: str, leaving: str) -> Packet:
    """The first packet of a connection between two of whom nothing is known, through a node."""
    return Packet(arriving, leaving, "192.0.2.1", "198.51.100.1", "tcp", SOURCE_PORT, 443)


def judged(here: NodePolicy, packet: Packet, verdict: Verdict) -> Witness:
    """A packet at a node, and what becomes of it."""
    return witness("packet", node=here.node, **told(packet), verdict=verdict.outcome, decided_by=verdict.decided_by)


def decided(direction: str, family: Family, point: Point, item: Item) -> Witness:
    """A packet of a set about which a rule or the end of a tier decides."""
    place = f"{item.direction} rule {item.rule.number}" if item.rule else f"end of tier {item.policy.tier}"
    return witness(
        "packet",
        direction=direction,
        **told(packet_at(family, point, None, None)),
        decided_by=f"policy {item.policy.name} {place}",
    )
