"""Whether the routes of each node reach every other one: over the mesh, by reflectors, or through routers outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from callint.bgp.alike import Alike
from callint.bgp.network import network
from callint.bgp.nodes import Speaker
from callint.bgp.peering import Peering
from callint.bgp.reach import RouteGraph
from callint.bgp.rules import Direction, Rule
from callint.bgp.session import Form
from callint.checks.bgp.kept_in import Gates, KeptApart
from callint.checks.bgp.peers import callers
from callint.checks.bgp.reflectors import isolated, lone
from callint.checks.bgp.routed_pools import needs_routes, routed
from callint.checks.bgp.unsettled import open_ways, unsettled
from callint.checks.breach import Breach, Question, asked
from callint.checks.left_open import EXPORTS, NODES, REFLECTORS, SPEAKERS, left_in, left_open
from callint.finding import Path, Related, witness
from callint.net.prefixes import PrefixSet, union_all, within
from callint.objects import Cluster, Resource
from callint.objects.charts import pod_pools_unknown
from callint.objects.pool import IPPool
from callint.steps import Steps


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Nodes that do not learn each other's routes, where pools need them to, and BIRD runs.

    Parameter `problem`: `no-peers` (the mesh is off and there is no BGPPeer), `unconnected` (two nodes without a way
    for routes), `reflector` (a reflector without any session), `own-as` (the way leads through another AS back into
    the own one, which BIRD takes for a loop), `one-reflector` (all ways lead over one reflector).
    """
    question = asked(QUESTIONS, parameters)
    deciding = _DECIDING.get(question)
    off = network(cluster).off
    if off or left_open(cluster, deciding or NODES) or (deciding is None and unsettled(cluster).nodes):
        return
    yield from question(cluster)


def _no_peers(cluster: Cluster) -> Iterator[Breach]:
    model = network(cluster)
    default = model.settings.default
    if default is None or model.settings.mesh is not False or cluster.bgp_peers or model.alone:
        return
    path = ("spec", "nodeToNodeMeshEnabled")
    pool = needs_routes(cluster)
    if pool is not None:
        yield Breach.at(
            default.resource,
            path,
            "the node-to-node mesh is off and there is no BGPPeer, so that no node learns a route to the pods of "
            f'another one, which IPPool "{pool.name}" needs',
            (Related(pool.span("cidr"), "needs routes between nodes"),),
            witness("route", prefix=pool.cidr, direction="import", peer="none"),
            help="add the BGPPeers first, and switch the mesh off when their sessions are up",
        )
    elif (missing := pod_pools_unknown(cluster)) is not None:
        yield Breach.at(
            default.resource,
            path,
            "the node-to-node mesh is off and there is no BGPPeer; whether the pods need routes between nodes is not "
            f"known: it depends on {missing}",
            undecided=True,
        )


def _unconnected(cluster: Cluster) -> Iterator[Breach]:
    """The first pair of nodes without a way; routers outside connect those that tell them of pods with all others.

    Where a session that does not come up would be the way, that is said of the session.
    """
    model = network(cluster)
    if not cluster.bgp_peers or model.settings.mesh is None:
        return
    for family in model.families:
        nodes, pool = model.all_of(family), needs_routes(cluster, family)
        if pool is None or nodes is None or len(nodes) < 2:
            continue
        pods = union_all(family, (within(inside) for _, inside in routed(cluster) if inside.family == family))
        apart = KeptApart(model, pods)
        # Where nobody at all hears of them that is said of the pool (BGP048).
        filtered = not left_open(cluster, EXPORTS) and (model.settings.mesh is not False or apart.told_anywhere())
        passes = apart.passes if filtered else None
        left = open_ways(cluster)
        graph = RouteGraph(model, family, passes=passes, perhaps=left.between)
        mended = RouteGraph(model, family, mended=True, passes=passes, perhaps=left.between)
        speaking = dict.fromkeys(map(model.nodes.of, nodes))
        isolated = {one for one in speaking if one.first.cluster_id and not callers(cluster).may_call(one.first)}
        telling: Mapping[Alike, object] = graph.outside
        if any(graph.ways.values()) and filtered:
            telling = _open(cluster, pods, graph.outside, "export")
        for start in graph.starts():
            if start not in speaking or start in isolated:
                continue
            reached = graph.reach(start)
            told = any(one in telling or one in left.outward for one in (start, *reached))
            others = (one for one in speaking if one not in reached and one not in isolated)
            missing = {one for one in others if not (told and (graph.outside.get(one) or one in left.outward))}
            if missing:
                missing -= mended.reach(start)
            if missing:
                unaware = [one for one in nodes if model.nodes.of(one) in missing and one is not start.first]
                kept_in = not told and bool(graph.outside.get(start))
                keeper = apart.end(start, unaware[0], reached) if filtered else None
                yield _pair(cluster, graph, pool, start, unaware, keeper, kept_in=kept_in)
                return


def _pair(
    cluster: Cluster,
    graph: RouteGraph,
    pool: IPPool,
    start: Alike,
    missing: list[Speaker],
    keeper: Rule | None,
    *,
    kept_in: bool,
) -> Breach:
    node, other = start.first, missing[0]
    between = [
        middle.first.name
        for middle, peering in graph.ways.get(start, ())
        if peering.form.peer_type == "iBGP" and any(other in far.members for far, _ in graph.ways.get(middle, ()))
    ]
    reason = "there is no chain of sessions between them"
    cure = "add a BGPPeer between them, or one from each to a route reflector"
    if network(cluster).nodes.of(other) in graph.reach(start, loops=True):
        between = []
        reason = "reflectors between them have one `routeReflectorClusterID`, and the second one takes that for a loop"
        cure = "give each of these reflectors an id of its own"
    rejecting = []
    if keeper is not None:
        between, rejecting = [], [Related(keeper.span, "rejects their routes")]
        reason = f"{keeper} keeps its pods from sessions between them"
        cure = "accept the pools before what rejects the rest"
    if between and node.cluster_id and other.cluster_id:
        between = []
        reason = "both are route reflectors and no BGPPeer is between them, and clients pass nothing on"
        cure = "add a BGPPeer with a `nodeSelector` and a `peerSelector` that both match the reflectors"
    if between:
        reason = f'node "{between[0]}" between them has no `routeReflectorClusterID`, so that it passes nothing on'
        cure = "give it one, or add a BGPPeer between the two"
    if kept_in:
        reason += ", and filters keep its pods from the routers outside"
    others = len(missing) - 1
    more = ("", ", nor does one other")[others] if others < 2 else f", nor do {others} others"
    return Breach.at(
        *_where(cluster, pool, (*between[:1], node.name, other.name)),
        f'node "{other.name}" never learns the routes of node "{node.name}"{more}: {reason}',
        (Related(pool.span("cidr"), "its pods need routes between nodes"), *rejecting),
        witness("route", prefix=pool.cidr, node=other.name, direction="import", source=f'node "{node.name}"'),
        cure,
    )


def _where(cluster: Cluster, pool: IPPool, names: Iterable[str]) -> tuple[Resource, Path]:
    """The first of these nodes that an object describes, at its name; the pool where facts alone describe them."""
    described = (resource for name in names for resource in cluster.nodes[name].resources)
    return next(((one, ("metadata", "name")) for one in described), (pool.resource, pool.path("cidr")))


def _own_as(cluster: Cluster) -> Iterator[Breach]:
    """Nodes of one AS that hear of each other only through routers of other ASes, and are to take these routes."""
    model = network(cluster)
    if needs_routes(cluster) is None or model.settings.mesh is not False:
        return
    for family in model.families:
        nodes, left = model.all_of(family), open_ways(cluster)
        if nodes is None:
            continue
        graph = RouteGraph(model, family, perhaps=left.between)
        speaking = dict.fromkeys(map(model.nodes.of, nodes))
        pools = [(pool, within(inside)) for pool, inside in routed(cluster) if inside.family == family]
        every = union_all(family, (inside for _, inside in pools))
        outside = {one: graph.outside.get(one, []) for one in speaking if one not in left}
        settled = {one: ways for one, ways in outside.items() if not any(map(unsettled(cluster).filters, ways))}
        taking = _open(cluster, every, settled, "import")
        starts = graph.starts(mesh=False, apart=_shared_as(nodes))
        for start in (one for one in starts if one in outside and taking):
            reached, mine = graph.reach(start, mesh=False), outside[start]
            for far in (one for one in taking if one not in reached):
                theirs, other = outside[far], far.other_than(start.first)
                if mine and theirs and other and all(_loops(a.form, b.form) for a in mine for b in theirs):
                    taken = next(pool for pool, inside in pools if taking[far].open_to(inside))
                    yield _loop(taken, start.first, other, theirs[0].form)
                    return


def _shared_as(nodes: list[Speaker]) -> Callable[[Alike], int | None]:
    """Tells nodes by their AS, where others are in it."""
    numbers = Counter(one.as_number for one in nodes)
    return lambda alike: alike.first.as_number if numbers[alike.first.as_number] > 1 else None


def _open(
    cluster: Cluster, pools: PrefixSet, outside: Mapping[Alike, list[Peering]], direction: Direction
) -> dict[Alike, Gates]:
    """The nodes whose filters may let blocks of pools out or in; those that want a default route alone take none."""
    steps = Steps(cluster, "IPPools with BGPFilters")
    known: dict[frozenset[tuple[str, ...]], Gates] = {}
    found = {}
    for node, sessions in outside.items():
        filters = frozenset(one.form.filters for one in sessions)
        if filters not in known:
            known[filters] = Gates(cluster, sessions, pools.family, steps, direction)
        if known[filters].open_to(pools):
            found[node] = known[filters]
    return found


def _loops(out: Form, back: Form) -> bool:
    """Whether a route that leaves by one session and comes back by the other has the own AS in its path too often."""
    external = out.peer_type == back.peer_type == "eBGP"
    left = back.peer is not None and left_in(back.peer.resource, ("spec", "numAllowedLocalASNumbers"))
    return external and out.local_as == back.local_as and back.allowed_local_as < 1 and not left


def _loop(pool: IPPool, node: Speaker, other: Speaker, form: Form) -> Breach:
    assert form.peer is not None, "sessions with the outside come from BGPPeers"
    resource = form.peer.resource
    return Breach.at(
        resource,
        ("spec", "peerIP"),
        f'node "{other.name}" refuses the routes of node "{node.name}", unless the routers between replace the AS: '
        f"both are in AS {form.local_as} and hear of each other only through routers of other ASes, as by BGPPeer "
        f'"{resource.name}", and a path with the own AS in it is a loop',
        (Related(pool.span("cidr"), "its pods need routes between nodes"),),
        witness(
            "route",
            prefix=pool.cidr,
            node=other.name,
            peer=resource.name,
            direction="import",
            verdict="reject",
            decided_by="own AS in the path",
        ),
        help="`numAllowedLocalASNumbers: 1`, or an AS for each rack; if the routers replace the AS, ignore this",
    )


QUESTIONS: dict[str, Question] = {
    "no-peers": _no_peers,
    "unconnected": _unconnected,
    "reflector": isolated,
    "own-as": _own_as,
    "one-reflector": lone,
}
_DECIDING: dict[Question, tuple[tuple[str, Path], ...]] = {_no_peers: SPEAKERS, isolated: REFLECTORS}
