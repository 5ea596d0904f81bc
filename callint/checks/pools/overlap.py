"""IPPools that have addresses of another one, and what becomes of the later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from callint.calico.defaults import CHECKED_POOLS
from callint.checks.breach import Breach
from callint.finding import Related, witness
from callint.net.address import Prefix
from callint.objects import Cluster
from callint.objects.pool import IPPool

_MOST_SHOWN = 10


def overlap(cluster: Cluster) -> Iterator[Breach]:
    """Pools with addresses of an earlier one.

    On roads where nobody refuses the second pool, one that is disabled is in nobody's way, but for what is equal.
    """
    yield from _unseen(cluster)
    networks = [
        (pool, net)
        for pool in cluster.pools
        if pool.legible and (net := pool.net) is not None
        if not pool.disabled or cluster.road(pool.resource) == "calicoctl"
    ]
    for place, others in _by_folder(cluster, networks):
        (second, other), (first, one) = networks[place], networks[others[0]]
        how = "is" if one == other else "overlaps"
        yield Breach.at(
            second.resource,
            second.path("cidr"),
            f'the network of IPPool "{second.name}" {how} that of "{first.name}": {_outcome(cluster, second)}',
            tuple(
                Related(networks[found][0].span("cidr"), "has these addresses too") for found in others[:_MOST_SHOWN]
            ),
            witness("address", address=str(max(one, other, key=lambda net: net.length).address), pool=first.cidr),
        )


def _unseen(cluster: Cluster) -> Iterator[Breach]:
    """Pools in whose place Felix and BIRD see one with the same network and another switch, for its name is first.

    libcalico-go/lib/backend/syncersv1/updateprocessors conflictresolvingcacheproc, by the CIDR that is the key.
    """
    alike: dict[tuple[str, Prefix], list[IPPool]] = {}
    for pool in cluster.pools:
        if pool.legible and pool.net is not None and cluster.road(pool.resource) != "calicoctl":
            alike.setdefault((pool.resource.folder if cluster.apart else "", pool.net), []).append(pool)
    for pools in alike.values():
        seen = min(pools, key=lambda pool: pool.name)
        for pool in pools:
            if pool.disabled != seen.disabled:
                yield Breach.at(
                    pool.resource,
                    pool.path("cidr"),
                    f'the network of IPPool "{pool.name}" is that of "{seen.name}", which Felix and BIRD see alone, '
                    "for its name is the first",
                    (Related(seen.span("cidr"), "has these addresses too"),),
                    witness("address", address=str(pool.net.address) if pool.net else "", pool=seen.cidr),
                )


def _outcome(cluster: Cluster, second: IPPool) -> str:
    road = cluster.road(second.resource)
    if road == "calicoctl":
        return "calicoctl and the API server refuse the second"
    taken_out = road == "native" and cluster.target.release >= CHECKED_POOLS
    return "kube-controllers takes the later one out of use" if taken_out else "both claim the same addresses"


def _by_folder(cluster: Cluster, networks: Sequence[tuple[IPPool, Prefix]]) -> Iterator[tuple[int, list[int]]]:
    """As `_overlapping`; while folders may be clusters of their own, a pool of the same folder goes before others."""
    within: dict[int, list[int]] = {}
    if cluster.apart:
        folders: dict[str, list[int]] = {}
        for place, (pool, _) in enumerate(networks):
            folders.setdefault(pool.resource.folder, []).append(place)
        for places in folders.values():
            for second, others in _overlapping([networks[place][1] for place in places]):
                within[places[second]] = [places[other] for other in others]
    across = dict(_overlapping([net for _, net in networks]))
    yield from sorted((across | within).items())


def _overlapping(networks: Sequence[Prefix]) -> list[tuple[int, list[int]]]:
    """The places of networks that overlap with earlier ones, with the places of those.

    Of the networks around one, the widest, the narrowest and the earliest are looked at, and of those inside of it the
    earliest: so many equal ones cost no more than others.
    """
    found: dict[int, set[int]] = {}
    around: list[int] = []
    earliest: list[int] = []
    inside: list[int] = []

    def leave() -> None:
        place = around.pop()
        earliest.pop()
        first = inside.pop()
        if first < place:
            found.setdefault(place, set()).add(first)
        if inside:
            inside[-1] = min(inside[-1], first)

    for place in sorted(
        range(len(networks)), key=lambda at: (networks[at].family, networks[at].value, networks[at].length)
    ):
        while around and not networks[around[-1]].contains(networks[place]):
            leave()
        for other in {*around[:1], *around[-1:], *earliest[-1:]}:
            found.setdefault(max(place, other), set()).add(min(place, other))
        around.append(place)
        earliest.append(min((place, *earliest[-1:])))
        inside.append(place)
    while around:
        leave()
    return [(place, sorted(others)) for place, others in sorted(found.items())]
