"""Variables that a later step fills in, where what they stand for decides about other objects."""

from __future__ import annotations

from functools import lru_cache

from callint.finding import Path
from callint.objects import Cluster, fields
from callint.source import placeholder

_NAME: Path = ("metadata", "name")
_PEER = ("node", "nodeSelector", "peerIP", "peerSelector", "asNumber", "localASNumber", "sourceAddress", "ttlSecurity")
_ROUTES = ("filters", "nextHopMode", "numAllowedLocalASNumbers", "reversePeering", "localWorkloadSelector")
SESSIONS: tuple[tuple[str, Path], ...] = (
    *(("BGPPeer", ("spec", field)) for field in (*_PEER, *_ROUTES)),
    ("BGPConfiguration", _NAME),
    ("BGPConfiguration", ("spec", "nodeToNodeMeshEnabled")),
    ("BGPConfiguration", ("spec", "asNumber")),
    ("Node", _NAME),
    ("Node", ("metadata", "labels")),
    ("Node", ("spec", "bgp")),
)
"""Of what BGP sessions are made."""
EXPORTS = (*SESSIONS, ("BGPConfiguration", ("spec",)), ("IPPool", ("spec",)), ("BGPFilter", ()))
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
    return any(
        placeholder(fields.at(resource.plain, gap)) is not None
        for kind, path in places
        for resource in cluster.of(kind)
        for gap in resource.gaps
        if gap[: len(path)] == path
    )
