"""What the checks of BGP ask about a BGPPeer: its sessions, its families, whether a node is at the far end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from callint.bgp.network import Network, network
from callint.bgp.nodes import ANY
from callint.bgp.rules import Direction, Rule, compile_filters
from callint.bgp.session import Session
from callint.finding import Related
from callint.net.address import Family, parse_peer
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer

LIVE = ("up", "unknown")
"""States of sessions over which routes may go."""


class Outward(NamedTuple):
    """A BGPPeer whose far end is no node that anybody describes, and one of its sessions that may come up."""

    peer: BGPPeer
    session: Session


def outward(cluster: Cluster) -> Iterator[Outward]:
    """The peers that leave the cluster; internal ones may be nodes, and are left out where these are not listed."""
    model = network(cluster)
    seen: set[str] = set()
    for session in model.explicit():
        peer = session.peer
        if peer is None or session.remote is not None or session.form.kind == "workload":
            continue
        if peer.resource.name in seen or session.status.state not in LIVE:
            continue
        if session.peer_type == "eBGP" or model.listed:
            seen.add(peer.resource.name)
            yield Outward(peer, session)


def families(cluster: Cluster, peer: BGPPeer) -> tuple[Family, ...]:
    """The families of a peer's sessions; that of its address where it has no session."""
    found = {session.family for session in sessions(cluster, peer)}
    if not found and peer.peer_ip is not None:
        try:
            found.add(parse_peer(peer.peer_ip)[0].family)
        except ValueError:
            return ()
    return tuple(sorted(found))


def sessions(cluster: Cluster, peer: BGPPeer) -> list[Session]:
    """The sessions that a peer makes, in its own and the reverse direction."""
    return _by_peer(network(cluster)).get(peer.resource.name, [])


@lru_cache(maxsize=8)
def _by_peer(model: Network) -> Mapping[str, list[Session]]:
    found: dict[str, list[Session]] = {}
    for session in model.explicit():
        if session.peer is not None:
            found.setdefault(session.peer.resource.name, []).append(session)
    return found


def rules_of(cluster: Cluster, peer: BGPPeer, direction: Direction, family: Family) -> tuple[Rule, ...] | None:
    """The rules of all filters of a peer in order; None where one is missing or a rule cannot be read or is refused."""
    names = [name for _, name in peer.filters]
    if any(name not in cluster.bgp_filters for name in names) or peer.resource.unreadable("spec", "filters"):
        return None
    rules = compile_filters(names, cluster.bgp_filters, direction, family)
    return None if any(rule.broken for rule in rules) else rules


def at(session: Session) -> str | None:
    """The node of a session for a witness; None where it stands for every node."""
    return session.local.name if session.local.name != ANY else None


def used_by(peers: Iterable[BGPPeer], filter_name: str) -> tuple[Related, ...]:
    """Where up to three peers name a filter."""
    found = [
        Related(peer.resource.span("spec", "filters", index), f'BGPPeer "{peer.resource.name}" uses it')
        for peer in peers
        for index, name in peer.filters
        if name == filter_name
    ]
    return tuple(found[:3])


def nodes_complete(cluster: Cluster) -> bool:
    """Whether the Node objects given are all there are: the configuration says so, or the API server printed them."""
    if "Node" in cluster.intent.complete:
        return True
    resources = [resource for node in cluster.nodes.values() for resource in node.resources]
    return bool(resources) and all(isinstance(_uid(resource.plain), str) for resource in resources)


def _uid(plain: dict[str, object]) -> object:
    metadata = plain.get("metadata")
    return metadata.get("uid") if isinstance(metadata, dict) else None
