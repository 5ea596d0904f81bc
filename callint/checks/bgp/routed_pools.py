"""The pools whose routes between nodes go over BGP."""

from __future__ import annotations

from functools import lru_cache

from callint.bgp.imports import kernel
from callint.bgp.network import network
from callint.bgp.pools import pools_of
from callint.bgp.services import listed, ranges
from callint.net.address import Family, Prefix
from callint.net.prefixes import within
from callint.objects import Cluster
from callint.objects.pool import IPPool


@lru_cache(maxsize=8)
def routed(cluster: Cluster) -> tuple[tuple[IPPool, Prefix], ...]:
    """The pools for pods whose routes BIRD is to install, with their networks; Felix does it for the others.

    Of a pool that cannot be read as a whole nobody knows it.
    """
    model = network(cluster)
    default = model.settings.default
    found: list[tuple[IPPool, Prefix]] = []
    for family in model.families:
        pools = pools_of(cluster, family)
        programmed = kernel(pools, ranges(listed(cluster, default), family), default, cluster.target.release)
        for pool, inside in pools.pools:
            if (
                pool.for_pods
                and not pool.unreadable
                and any(part.in_kernel for part in programmed.divide(within(inside)))
            ):
                found.append((pool, inside))
    return tuple(found)


def needs_routes(cluster: Cluster, family: Family | None = None) -> IPPool | None:
    """A pool, of one family or any, whose routes between nodes BIRD is to install; None where Felix does it for all."""
    return next((pool for pool, inside in routed(cluster) if family in (None, inside.family)), None)
