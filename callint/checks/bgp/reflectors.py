"""Route reflectors that have no session, or that are the only one."""

from __future__ import annotations

from collections.abc import Iterator

from callint.bgp.alike import Alike
from callint.bgp.network import network
from callint.bgp.nodes import Speaker
from callint.bgp.reach import RouteGraph
from callint.checks.bgp.peers import callers
from callint.checks.bgp.routed_pools import needs_routes
from callint.checks.bgp.unsettled import open_ways, unsettled
from callint.checks.breach import Breach
from callint.finding import Related, witness
from callint.objects import Cluster
from callint.objects.pool import IPPool

# So many nodes, with the reflector, are more than a few
_FEW = 4


def isolated(cluster: Cluster) -> Iterator[Breach]:
    """What makes a node a reflector takes it out of the mesh at once."""
    model = network(cluster)
    if not model.listed:
        return
    for one in model.speakers.values():
        if not one.cluster_id or one.name in unsettled(cluster).nodes or callers(cluster).may_call(one):
            continue
        yield Breach.at(
            *cluster.nodes[one.name].saying("routeReflectorClusterID"),
            f'node "{one.name}" is a route reflector, which takes it out of the node-to-node mesh, and no BGPPeer '
            "gives it a session: it learns no routes and its pods are reached by nobody",
            (),
            witness("reference", reference=f"Node/{one.name}", cluster_id=one.cluster_id, sessions=0),
            help="add a BGPPeer whose `peerSelector` matches the node, before it becomes a reflector",
        )


def lone(cluster: Cluster) -> Iterator[Breach]:
    """Few nodes may do with one; routers outside may bring the routes as well."""
    model = network(cluster)
    if model.settings.mesh is not False:
        return
    for family in model.families:
        nodes, pool = model.all_of(family) or [], needs_routes(cluster, family)
        reflectors = [one for one in nodes if one.cluster_id]
        if pool is None or len(reflectors) != 1 or len(nodes) < _FEW:
            continue
        graph, hub, left = RouteGraph(model, family), model.nodes.of(reflectors[0]), open_ways(cluster)
        speaking = dict.fromkeys(map(model.nodes.of, nodes))
        if any(one in left for one in speaking):
            continue
        far_ends = {one: {far for far, _ in graph.ways.get(one, ())} for one in speaking if one is not hub}
        spare = [one for one, far in far_ends.items() if len(one.members) == 1 and far | {one} == set(speaking)]
        clients = [one for one in far_ends if one not in spare]
        if (
            all(far_ends[one] == {hub, *spare} for one in clients)
            and sum(len(one.members) for one in clients) > 1
            and not any(graph.outside.get(one) for one in far_ends)
        ):
            yield _alone(cluster, pool, reflectors[0], clients, [one.first for one in spare])
            return


def _alone(cluster: Cluster, pool: IPPool, hub: Speaker, clients: list[Alike], spare: list[Speaker]) -> Breach:
    """`spare` are nodes that all have sessions with, as with the reflector, and that are none."""
    number = sum(len(one.members) for one in clients)
    advice = "make a second node a reflector, with the same `routeReflectorClusterID`, and let all peer with both"
    also = ""
    if spare:
        also = f'; node "{spare[0].name}", which all have sessions with as well, has no `routeReflectorClusterID`'
        advice = f'give node "{spare[0].name}" the `routeReflectorClusterID` of "{hub.name}"'
    return Breach.at(
        *cluster.nodes[hub.name].saying("routeReflectorClusterID"),
        f'node "{hub.name}" is the only route reflector, and {number if spare else f"all {number}"} others learn their '
        f"routes over it: when it is away, no pod reaches those on other nodes{also}",
        (Related(pool.span("cidr"), "its pods need routes between nodes"),),
        witness("reference", reference=f"Node/{hub.name}", cluster_id=hub.cluster_id, clients=number),
        help=advice,
    )
