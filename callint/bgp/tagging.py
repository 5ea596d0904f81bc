"""Routes divided by the prefixAdvertisements that hold them, each of which counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from callint.net.address import Family, Prefix
from callint.net.community import Community
from callint.net.overlapping import InOrder
from callint.net.prefixes import PrefixSet, union_all, within
from callint.objects.bgp import BGPConfiguration, PrefixAdvertisement
from callint.record import NamedTuple
from callint.steps import Steps


class Tag(NamedTuple):
    """The communities that a node attaches to routes inside a network, on their way through Calico's own filter."""

    network: Prefix
    communities: tuple[Community, ...]
    advertisement: PrefixAdvertisement
    configuration: BGPConfiguration


class _Piece(NamedTuple):
    """All prefixes that are inside of the same networks, and the tags of these by place."""

    prefixes: PrefixSet
    places: tuple[int, ...]


class Tagging:
    """Tags in order, whose networks are one inside of another or apart; every one that holds a route counts."""

    def __init__(self, family: Family, tags: Sequence[Tag]) -> None:
        """Nothing is divided yet."""
        self.tags = tags
        self._family: Family = family
        self._divided: tuple[InOrder[_Piece], PrefixSet] | None = None

    def divide(self, prefixes: PrefixSet, steps: Steps) -> Iterator[tuple[PrefixSet, tuple[Tag, ...]]]:
        """The prefixes by the tags that count on them, those first that are in the first networks.

        Raises TooManyStepsError if too many are inside each other.
        """
        if not self.tags:
            yield prefixes, ()
            return
        if self._divided is None:
            self._divided = self._divide(steps)
        pieces, outside = self._divided
        for piece in pieces.near(prefixes.addresses()):
            if hit := prefixes & piece.prefixes:
                yield hit, tuple(self.tags[place] for place in piece.places)
        if rest := prefixes & outside:
            yield rest, ()

    def _divide(self, steps: Steps) -> tuple[InOrder[_Piece], PrefixSet]:
        pieces = sorted(_pieces(self._family, self.tags, steps), key=_earliest_first)
        near: InOrder[_Piece] = InOrder()
        for piece in pieces:
            near.add(piece.prefixes.addresses(), piece)
        return near, ~union_all(self._family, (piece.prefixes for piece in pieces))


def _earliest_first(piece: _Piece) -> tuple[float, ...]:
    return (*piece.places, float("inf"))


def _pieces(family: Family, tags: Sequence[Tag], steps: Steps) -> Iterator[_Piece]:
    """What is inside of each network, but of none that is inside of this one."""
    own: dict[Prefix, list[int]] = {}
    for place, tag in enumerate(tags):
        own.setdefault(tag.network.masked(), []).append(place)
    counting: dict[Prefix, tuple[int, ...]] = {}
    inner: dict[Prefix, list[PrefixSet]] = {}
    around: list[Prefix] = []
    for network in sorted(own):
        while around and not around[-1].contains(network):
            around.pop()
        outer = around[-1] if around else None
        counting[network] = tuple(sorted((*own[network], *(counting[outer] if outer is not None else ()))))
        steps.spend(len(counting[network]))
        if outer is not None:
            inner.setdefault(outer, []).append(within(network))
        around.append(network)
    for network, places in counting.items():
        prefixes = within(network) - union_all(family, inner.get(network, ()))
        if prefixes:
            yield _Piece(prefixes, places)
