"""Addresses that IPReservations keep IPAM from giving out (api/pkg/apis/projectcalico/v3/ipreservation.go)."""

from __future__ import annotations

from functools import lru_cache

from callint.net import intervals
from callint.net.address import FAMILIES, Family, Prefix
from callint.net.intervals import Intervals
from callint.net.read import networks
from callint.objects import fields
from callint.objects.cluster import Cluster


def reserved(cluster: Cluster, net: Prefix) -> bool:
    """Whether no pod gets an address of a network; or perhaps none, where a reservation cannot be read."""
    known = _reserved(cluster)
    return known is None or intervals.covers(known[net.family], ((net.first, net.last),))


@lru_cache(maxsize=8)
def _reserved(cluster: Cluster) -> dict[Family, Intervals] | None:
    every = cluster.of("IPReservation")
    if not all(one.legible for one in every):
        return None
    texts = [text for one in every for text in fields.texts(one.spec, "reservedCIDRs")]
    return {family: intervals.from_prefixes(networks(texts, family)) for family in FAMILIES}
