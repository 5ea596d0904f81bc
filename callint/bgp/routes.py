"""The relation: for a session, what it exports and imports, what decided it, and with which communities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache

from callint.bgp.candidates import Routes
from callint.bgp.decision import Decision, Step
from callint.bgp.division import Division
from callint.bgp.export import Limits, Outcome, export, own_filter, stopped
from callint.bgp.filtering import filtering
from callint.bgp.filters import Part, View
from callint.bgp.imports import Kernel, imported, ipip_by_bird, kernel
from callint.bgp.network import network
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.peering import Peering
from callint.bgp.profile import Profile
from callint.bgp.profiles import Profiles
from callint.bgp.route import DEFAULT_LOCAL_PREF, Attributes, PeerType, Presence
from callint.bgp.rules import Direction
from callint.bgp.session import LIVE, Form, Session
from callint.net.address import Family
from callint.net.prefixes import PrefixSet, everything, union_all
from callint.objects import Cluster
from callint.record import NamedTuple
from callint.selector.values import Budget
from callint.steps import FREE, Steps

Brought = tuple[Presence, Attributes, PrefixSet]
"""Routes that get in over sessions, and are alike in all but the prefix."""


class Source(NamedTuple):
    """Sessions of one node over which it learns alike: one of them, and how many there are.

    `brought` is what gets in from all of them, where that is not what the one brings.
    """

    session: Session
    size: int
    brought: tuple[Brought, ...] | None = None


# What a session takes from which routes may come, and what becomes of some of them
OF_SOURCE, OF_DECISION = 10, 5
OF_PIECES = 4
"""So many pieces of a set of prefixes take a step, for its memory no less than for its time."""


class Engine:
    """Decides on routes; whatever is equal for several nodes or sessions is computed once.

    Who gives steps for all routes of sessions has them spent on what is computed for him, and gets TooManyStepsError.
    """

    def __init__(self, cluster: Cluster) -> None:
        """Nothing is computed yet."""
        self.cluster = cluster
        self.network = network(cluster)
        self.profiles = Profiles(cluster, self.network)
        self.division = Division(self.network, self.profiles)
        self._filtering = filtering(cluster)
        self._sources: dict[object, tuple[Source, ...]] = {}
        self._outcomes: dict[tuple[Limits, PeerType, Routes], tuple[Outcome, ...]] = {}
        self._exports: dict[object, tuple[Decision, ...]] = {}
        self._imports: dict[object, tuple[Decision, ...]] = {}
        self._taken: dict[tuple[Form, Form, Profile, Routes], tuple[Decision, ...]] = {}

    @cached_property
    def kernels(self) -> dict[Family, Kernel]:
        """What BIRD keeps out of the kernel, by family."""
        configuration, release = self.network.settings.default, self.cluster.target.release
        return {
            family: kernel(shared.pools, shared.ranges, configuration, release)
            for family, shared in self.profiles.shared.items()
        }

    def sources(self, speaker: Speaker, family: Family, form: Form, steps: Budget = FREE) -> tuple[Source, ...]:
        """The sessions whose routes a node may pass on to sessions of this form, those that are alike together."""
        key = (speaker.name, family, form.passage)
        known = self._sources.get(key)
        if known is None:
            known = self._sources[key] = tuple(self._find_sources(speaker, family, form, steps))
        return known

    def brought(self, session: Session, decisions: Iterable[Decision]) -> tuple[Brought, ...]:
        """What gets in over a session, of what was decided on."""
        alike: dict[tuple[Presence, Attributes], list[PrefixSet]] = {}
        for one in decisions:
            if one.accepted:
                alike.setdefault((one.presence, one.result), []).append(one.prefixes)
        return tuple((*about, union_all(session.family, sets)) for about, sets in alike.items())

    def passing(self, speaker: Speaker, family: Family, form: Form) -> Iterator[Peering]:
        """The sessions whose routes a node may pass on to sessions of this form."""
        for peering in self.network.kinds_of(speaker, family):
            if peering.state in LIVE and peering.form.passage.leads_to(form.passage):
                yield peering

    def _find_sources(self, speaker: Speaker, family: Family, form: Form, steps: Budget) -> Iterator[Source]:
        found: dict[object, list[Source]] = {}
        for peering in self.passing(speaker, family, form):
            for session, size in self.division.far_ends(peering, speaker):
                steps.spend(OF_SOURCE)
                found.setdefault(self.import_key(session, steps), []).append(Source(session, size))
        for alike in found.values():
            yield Source(alike[0].session, sum(one.size for one in alike))

    def exported(self, session: Session, steps: Budget = FREE) -> tuple[Decision, ...]:
        """What becomes of every route that the local node has, on its way to the far end."""
        return self.decided(session, self.sources(session.local, session.family, session.form, steps), steps)

    def decided(self, session: Session, learned: tuple[Source, ...], steps: Budget = FREE) -> tuple[Decision, ...]:
        """What becomes of the local node's own routes and of those from some sources."""
        form, mine = session.form, self.profiles.of(session.local, session.family)
        steps.spend(OF_SOURCE * len(learned))
        told = (None if one.size > 1 else (_echoes(one, session), self._from(one)) for one in learned)
        key = (form, mine, tuple(zip((self.import_key(one.session, steps) for one in learned), told, strict=True)))
        found = self._exports.get(key)
        if found is None:
            heard = self.heard(learned, steps)
            passed = (one for source, routes in heard for one in self.passed_on(session, source, routes))
            found = (*self.own_exported(session, steps), *counted_decisions(passed, steps))
            self._exports[key] = found
        return found

    def own_exported(self, session: Session, steps: Budget = FREE) -> tuple[Decision, ...]:
        """What becomes of the routes that the local node does not learn by BGP."""
        form, mine = session.form, self.profiles.of(session.local, session.family)
        found = self._exports.get((form, mine))
        if found is None:
            decisions = (one for routes in self.profiles.own_routes(mine) for one in self.decide(mine, form, routes))
            found = tuple(counted_decisions(decisions, steps))
            self._exports[form, mine] = found
        return found

    def heard(self, sources: Iterable[Source], steps: Budget = FREE) -> Iterator[tuple[Source, Routes]]:
        """The routes that some sources bring."""
        for source in sources:
            brought = source.brought
            if brought is None:
                brought = self.brought(source.session, self.imported(source.session, steps))
            for presence, attributes, prefixes in brought:
                yield source, Routes(prefixes, presence, attributes, self._from(source), source.session.form.passage)

    def received(self, session: Session, routes: Routes) -> tuple[Decision, ...]:
        """What becomes of routes that the far end sends."""
        return tuple(imported(session.form, routes, self._filtered(session.form, "import", routes)))

    def passed_on(self, session: Session, source: Source, routes: Routes) -> tuple[Decision, ...]:
        """What becomes of routes that the local node learned from `source`, on their way out."""
        step = self.stopped(session, source, routes)
        if step is not None:
            return (Decision(routes, routes.prefixes, "reject", step),)
        return tuple(self.decide(self.profiles.of(session.local, session.family), session.form, routes))

    def stopped(self, session: Session, source: Source, routes: Routes) -> Step | None:
        """The step at which BIRD itself stops such routes."""
        return stopped(routes, session.form, same_session=_echoes(source, session))

    def decide(self, mine: Profile, form: Form, routes: Routes) -> Iterator[Decision]:
        """What becomes of routes that BIRD does not stop, on their way out of a node."""
        parts = self._filtered(form, "export", routes)
        falling = bool(parts) and parts[-1].rule is None
        return export(form, routes, parts, self._outcome(mine, form, routes) if falling else ())

    def ruled(self, form: Form, routes: Routes) -> Iterator[Decision]:
        """The same, as far as rules of BGPFilters decide on them."""
        parts = self._filtered(form, "export", routes)
        return export(form, routes, (part for part in parts if part.rule is not None), ())

    def _outcome(self, mine: Profile, form: Form, routes: Routes) -> tuple[Outcome, ...]:
        limit = self.profiles.limits(mine)
        key = (limit, form.peer_type, routes)
        found = self._outcomes.get(key)
        if found is None:
            felix, steps = not self._ipip_by_bird, Steps(self.cluster, "prefixAdvertisements inside of each other")
            own = own_filter(limit, form.peer_type, routes, steps, ipip_by_felix=felix)
            found = self._outcomes[key] = tuple(own)
        return found

    @cached_property
    def _ipip_by_bird(self) -> bool:
        release = self.cluster.target.release
        return release < (3, 33) or ipip_by_bird(self.network.settings.default, release)

    def _filtered(self, form: Form, direction: Direction, routes: Routes) -> tuple[Part, ...]:
        """What the filters of a session make of routes."""
        view = View(direction, form.peer_type, form.local_as)
        return self._filtering.parts(form.filters, view, routes.attributes, routes.prefixes)

    @staticmethod
    def _from(source: Source) -> str:
        session = source.session
        if session.peer is None:
            return f"the mesh ({source.size} sessions)" if source.size > 1 else f"the mesh, {session.far_end}"
        if source.size > 1:
            return f'BGPPeer "{session.peer.resource.name}" ({source.size} sessions)'
        return session.far_end

    def imported(self, session: Session, steps: Budget = FREE) -> tuple[Decision, ...]:
        """What becomes of every route that the far end may send."""
        key = self.import_key(session, steps)
        found = self._imports.get(key)
        if found is None:
            decisions = (one for offer in self.offers(session) for one in self.taken(session, offer))
            found = self._imports[key] = tuple(counted_decisions(decisions, steps))
        return found

    def import_key(self, session: Session, steps: Budget = FREE, *, passed: bool = True) -> object:
        """What decides about routes that come over a session; without `passed` about those of the far end alone."""
        answer = self.network.answer(session)
        if answer is None or session.remote is None:
            return session.form, session.remote is not None
        relayed = self.division.relayed(answer, steps) if passed else ()
        return session.form, answer.form, self.profiles.of(session.remote, session.family), relayed

    def offers(self, session: Session) -> Iterator[Routes]:
        """What the far end may let out: a node its own routes and what it passes on, somebody else anything."""
        if session.remote is None:
            preference = DEFAULT_LOCAL_PREF if session.peer_type == "eBGP" else None
            everywhere = everything(session.family)
            yield Routes(everywhere, "any", Attributes("bgp", None, None, None, preference), session.far_end)
        else:
            yield from self.profiles.own_routes(self.profiles.of(session.remote, session.family))
            answer = self.network.answer(session)
            for passage, preference in self.division.relayed(answer) if answer is not None else ():
                relayed = Attributes("bgp", None, None, None, preference)
                yield Routes(everything(session.family), "any", relayed, "routes from its peers", passage)

    def taken(self, session: Session, offer: Routes) -> tuple[Decision, ...]:
        """What becomes of such routes on the way in, as far as the far end exports them."""
        answer, remote = self.network.answer(session), session.remote
        if remote is None:
            return self.received(session, offer)
        if answer is None:
            return ()
        theirs = self.profiles.of(remote, session.family)
        key = (session.form, answer.form, theirs, offer)
        found = self._taken.get(key)
        if found is None:
            found = self._taken[key] = tuple(self._take(session, remote, self.decide(theirs, answer.form, offer)))
        return found

    def _take(self, session: Session, remote: Speaker, decisions: Iterable[Decision]) -> Iterator[Decision]:
        name = "other nodes" if remote.name == ANY else f'node "{remote.name}"'
        for one in decisions:
            if one.accepted:
                result = one.result
                if session.peer_type == "eBGP":
                    result = result._replace(local_pref=DEFAULT_LOCAL_PREF)
                routes = Routes(one.prefixes, one.presence, result, f"{name}: {one.routes.because}")
                yield from self.received(session, routes)


def counted_decisions(decisions: Iterable[Decision], steps: Budget) -> Iterator[Decision]:
    """The same; each takes steps, more if it is about many prefixes. Raises TooManyStepsError."""
    for one in decisions:
        steps.spend(OF_DECISION + len(one.prefixes.starts) // OF_PIECES)
        yield one


def _echoes(source: Source, session: Session) -> bool:
    """Whether all that the source brings came over this very session."""
    own, far = source.session, (session.remote, session.address)
    return source.size == 1 and own.form == session.form and (own.remote, own.address) == far


@lru_cache(maxsize=8)
def engine(cluster: Cluster) -> Engine:
    """The engine of a cluster, the same one each time."""
    return Engine(cluster)
