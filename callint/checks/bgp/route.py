"""Routes that must be announced or taken, and routes that must not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from callint.bgp.network import network
from callint.bgp.pools import pools_of
from callint.checks.bgp.peers import at
from callint.checks.bgp.route_passage import Passage, node_words
from callint.checks.bgp.route_terms import MESH, Terms, read_terms
from callint.checks.bgp.route_ways import VARIABLES, Way, ways
from callint.checks.bgp.unsettled import unsettled
from callint.checks.breach import Breach
from callint.finding import Path, Related, Span, counted, witness
from callint.net.address import Family
from callint.net.enclosing import Enclosing
from callint.net.prefixes import exactly
from callint.objects import Cluster, Resource
from callint.objects.pool import IPPool
from callint.suggest import did_you_mean, nearest

PARAMETERS = ("prefix", "to", "from", "node", "longer")

# A finding names so many networks
_SHOWN = 3


def required(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Sessions that come up and do not announce, or do not take, a route; or none comes up.

    Parameters: `prefix`, the network of the route; `to` (it is announced) or `from` (it is taken), each `any` (routers
    outside the cluster), `{peer: NAME}` of a BGPPeer, `{peer: mesh}` or `{address: IP}` of the far end; and `node`, a
    name or `{selector: SELECTOR}`, left out every node that has such a session. `longer` is for `route-forbidden`
    alone.
    """
    yield from _judge(cluster, read_terms(parameters, must=True))


def forbidden(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Sessions that come up and announce, or take, a route for a network or a part of it.

    Parameters: `prefix`, `to`, `from` and `node` as for `route-required`, and `longer`: with `false` a part of the
    network may pass, with `true` every route is meant where the network is that of the default route, which stands for
    itself alone otherwise.
    """
    yield from _judge(cluster, read_terms(parameters, must=False))


def _judge(cluster: Cluster, terms: Terms) -> Iterator[Breach]:
    """The first breach at each place with the number of those like it, and at most one doubt."""
    if not cluster.all:
        return
    several = list(ways(cluster, terms))
    live = [(way, way.passage) for way in several if way.passage is not None]
    wrong = [(way, passage) for way, passage in live if passage.passes is not None and passage.passes != terms.must]
    # Where none passes it is required in vain, whichever of them come up.
    every = terms.must and len(wrong) == len(live)
    found: dict[Span, tuple[Way, Passage, int]] = {}
    for way, passage in wrong:
        if every or not way.missing:
            resource, path = _decider(cluster, way, passage)
            first, shown, size = found.get(resource.span(*path), (way, passage, 0))
            found[resource.span(*path)] = first, shown, size + way.size
    for way, passage, size in found.values():
        yield _breach(cluster, terms, way, passage, size)
    if live:
        doubts = (
            (way, passage.missing or way.missing)
            for way, passage in live
            if passage.passes is None or (passage.passes != terms.must and way.missing and not every)
        )
        # What passes over sessions that may all not come up is not known to pass anywhere.
        idle = terms.must and not found and all(way.missing for way, _ in live)
        way, missing = next(doubts, (live[0][0], live[0][0].missing if idle else ""))
        if missing:
            yield _undecided(terms, f"it depends on {missing}", *_of_session(cluster, way))
            return
    if not found:
        yield from _others(cluster, terms, several)


def _others(cluster: Cluster, terms: Terms, several: list[Way]) -> Iterator[Breach]:
    """What is said of sessions that there may be besides, or of those that are named and of which none comes up."""
    model, left = network(cluster), unsettled(cluster)
    mean, place = _not_meant(cluster, terms), _about(cluster, terms)
    joining = (peer for peer in left.peers if peer.starting and terms.peer in (None, peer.peer.resource.name))
    if left.all or any(joining):
        yield _undecided(terms, f"it depends on {VARIABLES}", *place)
    elif any(way.passage is not None for way in several):
        return
    elif terms.address is not None and any(one.speaks(terms.prefix.family) is None for one in model.speakers.values()):
        yield _undecided(terms, f"it depends on whether {terms.address} is the address of a node", *place)
    elif terms.must:
        why = mean or "there is no such session"
        if several:
            session = several[0].session
            why = f"the session of {node_words(session.local)} with {session.far_end} is not up: {session.status.why}"
        yield Breach.at(*place, f"{terms.subject} must be {terms.passive}, but {why}")
    elif mean and not several:
        yield _undecided(terms, mean, *place)


def _not_meant(cluster: Cluster, terms: Terms) -> str:
    """What there is nothing of, as a clause; empty where nothing is named that there is not."""
    peers = [MESH, *(peer.resource.name for peer in cluster.bgp_peers)]
    if terms.peer is not None and terms.peer not in peers:
        return f'no manifest holds BGPPeer "{terms.peer}"{did_you_mean(nearest(terms.peer, peers))}'
    model = network(cluster)
    if terms.node is not None and terms.node not in model.speakers and model.listed:
        return f'no manifest holds node "{terms.node}"{did_you_mean(nearest(terms.node, model.speakers))}'
    if terms.address is None or (not terms.must and terms.address in model.nodes.owners):
        return ""
    who = "no node has a" if terms.node is None else f'node "{terms.node}" has no'
    return f"{who} session with {terms.address}"


def _breach(cluster: Cluster, terms: Terms, way: Way, passage: Passage, size: int) -> Breach:
    session, one, pool = way.session, passage.decision, _pool(cluster, passage)
    decider = f"IPPool/{pool.name}" if pool is not None else str(one.rule) if one is not None and one.rule else None
    what = "it" if passage.prefixes == exactly(terms.prefix) else passage.prefixes.said(_SHOWN)
    if one is not None and one.routes.presence == "some" and not terms.must:
        what = f"some of {what}"
    verbs = {"export": ("announces", "announce"), "import": ("takes", "take")}[terms.direction]
    does = f"does not {verbs[1]}" if terms.must else verbs[0]
    message = (
        f"{terms.subject} must {'' if terms.must else 'not '}be {terms.passive}, but {node_words(session.local)} "
        f"{does} {what} {terms.preposition} {session.far_end}: {_why(cluster, terms, way, passage)}"
    )
    more = f"; so it is with {counted(size - 1, 'other session')}" if size > 1 else ""
    proof = witness(
        "route",
        prefix=str(passage.prefixes.witness()),
        node=at(session),
        peer=session.peer.resource.name if session.peer is not None else None,
        direction=terms.direction,
        verdict="reject" if terms.must else "accept",
        decided_by=decider,
    )
    resource, path = _decider(cluster, way, passage)
    related = []
    if session.peer is not None and session.peer.resource is not resource:
        related.append(Related(session.peer.resource.span("metadata", "name"), "makes the session"))
    return Breach.at(resource, path, message + more, tuple(related), proof)


def _why(cluster: Cluster, terms: Terms, way: Way, passage: Passage) -> str:
    one, exporting = passage.decision, terms.direction == "export"
    if one is None:
        return "it has no such route" if exporting else f"{way.session.far_end} announces none"
    if one.rule is not None:
        return f"{one.rule} {one.verdict}s it"
    pool = _pool(cluster, passage)
    if pool is not None:
        return f'it is inside IPPool "{pool.name}"{" with `disableBGPExport`" if pool.disable_bgp_export else ""}'
    if one.step != "default":
        return one.why
    return "it is in no pool and no service range" if exporting else "no rule rejects it"


def _decider(cluster: Cluster, way: Way, passage: Passage) -> tuple[Resource, Path]:
    """The action of the rule that decides, else the pool, else what makes the session."""
    rule = passage.decision.rule if passage.decision is not None else None
    if rule is not None:
        return rule.resource, (*rule.rule.path, "action")
    pool = _pool(cluster, passage)
    if pool is not None:
        return pool.resource, pool.path("disableBGPExport" if pool.disable_bgp_export else "cidr")
    return _of_session(cluster, way)


def _pool(cluster: Cluster, passage: Passage) -> IPPool | None:
    """The pool that decides."""
    step, one = passage.decision and passage.decision.step, passage.prefixes.witness()
    if step not in ("pool-withheld", "pool-exported") or one is None:
        return None
    return next((pool for _, pool in _pools(cluster, one.family, withheld=step == "pool-withheld").of(one)), None)


@lru_cache(maxsize=8)
def _pools(cluster: Cluster, family: Family, *, withheld: bool) -> Enclosing[IPPool]:
    several = pools_of(cluster, family).pools
    return Enclosing((net, pool) for pool, net in several if pool.disable_bgp_export is withheld)


def _of_session(cluster: Cluster, way: Way) -> tuple[Resource, Path]:
    peer = way.session.peer
    return (peer.resource, ("metadata", "name")) if peer is not None else _about(cluster, None)


def _about(cluster: Cluster, terms: Terms | None) -> tuple[Resource, Path]:
    """The BGPPeer that a rule names, else what sessions come from."""
    for peer in cluster.bgp_peers:
        if terms is not None and terms.peer == peer.resource.name:
            return peer.resource, ("metadata", "name")
    first = next(iter(cluster.of("BGPPeer", "BGPConfiguration")), None)
    return (first, ("metadata", "name")) if first is not None else (cluster.all[0], ("kind",))


def _undecided(terms: Terms, why: str, resource: Resource, path: Path) -> Breach:
    return Breach.at(resource, path, f"whether {terms.subject} is {terms.passive} is not known: {why}", undecided=True)
