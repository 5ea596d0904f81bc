"""A node-to-node mesh that is left on where route reflectors bring every route."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any

from callint.bgp.alike import Alike
from callint.bgp.filtering import Filters, filtering
from callint.bgp.filters import View
from callint.bgp.network import Network, network
from callint.bgp.peering import Peering
from callint.bgp.reach import RouteGraph
from callint.bgp.route import Attributes
from callint.bgp.routes import engine
from callint.bgp.rules import DIRECTIONS
from callint.checks.bgp.unsettled import unsettled
from callint.checks.breach import Breach
from callint.finding import Path, Related, witness
from callint.net.address import Family
from callint.net.prefixes import PrefixSet, everything, union_all, within
from callint.objects import Cluster
from callint.objects.charts import pod_pools_unknown

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
    graph = RouteGraph(model, family, passes=_Passing(model, family))
    starts = [start for start in graph.starts(mesh=False) if start in speaking]
    if len(starts) > _MOST or not all(_client(graph, model.nodes.of(one)) for one in model.meshed[family]):
        return False
    return all(speaking <= graph.reach(start, mesh=False) for start in starts)


class _Passing:
    """Whether routes of nodes get over sessions as over those of the mesh: with the same next hop and attributes."""

    def __init__(self, model: Network, family: Family) -> None:
        """What the mesh brings is looked for where there are filters."""
        self._model, self._family = model, family
        self._changes = cache(self._may_change)

    def __call__(self, peering: Peering) -> bool:
        form = peering.form
        if form.next_hop == "self" or (form.peer is not None and form.peer.resource.unreadable("spec", "filters")):
            return False
        views = (View(direction, form.peer_type, form.local_as) for direction in DIRECTIONS)
        return not form.filters or not any(self._changes(form.filters, view) for view in views)

    def _may_change(self, filters: Filters, view: View) -> bool:
        """Whether rules may reject or alter what the mesh brings, of which there may be no more than pools tell."""
        cluster = self._model.cluster
        missing = any(name not in cluster.bgp_filters for name in filters)
        # What a filter lets out gets no community of `prefixAdvertisements`.
        tagged = view.direction == "export" and any(one.prefix_advertisements for one in cluster.bgp_configurations)
        parts = filtering(cluster).parts(filters, view, Attributes(), self._brought)
        rules = (part.rule for part in parts if part.rule is not None)
        return missing or any(tagged or rule.verdict != "accept" or rule.operations for rule in rules)

    @cached_property
    def _brought(self) -> PrefixSet:
        cluster = self._model.cluster
        if pod_pools_unknown(cluster) is not None:
            return everything(self._family)
        nets = (pool.net for pool in cluster.pools if not pool.disable_bgp_export)
        sets = [within(net) for net in nets if net is not None and net.family == self._family]
        profiles = engine(cluster).profiles
        for alike in self._model.nodes.all:
            own = profiles.own_routes(profiles.of(alike.first, self._family))
            sets += (routes.prefixes for routes in own if routes.origin in ("block", "service"))
        return union_all(self._family, sets)


def _client(graph: RouteGraph, alike: Alike) -> bool:
    """Whether nodes have a session with a reflector in their own AS."""
    return any(far.first.cluster_id and one.form.peer_type == "iBGP" for far, one in graph.ways.get(alike, ()))


def _breach(cluster: Cluster, model: Network, family: Family) -> Breach:
    reflector = next(one for one in model.speakers.values() if one.cluster_id and one.speaks(family))
    resource, path = cluster.nodes[reflector.name].saying("routeReflectorClusterID")
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
