"""AS numbers and cluster ids that one node alone has and nothing else names: it only matters that they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import TypeVar

from callint.bgp.filtering import filtering
from callint.bgp.nodes import Speaker
from callint.bgp.rules import LISTS
from callint.net.read import as_number
from callint.objects import Cluster
from callint.record import NamedTuple

CROWD = 32
"""Nodes with values of their own that are otherwise alike are taken together when there are so many of them.

Routes come to some of them by few ways only, so that none has to pass the same node twice to reach all.
"""

T = TypeVar("T", int, str)


class Lone(NamedTuple):
    """Values that tell a node from every other one, and from nobody else."""

    as_numbers: frozenset[int]
    cluster_ids: frozenset[str]
    ports: frozenset[int] = frozenset()

    def identity(self, speaker: Speaker) -> tuple[int | bool | None, str | bool, int | bool | None]:
        """The AS number, the cluster id and the port of a node, True where they are its alone."""
        own_as, cluster_id, port = speaker.own_as, speaker.cluster_id, speaker.port
        return (
            own_as in self.as_numbers or own_as,
            cluster_id in self.cluster_ids or cluster_id,
            port in self.ports or port,
        )

    def has(self, speaker: Speaker) -> bool:
        """Whether a node has such a value."""
        return any(one is True for one in self.identity(speaker))


def lone(cluster: Cluster, speakers: Collection[Speaker]) -> Lone:
    """The values of which each is one node's alone, for sessions that BGPPeers make: these name ports as well."""
    numbers = _lone_numbers(cluster, speakers)
    if numbers:
        peers = (value for peer in cluster.bgp_peers for value in (peer.as_number, peer.local_as_number))
        numbers -= {number for value in peers if (number := as_number(value)) is not None}
    return Lone(numbers, _once(one.cluster_id for one in speakers if one.cluster_id))


def lone_in_mesh(cluster: Cluster, speakers: Collection[Speaker]) -> Lone:
    """The same for the mesh, of which BGPPeers name nothing."""
    ports = _once(one.port for one in speakers if one.port is not None)
    return Lone(_lone_numbers(cluster, speakers), frozenset(), ports)


def _lone_numbers(cluster: Cluster, speakers: Collection[Speaker]) -> frozenset[int]:
    numbers = _once(one.own_as for one in speakers if one.own_as is not None)
    return numbers - {one.global_as for one in speakers}.union(_filtered(cluster)) if numbers else numbers


def _once(values: Iterable[T]) -> frozenset[T]:
    """The values that come once, if there are enough of them to matter."""
    found = [value for value, times in Counter(values).items() if times == 1]
    return frozenset(found if len(found) >= CROWD else ())


def _filtered(cluster: Cluster) -> Iterator[int]:
    """AS numbers that filters name."""
    for name in cluster.bgp_filters:
        for direction, family in LISTS:
            for rule in filtering(cluster).rules((name,), direction, family):
                yield from rule.operations.prepend
                yield from (n for one in rule.conditions if one.kind == "as-path" for n in one.value)
