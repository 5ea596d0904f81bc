"""Variables that a later step fills in, where what they stand for decides about other objects."""

from __future__ import annotations

from functools import lru_cache

from callint.finding import Path
from callint.objects import Cluster, Resource, fields
from callint.source import placeholder

_NAME: Path = ("metadata", "name")
_INSTALLED: Path = ("spec", "calicoNetwork", "ipPools")
SELECTING = ("node", "nodeSelector", "peerIP", "peerSelector", "localWorkloadSelector", "reversePeering")
"""Fields of a BGPPeer that tell between whom sessions are."""
AGREEING = ("asNumber", "localASNumber", "sourceAddress", "password", "ttlSecurity")
"""Fields of a BGPPeer on which both ends must agree."""


def _fields(kind: str, *names: str) -> tuple[tuple[str, Path], ...]:
    return tuple((kind, ("spec", name)) for name in names)


SPEAKERS = (
    ("BGPConfiguration", _NAME),
    *_fields("BGPConfiguration", "nodeToNodeMeshEnabled", "asNumber", "listenPort"),
    ("Node", _NAME),
)
"""On what it depends which nodes there are and how they speak with each other."""
REFLECTORS = (*SPEAKERS, *_fields("BGPPeer", *SELECTING[:4]))
"""On what it depends whether a BGPPeer is about a node."""
NODES = (*SPEAKERS, ("Node", ("metadata", "labels")), ("Node", ("spec", "bgp")))
"""On what it depends how each node speaks, and which BGPPeers are about it."""
SESSIONS = (*_fields("BGPPeer", *SELECTING, *AGREEING, "numAllowedLocalASNumbers"), *NODES)
"""Of what BGP sessions are made, and which routes of nodes get through them."""
NAMES_OF_FILTERS = (("BGPFilter", _NAME),)
"""Which BGPFilters there are."""
_LISTS = ("serviceClusterIPs", "serviceExternalIPs", "serviceLoadBalancerIPs", "serviceLoadBalancerAggregation")
RANGES = (*_fields("BGPConfiguration", *_LISTS), *_fields("IPPool", "cidr"))
"""On what it depends which addresses of services nodes announce, and that these are no pods'."""
EXPORTS = (
    *SESSIONS,
    *_fields("BGPPeer", "filters", "nextHopMode"),
    ("BGPConfiguration", ("spec",)),
    ("IPPool", ("spec",)),
    ("BGPFilter", ()),
)
"""On what it depends besides what leaves by them."""
COVERAGE = _fields("HostEndpoint", "node", "interfaceName")
"""Which interfaces have host endpoints."""
TIERS = (("Tier", _NAME),)
"""Which of them there are."""


@lru_cache(maxsize=64)
def left_open(cluster: Cluster, places: tuple[tuple[str, Path], ...]) -> bool:
    """Whether a variable stands at or in any of these places of objects of a kind, or in pools of an Installation."""
    installations = cluster.installations if any(kind == "IPPool" for kind, _ in places) else ()
    return any(left_in(resource, path) for kind, path in places for resource in cluster.of(kind)) or any(
        left_in(one, _INSTALLED) for one in installations
    )


def left_in(resource: Resource, path: Path) -> bool:
    """Whether a variable stands at or in a place of one object."""
    return any(
        gap[: len(path)] == path and placeholder(fields.at(resource.plain, gap)) is not None for gap in resource.gaps
    )
