"""A node-to-node mesh that is left on where route reflectors bring every route."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.bgp.alike import Alike
from callint.bgp.network import Network, network
from callint.bgp.peering import Peering
from callint.bgp.reach import RouteGraph
from callint.checks.bgp.unsettled import unsettled
from callint.checks.breach import Breach
from callint.finding import Path, Related, witness
from callint.net.address import Family
from callint.objects import Cluster, Resource
from callint.objects.node import bgp_path

_FIELD: Path = ("spec", "nodeToNodeMeshEnabled")
# The mesh of two nodes is one session
_SEVERAL = 3
# Nodes from more places than that are not followed
_MOST = 100


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """A mesh without which every node would learn the routes of all others just as well, as far as they are known.

    Takes no parameters.
    """
    model = network(cluster)
    if model.off or model.settings.mesh is not True or not model.listed or cluster.incomplete:
        return
    if any(one.there is not None and one.state == "unknown" for one in model.peerings) or unsettled(cluster).nodes:
        return
    families = [family for family in model.families if len(model.meshed[family]) > 1]
    if families and all(_reflected(model, family) for family in families):
        yield _breach(cluster, model, families[0])


def _reflected(model: Network, family: Family) -> bool:
    """Whether all nodes of the family hear of each other by reflectors."""
    speaking = {model.nodes.of(one) for one in model.speakers.values() if one.speaks(family) is not False}
    reflectors = any(one.first.cluster_id for one in speaking)
    if not reflectors or len(model.meshed[family]) < _SEVERAL:
        return False
    graph = RouteGraph(model, family, passes=_as_they_are)
    starts = [start for start in graph.starts(mesh=False) if start in speaking]
    if len(starts) > _MOST or not all(_client(graph, model.nodes.of(one)) for one in model.meshed[family]):
        return False
    return all(speaking <= graph.reach(start, mesh=False) for start in starts)


def _as_they_are(peering: Peering) -> bool:
    """Whether routes get over sessions as over those of the mesh: all of them, with the next hop that they have."""
    return not peering.form.filters and peering.form.next_hop != "self"


def _client(graph: RouteGraph, alike: Alike) -> bool:
    """Whether nodes have a session with a reflector in their own AS."""
    return any(far.first.cluster_id and one.form.peer_type == "iBGP" for far, one in graph.ways.get(alike, ()))


def _breach(cluster: Cluster, model: Network, family: Family) -> Breach:
    reflector = next(one for one in model.speakers.values() if one.cluster_id and one.speaks(family))
    resource: Resource = cluster.nodes[reflector.name].resources[0]
    path = bgp_path(resource, "routeReflectorClusterID")
    members, default = model.meshed[family], model.settings.default
    related: tuple[Related, ...] = ()
    if default is not None and _FIELD[-1] in default.resource.spec:
        related = (Related(resource.span(*path), "a route reflector"),)
        resource, path = default.resource, _FIELD
    return Breach.at(
        resource,
        path,
        f"the node-to-node mesh is on, and all {len(members)} nodes of it learn each other's routes by route "
        f'reflectors as well, such as node "{reflector.name}": a session between each two of them adds nothing',
        related,
        witness("reference", reference="BGPConfiguration/default", sessions=len(members) * (len(members) - 1) // 2),
        "set `nodeToNodeMeshEnabled: false` once the sessions with the reflectors are up",
    )
