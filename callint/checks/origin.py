"""Networks that a filter exports and that no node has a route to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from callint.bgp.decision import Decision
from callint.bgp.explicit import Explicit, explicit_accepts
from callint.bgp.routes import engine
from callint.bgp.session import Session
from callint.checks.breach import Breach
from callint.checks.peers import LIVE, sessions, used_by
from callint.finding import witness
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer


class _Answer(NamedTuple):
    """How much is known of routes for an accepting rule: 2 they exist, 1 they may, 0 there are none."""

    rank: int
    accept: Explicit
    peer: BGPPeer


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Accepting rules that name a network for export; what one session of all peers that use them has is enough.

    Where facts do not list a node's networks and routes there may be one, and nothing is said: the author will know.
    """
    best: dict[tuple[object, ...], _Answer] = {}
    for peer in cluster.bgp_peers if cluster.pools else ():
        live = [one for one in sessions(cluster, peer) if one.status.state in LIVE]
        for accept in explicit_accepts(cluster, peer, "export"):
            if accept.rule.rule.operator not in ("In", "Equal"):
                continue
            place = (accept.rule.resource.name, accept.rule.rule.path)
            for session in live:
                known = best.get(place)
                if session.family == accept.family and (known is None or known.rank < 2):
                    answer = _answer(cluster, accept, peer, session)
                    if known is None or known.rank < answer.rank:
                        best[place] = answer
    for answer in best.values():
        if answer.rank == 0:
            yield _nowhere(answer)


def _answer(cluster: Cluster, accept: Explicit, peer: BGPPeer, session: Session) -> _Answer:
    found = [one for one in engine(cluster).exported(session) if one.rule == accept.rule]
    rank = 2 if any(map(_exists, found)) else 1 if found else 0
    return _Answer(rank, accept, peer)


def _exists(decision: Decision) -> bool:
    """Routes that there are; what a peer may announce counts, for nobody here can say that it does not."""
    return decision.routes.presence != "any" or decision.routes.learned is not None


def _nowhere(answer: _Answer) -> Breach:
    rule = answer.accept.rule
    path = (*rule.rule.path, "cidr")
    return Breach(
        f'{rule} exports "{rule.rule.cidr}" to BGPPeer "{answer.peer.resource.name}", but no node has a route '
        "in there: it is in no pool, no service range and no network of a node, and nobody announces it",
        rule.resource.span(*path),
        rule.resource.ref,
        path,
        used_by([answer.peer], rule.resource.name),
        witness("route", prefix=rule.rule.cidr, peer=answer.peer.resource.name, direction="export", source="none"),
        "a filter lets routes through and makes none: give the node the route, or correct the network",
    )
