"""Communities that prefixAdvertisements attach (confd bgp_processor.go processCommunityRules)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from callint.bgp.nodes import Settings
from callint.bgp.tagging import Tag, Tagging
from callint.net.address import Family
from callint.net.community import Community
from callint.net.read import community, network
from callint.objects.bgp import BGPConfiguration, PrefixAdvertisement


def in_effect(settings: Settings, node: str) -> BGPConfiguration | None:
    """The configuration whose prefixAdvertisements count on a node: its own, where it has any, replaces the default."""
    own = settings.of_node(node)
    return own if own is not None and own.prefix_advertisements else settings.default


def tags(settings: Settings, node: str, family: Family) -> Tagging:
    """What is attached on a node: the same object on all on which the same configuration counts.

    Unknown names are dropped, and an entry without communities with them.
    """
    configuration, known = in_effect(settings, node), _known(settings)
    name = configuration.resource.name if configuration is not None else ""
    found = known.get((name, family))
    if found is None:
        attached = _tags(configuration, family) if configuration is not None else ()
        found = known[name, family] = Tagging(family, tuple(attached))
    return found


@lru_cache(maxsize=8)
def _known(settings: Settings) -> dict[tuple[str, Family], Tagging]:
    return {}


def _tags(configuration: BGPConfiguration, family: Family) -> Iterator[Tag]:
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
