"""One packet of a set as `policy.walk` takes it."""

from __future__ import annotations

from callint.net.address import Family, format_address
from callint.net.packets import Packet as Point
from callint.net.ports import ICMP, ICMPV6
from callint.policy.packet import Packet, protocol_name

SOURCE_PORT = 40000
"""What clients send from, in a packet that is shown."""


def packet_at(family: Family, point: Point, arriving: str | None, leaving: str | None) -> Packet:
    """The packet at a node's interfaces."""
    icmp = point.protocol in (ICMP, ICMPV6)
    return Packet(
        arriving,
        leaving,
        format_address(family, point.source),
        format_address(family, point.destination),
        protocol_name(point.protocol),
        point.source_port,
        point.destination_port,
        point.icmp_type if icmp else None,
        point.icmp_code if icmp else None,
    )
