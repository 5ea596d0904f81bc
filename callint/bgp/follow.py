"""What goes over sessions, or of that only one network: where it comes from, who lets it out and in, and why."""

from __future__ import annotations

from collections.abc import Iterable

from callint.bgp.candidates import Routes
from callint.bgp.decision import Decision
from callint.bgp.division import Group
from callint.bgp.nodes import Speaker
from callint.bgp.routes import Engine, engine
from callint.bgp.session import LIVE
from callint.net.address import Prefix
from callint.net.prefixes import PrefixSet, exactly, nothing, within
from callint.objects import Cluster
from callint.record import NamedTuple


class Source(NamedTuple):
    """Routes that a node has of its own, or may have (`routes.presence` says which)."""

    node: Speaker
    routes: Routes


class Hop(NamedTuple):
    """What sessions that are alike decide on routes; nothing where they do not come up."""

    group: Group
    exported: tuple[Decision, ...]
    imported: tuple[Decision, ...]


class Trail(NamedTuple):
    """Everything about one network; hops stand in the order of the sessions.

    `region` is the network itself if a node has a route to it, else, if nodes have routes inside it, these.
    """

    region: PrefixSet
    sources: tuple[Source, ...]
    hops: tuple[Hop, ...]


def follow(
    cluster: Cluster, network: Prefix, nodes: Iterable[Speaker] | None = None, groups: Iterable[Group] | None = None
) -> Trail:
    """Follow a network, host bits put away, from all nodes and through every session, or from and through some."""
    model, wanted = engine(cluster), network.masked()
    if wanted.family not in model.network.families:
        return Trail(nothing(wanted.family), (), ())
    speakers = model.network.speakers.values() if nodes is None else nodes
    speaking = (one for one in speakers if one.speaks(wanted.family) is not False)
    found = [Source(one, routes) for one in speaking for routes in model.profiles.own_routes(one, wanted.family)]
    region, inside = exactly(wanted), within(wanted)
    there = [one.routes.prefixes for one in found if one.routes.presence != "any"]
    # Everything is inside the default route, which is asked for alone.
    if wanted.length and not any(wanted in one for one in there) and any(one.overlaps(inside) for one in there):
        region = inside
    sources = (Source(node, routes._replace(prefixes=routes.prefixes & region)) for node, routes in found)
    return Trail(
        region,
        tuple(one for one in sources if one.routes.prefixes),
        tuple(
            hop(model, group, region)
            for group in (model.division.groups() if groups is None else groups)
            if group.session.family == wanted.family
        ),
    )


def hop(model: Engine, group: Group, region: PrefixSet | None = None) -> Hop:
    """What sessions decide on all routes, or on those in a region."""
    session = group.session
    if session.status.state not in LIVE:
        return Hop(group, (), ())
    return Hop(group, _cut(model.exported(session), region), _cut(model.imported(session), region))


def _cut(decisions: tuple[Decision, ...], region: PrefixSet | None) -> tuple[Decision, ...]:
    if region is None:
        return decisions
    return tuple(one._replace(prefixes=hit) for one in decisions if (hit := one.prefixes & region))
