"""Sets of packets of both families as products of intervals, for the search for what others leave uncovered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from callint.net import intervals
from callint.net.address import FAMILIES, LAST, Family
from callint.net.cover import Product
from callint.net.packets import Box, Packet, PacketSet, PacketSpace
from callint.net.ports import ICMP, ICMPV6, WITH_PORTS
from callint.policy.symbolic.point import usual

Sets = tuple[PacketSet, PacketSet]
"""Packets of IPv4 and of IPv6."""

_PORTS = (("destination_port", "icmp_type"), ("source_port", "icmp_code"))
_BOTH_ICMP = intervals.from_values((ICMP, ICMPV6))
_PORTED = intervals.from_values(WITH_PORTS)
_CLASSES = (
    (_PORTED, 65535),
    (_BOTH_ICMP, 255),
    (intervals.complement(intervals.union(_PORTED, _BOTH_ICMP), 255), 0),
)


def common(one: Sets, other: Sets) -> Sets:
    """The packets of both."""
    return one[0] & other[0], one[1] & other[1]


def without(sets: Sets, taken: Sets) -> Sets:
    """The packets that are not taken."""
    return sets[0] - taken[0], sets[1] - taken[1]


def packet_of(sets: Sets) -> tuple[Family, Packet] | None:
    """One of the packets, with its family."""
    found = zip(FAMILIES, map(usual, sets), strict=True)
    return next(((family, point) for family, point in found if point is not None), None)


def products(sets: Sets) -> list[Product]:
    """The packets as products of intervals without free fields, the family first."""
    return [
        product
        for family, packets in zip(FAMILIES, sets, strict=True)
        for box in packets.boxes()
        for product in _product(box, family)
    ]


def of_product(spaces: Sequence[PacketSpace], product: Product) -> Sets:
    """A product as sets of packets."""
    ((family, _),), *sides = product
    one, other = (
        PacketSet(space, space.diagrams.product(sides)) if space.family == family else space.nothing for space in spaces
    )
    return one, other


def _product(box: Box, family: Family) -> Iterator[Product]:
    """A box without free fields; what stands for ports differs with the protocol (`callint.net.packets`)."""
    addresses = tuple(box.get(name, ((0, LAST[family]),)) for name in ("destination", "source"))
    for protocols, last in _CLASSES:
        inside = intervals.intersection(box.get("protocol", ((0, 255),)), protocols)
        high, low = (
            intervals.intersection(next((box[name] for name in names if name in box), ((0, last),)), ((0, last),))
            for names in _PORTS
        )
        if inside and high and low:
            yield (((family, family),), *addresses, inside, high, low)
