"""Variables that a later step fills in, where what they stand for decides about other objects."""

from __future__ import annotations

from functools import lru_cache

from callint.finding import Path
from callint.objects import Cluster, Resource, fields
from callint.source import placeholder

_NAME: Path = ("metadata", "name")
SELECTING = ("node", "nodeSelector", "peerIP", "peerSelector", "localWorkloadSelector", "reversePeering")
"""Fields of a BGPPeer that tell between whom sessions are."""
AGREEING = ("asNumber", "localASNumber", "sourceAddress", "password", "ttlSecurity")
"""Fields of a BGPPeer on which both ends must agree."""
SPEAKERS: tuple[tuple[str, Path], ...] = (
    ("BGPConfiguration", _NAME),
    ("BGPConfiguration", ("spec", "nodeToNodeMeshEnabled")),
    ("BGPConfiguration", ("spec", "asNumber")),
    ("BGPConfiguration", ("spec", "listenPort")),
    ("Node", _NAME),
)
"""On what it depends which nodes there are and how they speak with each other."""
REFLECTORS = (*SPEAKERS, *(("BGPPeer", ("spec", field)) for field in SELECTING[:4]))
"""On what it depends whether a BGPPeer is about a node."""
NODES: tuple[tuple[str, Path], ...] = (*SPEAKERS, ("Node", ("metadata", "labels")), ("Node", ("spec", "bgp")))
"""On what it depends how each node speaks, and which BGPPeers are about it."""
SESSIONS: tuple[tuple[str, Path], ...] = (
    *(("BGPPeer", ("spec", field)) for field in (*SELECTING, *AGREEING, "numAllowedLocalASNumbers")),
    *NODES,
)
"""Of what BGP sessions are made, and which routes of nodes get through them."""
NAMES_OF_FILTERS: tuple[tuple[str, Path], ...] = (("BGPFilter", _NAME),)
"""Which BGPFilters there are."""
_LISTS = ("serviceClusterIPs", "serviceExternalIPs", "serviceLoadBalancerIPs", "serviceLoadBalancerAggregation")
RANGES: tuple[tuple[str, Path], ...] = (
    *(("BGPConfiguration", ("spec", field)) for field in _LISTS),
    ("IPPool", ("spec", "cidr")),
)
"""On what it depends which addresses of services nodes announce, and that these are no pods'."""
EXPORTS = (
    *SESSIONS,
    *(("BGPPeer", ("spec", field)) for field in ("filters", "nextHopMode")),
    ("BGPConfiguration", ("spec",)),
    ("IPPool", ("spec",)),
    ("BGPFilter", ()),
)
"""On what it depends besides what leaves by them."""
COVERAGE: tuple[tuple[str, Path], ...] = (
    ("HostEndpoint", ("spec", "node")),
    ("HostEndpoint", ("spec", "interfaceName")),
)
"""Which interfaces have host endpoints."""
TIERS: tuple[tuple[str, Path], ...] = (("Tier", _NAME),)
"""Which of them there are."""


@lru_cache(maxsize=64)
def left_open(cluster: Cluster, places: tuple[tuple[str, Path], ...]) -> bool:
    """Whether a variable stands at or in any of these places of objects of a kind."""
    return any(left_in(resource, path) for kind, path in places for resource in cluster.of(kind))


def left_in(resource: Resource, path: Path) -> bool:
    """Whether a variable stands at or in a place of one object."""
    return any(
        gap[: len(path)] == path and placeholder(fields.at(resource.plain, gap)) is not None for gap in resource.gaps
    )
