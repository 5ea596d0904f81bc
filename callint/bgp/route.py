"""Sets of routes that share an origin and attributes, and what may be asked of a route besides its prefix."""

from __future__ import annotations

from typing import Any, Literal

from callint.net.community import Community, format_community
from callint.record import NamedTuple

Origin = Literal["block", "service", "static", "connected", "kernel", "bgp"]
PeerType = Literal["iBGP", "eBGP"]
Presence = Literal["all", "some", "any"]
"""`all`: each prefix of the set is a route; `some`: there are routes in the set; `any`: there may be or not."""

# A kernel metric m is LOCAL_PREF 2^31-1-m (confd bgp_processor.go, v3.32)
HIGHEST = (1 << 31) - 1
DEFAULT_LOCAL_PREF = 100

# RFC 1997, obeyed by BIRD before any filter (bird proto/bgp/attrs.c)
NO_EXPORT: Community = (65535, 65281)
NO_ADVERTISE: Community = (65535, 65282)
NO_EXPORT_SUBCONFED: Community = (65535, 65283)


class Attributes(NamedTuple):
    """What filters can read of a route besides its prefix; None is not known.

    `interface` is empty for a blackhole; `as_path` is without the sender's own AS, which BIRD puts in front on eBGP.
    """

    origin: Origin | None = None
    interface: str | None = None
    communities: tuple[Community, ...] | None = None
    as_path: tuple[int, ...] | None = None
    local_pref: int | None = None


class Passage(NamedTuple):
    """What of a session decides whether routes may go from it to another one of its node.

    `client`: the far end is a client of the node, which reflects; `other_as`: the AS of an internal session, where it
    is not that of the node.
    """

    peer_type: PeerType
    client: bool
    other_as: int | None

    def leads_to(self, other: Passage) -> bool:
        """Whether BIRD lets routes from here out over there: in one AS a reflector alone does (proto/bgp/attrs.c)."""
        return not self.inside(other) or self.client or other.client

    def inside(self, other: Passage) -> bool:
        """Whether routes from here to there stay in one AS."""
        return self.peer_type == other.peer_type == "iBGP" and self.other_as == other.other_as


BY_MESH = Passage("iBGP", False, None)
"""From another node of the same AS, which is no reflector's client."""
EXTERNAL = Passage("eBGP", False, None)
"""From another AS."""


class Condition(NamedTuple):
    """Something that a filter asks of a route besides its prefix; `kind` says what `value` is.

    source: RemotePeers; interface: a pattern; community: numbers; as-path: AS numbers; priority: a number;
    peer-type: iBGP or eBGP; block: a node's name; normal: the least metric that is not ahead of the usual ones;
    broken: why a rule cannot be read or is refused.
    """

    kind: Literal["source", "interface", "community", "as-path", "priority", "peer-type", "block", "normal", "broken"]
    value: Any

    def __str__(self) -> str:
        if self.kind == "source":
            return "learned from a BGP peer"
        if self.kind == "interface":
            return f'interface "{self.value}"'
        if self.kind == "community":
            return f"community {format_community(self.value)}"
        if self.kind == "as-path":
            return f"AS path beginning with {' '.join(map(str, self.value))}"
        if self.kind == "block":
            return f'inside an IPAM block of node "{self.value}"' if self.value else "inside an IPAM block of the node"
        if self.kind == "normal":
            return f"with a metric of {self.value} or more"
        return str(self.value) if self.kind == "broken" else f"{self.kind} {self.value}"


Conditions = tuple[Condition, ...]
"""All of them together; the empty tuple holds always."""
