"""Communities that prefixAdvertisements attach to the routes that they hold (confd bgp_processor.go)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache

from callint.bgp.nodes import Settings
from callint.net.address import Family, Prefix
from callint.net.community import Community
from callint.net.overlapping import InOrder
from callint.net.prefixes import PrefixSet, union_all, within
from callint.net.read import community, network
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
        pieces = sorted(_pieces(self._family, self.tags, steps), key=lambda piece: (*piece.places, math.inf))
        near: InOrder[_Piece] = InOrder()
        for piece in pieces:
            near.add(piece.prefixes.addresses(), piece)
        return near, ~union_all(self._family, (piece.prefixes for piece in pieces))


def _pieces(family: Family, tags: Sequence[Tag], steps: Steps) -> Iterator[_Piece]:
    """What is inside of each network, but of none that is inside of this one."""
    own: dict[Prefix, list[int]] = {}
    for place, tag in enumerate(tags):
        own.setdefault(tag.network.masked(), []).append(place)
    counting: dict[Prefix, tuple[int, ...]] = {}
    inner: dict[Prefix, list[PrefixSet]] = {}
    around: list[Prefix] = []
    for net in sorted(own):
        while around and not around[-1].contains(net):
            around.pop()
        outer = around[-1] if around else None
        counting[net] = tuple(sorted((*own[net], *(counting[outer] if outer is not None else ()))))
        steps.spend(len(counting[net]))
        if outer is not None:
            inner.setdefault(outer, []).append(within(net))
        around.append(net)
    for net, places in counting.items():
        prefixes = within(net) - union_all(family, inner.get(net, ()))
        if prefixes:
            yield _Piece(prefixes, places)


def in_effect(settings: Settings, node: str) -> BGPConfiguration | None:
    """The configuration whose prefixAdvertisements count on a node: its own, where it has any, replaces the default."""
    own = settings.of_node(node)
    return own if own is not None and own.prefix_advertisements else settings.default


def tags(settings: Settings, node: str, family: Family) -> Tagging:
    """What is attached on a node: the same object on all on which the same configuration counts.

    Unknown names are dropped, and an entry without communities with them.
    """
    return _by_configuration(settings)(in_effect(settings, node), family)


@lru_cache(maxsize=8)
def _by_configuration(_: Settings) -> Callable[[BGPConfiguration | None, Family], Tagging]:
    return cache(lambda configuration, family: Tagging(family, tuple(_tags(configuration, family))))


def _tags(configuration: BGPConfiguration | None, family: Family) -> Iterator[Tag]:
    if configuration is None:
        return
    names = named(configuration)
    for entry in configuration.prefix_advertisements:
        communities = resolve(names, entry)
        inside = network(entry.cidr, family)
        if inside is not None and communities:
            yield Tag(inside, communities, entry, configuration)


def named(configuration: BGPConfiguration) -> Mapping[str, str | None]:
    """The communities that a BGPConfiguration gives names, as they are written."""
    return {one.name: one.value for one in configuration.communities}


def resolve(names: Mapping[str, str | None], entry: PrefixAdvertisement) -> tuple[Community, ...]:
    """The communities of an entry, names looked up among those of the same BGPConfiguration, each once."""
    read = (community(text) or community(names.get(text)) for text in entry.communities)
    return tuple(dict.fromkeys(one for one in read if one is not None))
