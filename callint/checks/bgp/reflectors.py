"""Route reflectors that have no session, or that are the only one."""

from __future__ import annotations

from collections.abc import Iterator

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
        others = [alike for alike in speaking if alike is not hub]
        far_ends = [{far for far, _ in graph.ways.get(one, ())} for one in others]
        if all(far == {hub} for far in far_ends) and not any(graph.outside.get(one) for one in others):
            yield _alone(cluster, pool, reflectors[0], len(nodes) - 1)
            return


def _alone(cluster: Cluster, pool: IPPool, hub: Speaker, others: int) -> Breach:
    return Breach.at(
        *cluster.nodes[hub.name].saying("routeReflectorClusterID"),
        f'node "{hub.name}" is the only route reflector, and all {others} others learn their routes over it: when it '
        "is away, no pod reaches those on other nodes",
        (Related(pool.span("cidr"), "its pods need routes between nodes"),),
        witness("reference", reference=f"Node/{hub.name}", cluster_id=hub.cluster_id, clients=others),
        help="make a second node a reflector, with the same `routeReflectorClusterID`, and let all peer with both",
    )
