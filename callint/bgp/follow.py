"""One prefix on its way through the cluster: where it comes from, which sessions let it out and in, and why."""

from __future__ import annotations

from typing import NamedTuple

from callint.bgp.candidates import Routes, own_routes
from callint.bgp.decision import Decision
from callint.bgp.nodes import Speaker
from callint.bgp.profile import Profile
from callint.bgp.routes import Group, engine
from callint.bgp.rules import Direction
from callint.net.address import Prefix
from callint.objects import Cluster


class Source(NamedTuple):
    """Nodes that have the prefix of their own, or may have it (`routes.presence` says which)."""

    nodes: tuple[str, ...]
    routes: Routes


class Hop(NamedTuple):
    """What sessions that are alike decide on the prefix in one direction."""

    group: Group
    direction: Direction
    decision: Decision


class Trail(NamedTuple):
    """Everything about one prefix; hops stand in the order of the sessions, exports before imports."""

    prefix: Prefix
    sources: tuple[Source, ...]
    hops: tuple[Hop, ...]


def follow(cluster: Cluster, prefix: Prefix) -> Trail:
    """Follow a prefix, host bits put away, through every session."""
    model, wanted = engine(cluster), prefix.masked()
    alike: dict[Profile, list[Speaker]] = {}
    if wanted.family in model.network.families:
        for speaker in model.network.speakers.values():
            if speaker.speaks(wanted.family) is not False:
                alike.setdefault(model.profile(speaker, wanted.family), []).append(speaker)
    sources = [
        Source(tuple(one.name for one in speakers), routes)
        for profile, speakers in alike.items()
        for routes in own_routes(profile)
        if wanted in routes.prefixes
    ]
    hops: list[Hop] = []
    for group in model.groups():
        session = group.session
        if session.family == wanted.family:
            hops += (Hop(group, "export", one) for one in model.exported(session) if wanted in one.prefixes)
            hops += (Hop(group, "import", one) for one in model.imported(session) if wanted in one.prefixes)
    return Trail(wanted, tuple(sources), tuple(hops))
