"""Packets as the proofs of findings."""

from __future__ import annotations

from typing import Any

from callint.finding import Witness, witness
from callint.net.address import Family, format_address
from callint.net.packets import Packet as Point
from callint.policy.packet import Packet, protocol_name
from callint.policy.symbolic.order import Item

_TOLD = Packet._fields[: Packet._fields.index("icmp_code") + 1]


def told(packet: Packet) -> dict[str, Any]:
    """What a witness tells of a packet on the wire."""
    return dict(zip(_TOLD, packet, strict=False))


def decided(direction: str, family: Family, point: Point, item: Item) -> Witness:
    """A packet of a set about which a rule or the end of a tier decides."""
    place = f"{item.direction} rule {item.rule.path[2]}" if item.rule else f"end of tier {item.policy.tier}"
    return witness(
        "packet",
        direction=direction,
        source=format_address(family, point.source),
        destination=format_address(family, point.destination),
        protocol=protocol_name(point.protocol),
        source_port=point.source_port,
        destination_port=point.destination_port,
        decided_by=f"policy {item.policy.name} {place}",
    )
