"""Networks that a filter exports and that no node has a route to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from callint.bgp.decision import Decision
from callint.bgp.explicit import Explicit, explicit_accepts
from callint.bgp.filtering import Filters, filters_of
from callint.bgp.pools import pools_of
from callint.bgp.sent import sent
from callint.checks.bgp.peers import used_by
from callint.checks.breach import Breach
from callint.finding import Path, witness
from callint.net.address import BITS, Family
from callint.net.prefixes import PrefixSet, union_all, within
from callint.net.read import network
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer
from callint.objects.charts import pod_pools_unknown
from callint.record import NamedTuple

_Place = tuple[str, Path]


class _Answer(NamedTuple):
    """How much is known of routes for an accepting rule: 2 they exist, 1 they may, 0 there are none."""

    rank: int
    accept: Explicit
    peer: BGPPeer


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Accepting rules that name a network for export; what one session of all peers that use them has is enough.

    Where facts do not list a node's networks and routes there may be one, and nothing is said: the author will know.
    Each pod may have a route, which facts leave out with those of other workloads.
    """
    if pod_pools_unknown(cluster) is not None:
        return
    ranks = _ranks(cluster)
    lists: dict[tuple[Filters, Family], dict[_Place, Explicit]] = {}
    best: dict[_Place, _Answer] = {}
    for peer in cluster.bgp_peers:
        for family, known in ranks.get(peer.resource.name, {}).items():
            key = filters_of(peer), family
            accepts, asked = lists.get(key), known
            if accepts is None:  # of a later peer with the same filters only what it has routes for may be better
                accepts = lists[key] = _named(cluster, peer, family)
                asked = {place: known.get(place, 0) for place in accepts}
            for place, rank in asked.items():
                if place in accepts and (place not in best or best[place].rank < rank):
                    best[place] = _Answer(rank, accepts[place], peer)
    for answer in best.values():
        # of a rule with other conditions it may be these that no route meets
        accept = answer.accept
        if answer.rank == 0 and not accept.when and not accept.prefixes & _pods(cluster, accept.family):
            yield _nowhere(cluster, answer)


@lru_cache(maxsize=8)
def _pods(cluster: Cluster, family: Family) -> PrefixSet:
    """Each address that pods may get, alone."""
    held = (net for pool, net in pools_of(cluster, family).pools if pool.for_pods)
    return union_all(family, (within(net, BITS[family], BITS[family]) for net in held))


def _named(cluster: Cluster, peer: BGPPeer, family: Family) -> dict[_Place, Explicit]:
    """What the filters of a peer accept for export by rules that name a network."""
    accepts = (one for one in explicit_accepts(cluster, peer, "export") if one.family == family)
    return {one.rule.place: one for one in accepts if one.rule.rule.operator in ("In", "Equal")}


def _ranks(cluster: Cluster) -> dict[str, dict[Family, dict[_Place, int]]]:
    """For each peer with sessions that may come up, and each family, the ranks of the rules that decide there."""
    found: dict[str, dict[Family, dict[_Place, int]]] = {}
    for group, decisions in sent(cluster, ruled=True):
        session = group.session
        if session.peer is None:
            continue
        mine = found.setdefault(session.peer.resource.name, {}).setdefault(session.family, {})
        for decision in decisions:
            assert decision.rule is not None, "rules alone are asked"
            place = decision.rule.place
            mine[place] = max(mine.get(place, 0), 2 if _exists(decision) else 1)
    return found


def _exists(decision: Decision) -> bool:
    """Routes that there are; what a peer may announce counts, for nobody here can say that it does not."""
    return decision.routes.presence != "any" or decision.routes.learned is not None


def _nowhere(cluster: Cluster, answer: _Answer) -> Breach:
    rule, family = answer.accept.rule, answer.accept.family
    inside = network(rule.rule.cidr, family)
    pools = pools_of(cluster, family).pools
    pool = next((one for one, held in pools if inside is not None and held.overlaps(inside)), None)
    where = "it is in no pool"
    if pool is not None:
        where = f'the pool "{pool.cidr}" has no known block there, and it is in no other pool'
    return Breach.at(
        rule.resource,
        (*rule.rule.path, "cidr"),
        f'{rule} exports "{rule.rule.cidr}" to BGPPeer "{answer.peer.resource.name}", but no node has a route '
        f"in there: {where}, no service range and no network of a node, and nobody announces it",
        used_by([answer.peer], rule.resource.name),
        witness("route", prefix=rule.rule.cidr, peer=answer.peer.resource.name, direction="export", source="none"),
        "a filter lets routes through and makes none: give the node the route, or correct the network",
    )
