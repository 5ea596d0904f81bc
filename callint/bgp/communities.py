"""Communities that prefixAdvertisements attach (confd bgp_processor.go processCommunityRules)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from callint.bgp.nodes import Settings
from callint.bgp.read import community, network
from callint.net.address import Family, Prefix
from callint.net.community import Community
from callint.objects.bgp import BGPConfiguration, PrefixAdvertisement
from callint.record import NamedTuple


class Tag(NamedTuple):
    """The communities that a node attaches to routes inside a network, on their way through Calico's own filter."""

    network: Prefix
    communities: tuple[Community, ...]
    advertisement: PrefixAdvertisement
    configuration: BGPConfiguration


def in_effect(settings: Settings, node: str) -> BGPConfiguration | None:
    """The configuration whose prefixAdvertisements count on a node: its own, where it has any, replaces the default."""
    own = settings.of_node(node)
    return own if own is not None and own.prefix_advertisements else settings.default


def tags(settings: Settings, node: str, family: Family) -> tuple[Tag, ...]:
    """What is attached on a node. Unknown names are dropped, and an entry without communities with them."""
    configuration = in_effect(settings, node)
    return _tags(configuration, family) if configuration is not None else ()


@lru_cache(maxsize=16)
def _tags(configuration: BGPConfiguration, family: Family) -> tuple[Tag, ...]:
    found = []
    names = named(configuration)
    for entry in configuration.prefix_advertisements:
        communities = resolve(names, entry)
        inside = network(entry.cidr, family)
        if inside is not None and communities:
            found.append(Tag(inside, communities, entry, configuration))
    return tuple(found)


def named(configuration: BGPConfiguration) -> Mapping[str, str | None]:
    """The communities that a BGPConfiguration gives names, as they are written."""
    return {one.name: one.value for one in configuration.communities}


def resolve(names: Mapping[str, str | None], entry: PrefixAdvertisement) -> tuple[Community, ...]:
    """The communities of an entry, names looked up among those of the same BGPConfiguration, each once."""
    read = (community(text) or community(names.get(text)) for text in entry.communities)
    return tuple(dict.fromkeys(one for one in read if one is not None))
