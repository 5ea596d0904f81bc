"""What all sessions of a cluster export, from far ends that are a crowd taken together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from callint.bgp.alike import Alike
from callint.bgp.decision import Decision
from callint.bgp.filtering import filtering
from callint.bgp.lone import CROWD
from callint.bgp.nodes import Speaker
from callint.bgp.peering import Peering
from callint.bgp.route import Attributes, Presence
from callint.bgp.routes import OF_SOURCE, Brought, Engine, Group, Source, engine, may_pass, other
from callint.bgp.session import LIVE, Form
from callint.bgp.steps import Answer, Steps
from callint.net.address import Family
from callint.net.prefixes import PrefixSet, nothing
from callint.objects import Cluster
from callint.record import NamedTuple

Sent = tuple[tuple[Group, tuple[Decision, ...]], ...]
"""Sessions that may come up, those that export alike together, and what these export."""


def sent(cluster: Cluster, *, filtered: bool = False) -> Sent:
    """What sessions export, all or those with filters; of a crowd it is not told who has which route.

    Raises TooManyStepsError.
    """
    return _sent(cluster, filtered).get()


@lru_cache(maxsize=16)
def _sent(cluster: Cluster, filtered: bool) -> Answer[Sent]:
    return Answer(lambda: _Sending(cluster).all(filtered=filtered))


_About = tuple[Presence, Attributes]


class _Crowd(NamedTuple):
    """What nodes bring, all and by profile: any of them, and several; `shared` are profiles that several have."""

    brought: dict[_About, tuple[PrefixSet, PrefixSet]]
    alone: dict[int, dict[_About, PrefixSet]]
    shared: set[int]


class _Sending:
    def __init__(self, cluster: Cluster) -> None:
        self._engine: Engine = engine(cluster)
        self._filtering = filtering(cluster)
        self._steps = Steps(cluster, "routes that BGP sessions export")
        self._sources: dict[object, tuple[Source, ...]] = {}
        self._crowds: dict[tuple[Alike, Alike, Form], _Crowd] = {}

    def all(self, *, filtered: bool) -> Sent:
        found = []
        for group in self._engine.senders:
            session = group.session
            if session.status.state in LIVE and (session.form.filters or not filtered):
                learned = self._learned(session.local, session.family, session.form)
                found.append((group, self._engine.decided(session, learned, self._steps)))
        return tuple(found)

    def _learned(self, speaker: Speaker, family: Family, form: Form) -> tuple[Source, ...]:
        key = (speaker.name, family, form.peer_type, form.rr_client)
        found = self._sources.get(key)
        if found is None:
            found = self._sources[key] = self._find_sources(speaker, family, form)
        return found

    def _find_sources(self, speaker: Speaker, family: Family, form: Form) -> tuple[Source, ...]:
        """As those of the engine, but of nodes that are alike but for their routes, and of routers of others, few."""
        model = self._engine
        passing = [
            peering
            for peering in model.network.kinds_of(speaker, family)
            if peering.state in LIVE and may_pass((peering.form.peer_type, peering.form.rr_client), form)
        ]
        self._steps.take(OF_SOURCE * len(passing))
        outside = sum(peering.there is None for peering in passing) >= CROWD
        crowds = {one for one in passing if one.there and len(model.profiled(one.there, family)) >= CROWD}
        if not outside and not crowds:
            return model.sources(speaker, family, form)
        found: dict[object, Source] = {}
        for peering in passing:
            for session, size in model.far_ends(peering, speaker):
                if peering in crowds:
                    found[peering] = Source(session, len(peering), self._brought(peering, speaker))
                    break
                key = model.import_key(session)
                if outside and peering.there is None:
                    key = self._gate(peering.form)
                first = found.get(key)
                found[key] = first._replace(size=first.size + size) if first else Source(session, size)
        return tuple(found.values())

    def _gate(self, form: Form) -> object:
        """What decides about routes from somebody who may announce all."""
        filters = form.filters if self._filtering.rules(form.filters, "import", form.family) else ()
        return form.peer_type, form.rr_client, filters

    def _brought(self, peering: Peering, speaker: Speaker) -> tuple[Brought, ...]:
        """What gets in from all far ends of a node; AS numbers that are one's alone are all the same."""
        crowd, family = self._crowd(peering), peering.family
        own = self._engine.profile(speaker, family)
        if peering.there is not peering.here or id(own) in crowd.shared:
            return tuple((*about, whole) for about, (whole, _) in crowd.brought.items())
        mine = crowd.alone[id(own)]
        left = (
            (about, (whole - mine[about]) | twice if about in mine else whole)
            for about, (whole, twice) in crowd.brought.items()
        )
        return tuple((*about, prefixes) for about, prefixes in left if prefixes)

    def _crowd(self, peering: Peering) -> _Crowd:
        here, there, family = peering.here, peering.there, peering.family
        assert there is not None, "a crowd is of nodes"
        found = self._crowds.get((here, there, peering.form))
        if found is not None:
            return found
        sets: dict[_About, list[PrefixSet]] = {}
        crowd = _Crowd({}, {}, set())
        for profile, members in self._engine.profiled(there, family):
            self._steps.take(OF_SOURCE)
            far = members[0]
            near = other(here.members, far)
            assert near is not None, "a crowd has others"
            mine = crowd.alone[id(profile)] = {}
            for presence, attributes, prefixes in self._engine.brought(peering.session(near, far)):
                path = attributes.as_path
                if path is not None and there.differ:
                    first = there.first.as_number
                    path = tuple(first if number == far.as_number else number for number in path)
                about = presence, attributes._replace(as_path=path)
                mine[about] = mine[about] | prefixes if about in mine else prefixes
            for about, prefixes in mine.items():
                sets.setdefault(about, []).append(prefixes)
            if len(members) > 1:
                crowd.shared.add(id(profile))
        crowd.brought.update({about: _once_and_twice(several) for about, several in sets.items()})
        self._crowds[here, there, peering.form] = crowd
        return crowd


def _once_and_twice(sets: Sequence[PrefixSet]) -> tuple[PrefixSet, PrefixSet]:
    """What is in any of the sets, and what is in several."""
    if len(sets) == 1:
        return sets[0], nothing(sets[0].family)
    middle = len(sets) // 2
    (one, one_twice), (two, two_twice) = _once_and_twice(sets[:middle]), _once_and_twice(sets[middle:])
    return one | two, one_twice | two_twice | (one & two)
