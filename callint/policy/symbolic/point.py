"""One packet of a set as `policy.walk` takes it."""

from __future__ import annotations

from callint.net.address import Family, format_address, parse_ip
from callint.net.packets import Packet as Point
from callint.net.packets import PacketSet
from callint.net.ports import ICMP, ICMPV6
from callint.policy.packet import Packet, protocol_name

SOURCE_PORT = 40000
"""What clients send from, in a packet that is shown."""
SOMEBODY: dict[Family, int] = {4: parse_ip("192.0.2.1").value, 6: parse_ip("2001:db8::1").value}
"""Stands for an address that nothing tells (RFC 5737, RFC 3849)."""
ANOTHER: dict[Family, int] = {4: parse_ip("192.0.2.2").value, 6: parse_ip("2001:db8::2").value}
"""Stands for another such address."""

USUAL_PORT = 443
"""What a service listens on, in a packet that is shown."""
_ECHO_REQUEST: dict[Family, int] = {4: 8, 6: 128}


def usual(packets: PacketSet) -> Point | None:
    """One of the packets, as usual as they have any: of a client of whom nothing is known, or an echo request."""
    family = packets.space.family
    return packets.witness(
        source=(SOMEBODY[family],),
        destination=(ANOTHER[family],),
        source_port=(SOURCE_PORT,),
        destination_port=(USUAL_PORT, _ECHO_REQUEST[family]),
    )


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
