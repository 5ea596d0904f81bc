"""What goes over sessions, or of that only one network: where it comes from, who lets it out and in, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from callint.bgp.candidates import Routes
from callint.bgp.decision import Decision
from callint.bgp.division import Group
from callint.bgp.nodes import Speaker
from callint.bgp.routes import OF_SOURCE, Engine, counted_decisions, engine
from callint.bgp.session import LIVE
from callint.net.address import Prefix
from callint.net.prefixes import PrefixSet, exactly, nothing, within
from callint.objects import Cluster
from callint.record import NamedTuple
from callint.selector.values import Budget
from callint.steps import FREE, counted

# What a session takes beside its routes: whether it comes up, and to be told
_OF_SESSION = 10


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
    cluster: Cluster,
    network: Prefix,
    nodes: Iterable[Speaker] | None = None,
    groups: Iterable[Group] | None = None,
    steps: Budget = FREE,
) -> Trail:
    """Follow a network, host bits put away, from all nodes and through every session, or from and through some.

    Raises TooManyStepsError.
    """
    model, wanted = engine(cluster), network.masked()
    if wanted.family not in model.network.families:
        return Trail(nothing(wanted.family), (), ())
    speakers = model.network.speakers.values() if nodes is None else nodes
    profiles, family = model.profiles, wanted.family
    speaking = (one for one in speakers if one.speaks(family) is not False)
    own = (Source(one, routes) for one in speaking for routes in profiles.own_routes(profiles.of(one, family)))
    found = list(counted(own, steps, OF_SOURCE))
    region, inside = exactly(wanted), within(wanted)
    there = [one.routes.prefixes for one in found if one.routes.presence != "any"]
    # Everything is inside the default route, which is asked for alone.
    if wanted.length and not any(wanted in one for one in there) and any(one.overlaps(inside) for one in there):
        region = inside
    sources = (Source(node, routes._replace(prefixes=routes.prefixes & region)) for node, routes in found)
    if groups is None:
        groups = model.division.groups(steps)
    hops = (hop(model, group, steps) for group in groups if group.session.family == wanted.family)
    return Trail(region, tuple(one for one in sources if one.routes.prefixes), tuple(_cut(hops, region, steps)))


def hop(model: Engine, group: Group, steps: Budget = FREE) -> Hop:
    """What sessions decide on all routes, the same object where that is the same; raises TooManyStepsError."""
    session = group.session
    steps.spend(_OF_SESSION)
    if session.status.state not in LIVE:
        return Hop(group, (), ())
    return Hop(group, model.exported(session, steps), model.imported(session, steps))


def _cut(hops: Iterable[Hop], region: PrefixSet, steps: Budget) -> Iterator[Hop]:
    """The same, but of routes in a region alone."""
    known: dict[int, tuple[Decision, ...]] = {}

    def cut(decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
        found = known.get(id(decisions))
        if found is None:
            several = counted_decisions(decisions, steps)
            hits = ((one, one.prefixes & region) for one in several)
            found = known[id(decisions)] = tuple(one._replace(prefixes=hit) for one, hit in hits if hit)
        return found

    for group, exported, imported in hops:
        yield Hop(group, cut(exported), cut(imported))
