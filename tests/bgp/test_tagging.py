"""Routes divided by prefixAdvertisements at once, against cutting by one network after the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callint.bgp.tagging import Tag, Tagging
from callint.net.address import Prefix
from callint.net.prefixes import PrefixSet, everything, exactly, within
from callint.objects import Cluster
from callint.objects.bgp import PrefixAdvertisement, bgp_configuration
from callint.objects.resource import Resource
from callint.source.load import parse
from callint.steps import Steps

NETWORKS = [Prefix(4, 10 << 24 | third << 14, length).masked() for length in (0, 16, 17, 18, 19) for third in range(4)]
CONFIGURATION = bgp_configuration(Resource(parse("{}").documents[0], (), {"metadata": {"name": "default"}}))
SETS = st.sampled_from(
    [everything(4), *map(within, NETWORKS), *map(exactly, NETWORKS), *(~within(one) for one in NETWORKS)]
).filter(bool)


def one_after_the_other(prefixes: PrefixSet, tags: list[Tag]) -> list[tuple[PrefixSet, tuple[Tag, ...]]]:
    pieces: list[tuple[PrefixSet, tuple[Tag, ...]]] = [(prefixes, ())]
    for tag in tags:
        inside = within(tag.network)
        cut = [((region & inside, (*found, tag)), (region - inside, found)) for region, found in pieces]
        pieces = [piece for both in cut for piece in both if piece[0]]
    return pieces


@given(SETS, st.lists(st.sampled_from(NETWORKS), max_size=7))
def test_every_tag_counts_whose_network_holds_a_route(prefixes: PrefixSet, networks: list[Prefix]) -> None:
    entries = [PrefixAdvertisement("", (), ("spec", place)) for place in range(len(networks))]
    tags = [Tag(one, (), entry, CONFIGURATION) for one, entry in zip(networks, entries, strict=True)]
    found = Tagging(4, tags).divide(prefixes, Steps(Cluster([]), "tags"))
    assert list(found) == one_after_the_other(prefixes, tags)
