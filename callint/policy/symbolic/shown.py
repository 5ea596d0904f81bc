"""The packet that is shown of those on which something decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from callint.net.address import FAMILIES, Family
from callint.net.packets import Packet
from callint.policy.symbolic.order import Item
from callint.policy.symbolic.point import usual
from callint.policy.symbolic.products import Sets, common, without
from callint.policy.symbolic.shadow import Shadows

_MOST_BEFORE = 16
"""So many things before the one that decides are looked at."""


def packet_of(sets: Sets) -> tuple[Family, Packet] | None:
    """One of the packets, with its family."""
    found = zip(FAMILIES, map(usual, sets), strict=True)
    return next(((family, point) for family, point in found if point is not None), None)


def decided_by(
    shadows: Shadows, packets: Sets, item: Item, items: Sequence[Item], more: Mapping[int, Sets] | None = None
) -> tuple[Family, Packet] | None:
    """One of the packets on which one of some things surely decides, and none of a few before it does.

    `more` is what the things, by number, decide on besides.
    """
    place = next(number for number, one in enumerate(items) if one is item)
    left = common(packets, _deciding(shadows, items, place, more))
    for number in range(min(place, _MOST_BEFORE)):
        fewer = without(left, _deciding(shadows, items, number, more))
        left = fewer if any(fewer) else left
    return packet_of(left)


def _deciding(shadows: Shadows, items: Sequence[Item], number: int, more: Mapping[int, Sets] | None) -> Sets:
    own, besides = shadows.surely(items[number], None), (more or {}).get(number)
    return own if besides is None else (own[0] | besides[0], own[1] | besides[1])
