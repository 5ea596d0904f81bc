"""What earlier rules take of all packets, and the fewest of them that take what a later one asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from callint.net import cover
from callint.net.address import Family
from callint.net.cover import Product, TooManyCornersError
from callint.net.packets import Packet
from callint.policy.symbolic.order import Item
from callint.policy.symbolic.products import Sets, common, of_product, packet_of, products, without
from callint.policy.symbolic.shadow import Shadows
from callint.record import NamedTuple

_MOST_SHOWN = 20
_MOST_BEFORE = 16
"""So many things before the one that decides are looked at, for a packet on which none of them does."""


class _Union(NamedTuple):
    """The packets of `size` things in a row from number `first` on; halves make it up, one thing has none."""

    sets: Sets
    first: int
    size: int
    halves: tuple[_Union, ...] = ()


class Taken:
    """All packets on which somebody decides; to add to them one by one costs as little as to unite them as a tree.

    Of unions of 1, 2, 4, … things each size is there at most once, the oldest first.
    """

    def __init__(self) -> None:
        """Nobody decides yet."""
        self.items: list[Item] = []
        self._unions: list[_Union] = []

    def add(self, item: Item, sets: Sets) -> None:
        """The next thing and the packets on which it decides, if those before leave them to it."""
        found = _Union(sets, len(self.items), 1)
        self.items.append(item)
        while self._unions and self._unions[-1].size == found.size:
            other = self._unions.pop()
            both = (other.sets[0] | found.sets[0], other.sets[1] | found.sets[1])
            found = _Union(both, other.first, 2 * found.size, (other, found))
        self._unions.append(found)

    def left(self, sets: Sets) -> Sets:
        """What nobody decides on."""
        for one in self._unions:
            sets = without(sets, one.sets)
        return sets

    def first(self, sets: Sets) -> tuple[int, Sets] | None:
        """The number of the first thing that decides on some of the packets, and all on which it does."""
        pending = list(reversed(self._unions))
        while pending:
            one = pending.pop()
            if sets[0] & one.sets[0] or sets[1] & one.sets[1]:
                if not one.halves:
                    return one.first, one.sets
                pending += reversed(one.halves)
        return None


def fewest(
    shadows: Shadows, taken: Taken, packets: Sets, more: Mapping[int, Sets], spend: Callable[[int], None]
) -> Sequence[Item]:
    """Things that together decide on all the packets, of which none can be left out; the latest are left out first.

    `more` are packets on which some things, by number, decide besides. Packets that are left are not asked for. Where
    the search would take too long, the first things found stand for all. `spend` is told of the steps taken.
    """
    wanted = products(packets)
    chosen: dict[int, list[Product]] = {}
    try:
        while (corner := _corner(wanted, chosen, spend)) is not None:
            sets = of_product(shadows.spaces, corner)
            number, deciding = min(_candidates(taken, sets, more), key=_number)
            chosen[number] = products(deciding) + products(more.get(number, deciding))
        for number in sorted(chosen, reverse=True):
            others = {other: side for other, side in chosen.items() if other != number}
            if _corner(wanted, others, spend) is None:
                chosen = others
    except TooManyCornersError:
        return [taken.items[number] for number in sorted(chosen)[:_MOST_SHOWN]]
    return [taken.items[number] for number in sorted(chosen)]


def _candidates(taken: Taken, sets: Sets, more: Mapping[int, Sets]) -> list[tuple[int, Sets]]:
    """Things that decide on some of the packets, of each kind the first."""
    plain = taken.first(sets)
    besides = (
        number for number, other in sorted(more.items(), key=_number) if other[0] & sets[0] or other[1] & sets[1]
    )
    implied = next(besides, None)
    found = [] if plain is None else [plain]
    return found if implied is None else [*found, (implied, more[implied])]


def _number(pair: tuple[int, Sets]) -> int:
    return pair[0]


def _corner(
    wanted: Sequence[Product], chosen: Mapping[int, list[Product]], spend: Callable[[int], None]
) -> Product | None:
    every = [product for side in chosen.values() for product in side]
    size = sum(len(side) for product in every for side in product)
    for one in wanted:
        spend(size + len(every) * sum(map(len, one)))
        corner = cover.uncovered(one, every)
        if corner is not None:
            return corner
    return None


def decided_by(
    shadows: Shadows, packets: Sets, item: Item, items: Sequence[Item], more: Mapping[int, Sets]
) -> tuple[Family, Packet] | None:
    """One of the packets on which one of some things surely decides, and none of a few before it does.

    `more` is what the things, by number, decide on besides.
    """

    def deciding(number: int) -> Sets:
        own, besides = shadows.surely(items[number], None), more.get(number)
        return own if besides is None else (own[0] | besides[0], own[1] | besides[1])

    place = next(number for number, one in enumerate(items) if one is item)
    left = common(packets, deciding(place))
    for number in range(min(place, _MOST_BEFORE)):
        fewer = without(left, deciding(number))
        left = fewer if any(fewer) else left
    return packet_of(left)
