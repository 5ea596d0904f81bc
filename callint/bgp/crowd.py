"""What crowds of nodes bring to others: routes of many that are alike in all but the prefix are asked of few."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, cached_property, lru_cache, partial

from callint.bgp.alike import Alike, other
from callint.bgp.candidates import Routes, own_routes
from callint.bgp.decision import Decision
from callint.bgp.lone import CROWD
from callint.bgp.nodes import Speaker
from callint.bgp.peering import Peering
from callint.bgp.profile import Profile
from callint.bgp.route import Attributes, Presence
from callint.bgp.routes import OF_PIECES, OF_SOURCE, Brought, Source, counted_decisions, engine
from callint.bgp.session import Form, Session
from callint.net.address import Family
from callint.net.prefixes import PrefixSet, everything, nothing
from callint.objects import Cluster
from callint.record import NamedTuple
from callint.steps import Answer, Steps

_About = tuple[Presence, Attributes]
_Twice = tuple[PrefixSet, PrefixSet]
"""What any of some sets has, and what several have."""


class Asked:
    """Nodes of which some have been asked about their routes: how many, with which profiles, how often about which.

    `again` is how often nodes of a profile were asked after the first ones.
    """

    __slots__ = ("again", "nodes", "profiles", "routes")

    def __init__(self) -> None:
        """None yet."""
        self.nodes = 0
        self.profiles: set[Profile] = set()
        self.routes: Counter[Routes] = Counter()
        self.again: Counter[Profile] = Counter()

    def of(self, own: Iterable[Routes], most: int | None) -> Iterator[Routes]:
        """The routes of one more node, without those about which so many nodes were asked, if that matters."""
        for routes in own:
            times = self.routes[routes] = self.routes[routes] + 1
            if most is None or times <= most:
                yield routes


class _Similar(NamedTuple):
    """Nodes that are asked themselves, about all their routes or about some, and routes of the others together.

    These are alike in all but the prefix: a node that has some, which nodes have which, and what any and several have.
    """

    asked: list[tuple[Speaker, tuple[Routes, ...] | None]]
    together: list[tuple[Speaker, Routes, list[tuple[str, PrefixSet]], _Twice]]
    shared: set[str]


class _Crowd(NamedTuple):
    """What nodes bring: any of them, and several; `shared` are the names of those who bring what another one does.

    `own` is by name what others do not bring, or hardly any: what nodes bring together, and what of that is this one's.
    """

    brought: dict[_About, _Twice]
    own: dict[str, list[tuple[dict[_About, PrefixSet], PrefixSet]]]
    shared: set[str]


class Crowds:
    """The nodes of a cluster by what decides about their routes, and by what they bring."""

    def __init__(self, cluster: Cluster) -> None:
        """Nothing is asked yet."""
        self._cluster = cluster
        self._engine = engine(cluster)
        pools = {family: shared.pools for family, shared in self._engine.profiles.shared.items()}
        self._outside = {family: ~(one.exported | one.withheld) for family, one in pools.items()}
        self.bare = cache(self._bare)
        """What decides about routes of nodes and of others: all of a profile but the routes of their own."""
        self.own = cache(self._own)
        """The routes that a node has beside those that others have or may have who are alike but for such routes."""
        self._similar = cache(self._divided)
        self._crowds: dict[tuple[Alike, Alike, Form], Answer[_Crowd]] = {}

    def _bare(self, mine: Profile) -> Profile:
        """Blocks outside of pools let routes pass that no other node's filter lets pass."""
        profiles = self._engine.profiles
        outside = mine.blocks and profiles.limits(mine).blocks & self._outside[mine.family]
        return mine if outside else profiles.once(mine.bare())

    def _own(self, mine: Profile) -> tuple[Routes, ...]:
        return own_routes(mine.own())

    def sources(
        self, speaker: Speaker, peerings: Iterable[Peering], key: Callable[[Session], object], *, existing: bool = False
    ) -> tuple[Source, ...]:
        """The sessions of a node whose routes it passes on, those with equal keys together, and those of a crowd.

        With `existing` a crowd brings only routes that there surely are. Raises TooManyStepsError.
        """
        model = self._engine
        found: dict[object, Source] = {}
        for peering in peerings:
            there = peering.there
            if there is not None and self._is_crowd(there, peering.family):
                size = len(there.members) - (there is peering.here)
                session = next(peering.far_ends(speaker))
                found[peering] = Source(session, size, self.brought(peering, speaker, existing=existing))
                continue
            for session, size in model.division.far_ends(peering, speaker):
                told = key(session)
                first = found.get(told)
                found[told] = first._replace(size=first.size + size) if first else Source(session, size)
        return tuple(found.values())

    def brought(self, peering: Peering, speaker: Speaker, *, existing: bool = False) -> tuple[Brought, ...]:
        """What gets in from all far ends of a node; AS numbers that are one's alone are all the same.

        Raises TooManyStepsError.
        """
        here, there = peering.here, peering.there
        assert there is not None, "a crowd is of nodes"
        key = (here, there, peering.form)
        answer = self._crowds.get(key)
        if answer is None:
            answer = self._crowds[key] = Answer(partial(self._crowd, peering, there))
        crowd = answer.get()
        brought = [(about, sets) for about, sets in crowd.brought.items() if not existing or about[0] != "any"]
        if there is not here or speaker.name in crowd.shared:
            return tuple((*about, whole) for about, (whole, _) in brought)
        mine: dict[_About, PrefixSet] = {}
        for together, inside in crowd.own.get(speaker.name, ()):
            for about, whole in together.items():
                prefixes = whole & inside
                mine[about] = mine[about] | prefixes if about in mine else prefixes
        left = ((about, (whole - mine[about]) | twice if about in mine else whole) for about, (whole, twice) in brought)
        return tuple((*about, prefixes) for about, prefixes in left if prefixes)

    def _is_crowd(self, there: Alike, family: Family) -> bool:
        return len(self._engine.division.profiled(there, family)) >= CROWD

    @cached_property
    def _share(self) -> float:
        """Which share of the steps a crowd has for all that some nodes hear of it: none has less for being later."""
        model = self._engine.network
        count = sum(one.there is not None and self._is_crowd(one.there, one.family) for one in model.peerings)
        for family, mesh in model.meshes.items():
            count += len(mesh.all) * sum(self._is_crowd(one, family) for one in mesh.all)
        return 1 / max(1, count)

    def _steps(self) -> Steps:
        return Steps(self._cluster, "routes that BGP sessions export", self._share)

    def _crowd(self, peering: Peering, there: Alike) -> _Crowd:
        model, family = self._engine, peering.family
        none, every = nothing(family), everything(family)
        steps = self._steps()
        similar = self._similar(there, family)
        sets: dict[_About, list[_Twice]] = {}
        own: dict[str, list[tuple[dict[_About, PrefixSet], PrefixSet]]] = {}
        for far, some in similar.asked:
            session = self._session(peering, far)
            offers = dict.fromkeys(model.offers(session)) if some is None else some
            steps.spend(OF_SOURCE * (1 + len(offers)))
            taken = [one for offer in offers for one in counted_decisions(model.taken(session, offer), steps)]
            got = self._got(peering, session, taken)
            own[far.name] = [(got, every)]
            for about, prefixes in got.items():
                sets.setdefault(about, []).append((prefixes, none))
        for far, offer, owners, any_and_several in similar.together:
            session = self._session(peering, far)
            steps.spend(OF_SOURCE + len(owners) // OF_PIECES)
            whole, twice = (
                self._got(
                    peering,
                    session,
                    counted_decisions(model.taken(session, offer._replace(prefixes=prefixes)), steps),
                )
                for prefixes in any_and_several
            )
            for name, prefixes in owners:
                own.setdefault(name, []).append((whole, prefixes))
            for about, prefixes in whole.items():
                sets.setdefault(about, []).append((prefixes, twice.get(about, none)))
        return _Crowd({about: _any_and_several(found) for about, found in sets.items()}, own, similar.shared)

    def _divided(self, there: Alike, family: Family) -> _Similar:
        """Three of each kind of nodes are enough to know what several bring, for hardly a route is at home on two."""
        model, none = self._engine, nothing(family)
        steps = self._steps()
        found = _Similar([], [], set())
        kinds: dict[object, Asked] = {}
        together: dict[tuple[Profile, Routes], tuple[Speaker, list[tuple[str, PrefixSet]]]] = {}
        for mine, members in model.division.profiled(there, family):
            far, bare = members[0], self.bare(mine)
            relaying = model.division.relaying(far, family)
            kind = kinds.setdefault((bare, relaying), Asked())
            kind.nodes += 1
            if len(members) > 1:
                found.shared.update(one.name for one in members)
            if kind.nodes <= 3:
                own = model.profiles.own_routes(mine)
                # Whoever asks about them takes as many: where these are too many, thousands of nodes hold no more.
                steps.spend(OF_SOURCE * (1 + len(own)))
                kind.routes.update(own)
                found.asked.append((far, None))
            elif bare is mine:
                found.asked.append((far, self.own(mine)))
            elif mine.blocks or mine.services:
                # What is a node's own lets other routes pass.
                same = kinds.setdefault((bare, mine.blocks, mine.services, relaying), Asked())
                if own := tuple(same.of(self.own(mine), 3)):
                    found.asked.append((far, own))
            else:
                for offer in kind.of(self.own(mine), 3):
                    key = (bare, offer._replace(prefixes=none))
                    together.setdefault(key, (far, []))[1].append((far.name, offer.prefixes))
        for (_, offer), (far, owners) in together.items():
            any_and_several = _any_and_several([(prefixes, none) for _, prefixes in owners])
            found.together.append((far, offer, owners, any_and_several))
        return found

    def _session(self, peering: Peering, far: Speaker) -> Session:
        near = other(peering.here.members, far)
        assert near is not None, "a crowd has others"
        return peering.session(near, far)

    def _got(self, peering: Peering, session: Session, decisions: Iterable[Decision]) -> dict[_About, PrefixSet]:
        """What gets in from one node of a crowd, its AS number that of the first one if each has its own."""
        far, there = session.remote, peering.there
        assert there is not None, "a crowd is of nodes"
        assert far is not None, "each session is with one of them"
        found: dict[_About, PrefixSet] = {}
        for presence, attributes, prefixes in self._engine.brought(session, decisions):
            path = attributes.as_path
            if path is not None and there.differ:
                first = there.first.as_number
                path = tuple(first if number == far.as_number else number for number in path)
            about = presence, attributes._replace(as_path=path)
            found[about] = found[about] | prefixes if about in found else prefixes
        return found


@lru_cache(maxsize=8)
def crowds(cluster: Cluster) -> Crowds:
    """The crowds of a cluster, the same ones each time."""
    return Crowds(cluster)


def _any_and_several(sets: Sequence[_Twice]) -> _Twice:
    """What is in any of the sets, and what is in several."""
    if len(sets) == 1:
        return sets[0]
    middle = len(sets) // 2
    (one, one_twice), (two, two_twice) = _any_and_several(sets[:middle]), _any_and_several(sets[middle:])
    return one | two, one_twice | two_twice | (one & two)
