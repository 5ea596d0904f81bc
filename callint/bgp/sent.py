"""What all sessions of a cluster export, as far as it is not the same again for one node after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from callint.bgp.alike import other
from callint.bgp.candidates import Routes
from callint.bgp.crowd import Asked, Crowds, crowds
from callint.bgp.decision import Decision
from callint.bgp.division import Group
from callint.bgp.filtering import filtering
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.peering import Peering
from callint.bgp.profile import Profile
from callint.bgp.routes import (
    OF_DECISION,
    OF_PIECES,
    OF_SOURCE,
    Engine,
    Source,
    counted_decisions,
    engine,
)
from callint.bgp.rules import Direction, Rule
from callint.bgp.session import LIVE, Form, Session
from callint.bgp.tagging import in_effect
from callint.net.overlapping import InOrder
from callint.objects import Cluster
from callint.record import NamedTuple
from callint.steps import Answer, Steps, counted

Sent = tuple[tuple[Group, tuple[Decision, ...]], ...]
"""Sessions that may come up, those that export alike together, and what these export."""

# What nodes that export alike take, and what is brought to one of them, and what Calico decides on it
_OF_SENDER, _OF_LEARNED = 5, 10


def sent(cluster: Cluster, *, ruled: bool = False) -> Sent:
    """What sessions export, all or what rules of BGPFilters decide.

    Sessions that let out the same, but for what each node has of its own, are many: the routes that two of them let
    out are not told of the others. Of a crowd it is not told who has which route. Raises TooManyStepsError.
    """
    return _sent(cluster, ruled).get()


@lru_cache(maxsize=16)
def _sent(cluster: Cluster, ruled: bool) -> Answer[Sent]:
    return Answer(lambda: _Sending(cluster, ruled=ruled).all())


class _Passing(NamedTuple):
    """Sessions whose routes a node may pass on, and what tells these routes from others.

    `by_form` has those that come over sessions of a form, and those that come over no others; `several` are the forms
    of which a node has several sessions.
    """

    peerings: tuple[Peering, ...]
    all: frozenset[object]
    by_form: Mapping[Form, tuple[frozenset[object], frozenset[object]]]
    several: frozenset[Form]

    def seen_by(self, form: Form) -> object:
        """What tells what a session of this form has to pass on from what another one has: it echoes nothing."""
        return self.all, self.by_form.get(form)


class _Heard(NamedTuple):
    """Routes that a node learned, with where from, and the steps that it takes to look at all of them."""

    routes: tuple[tuple[Source, Routes], ...]
    steps: int


class _Question(NamedTuple):
    """Sessions that export alike, and the routes of one of their nodes, its own and those heard, to be decided on."""

    group: Group
    profile: Profile
    own: tuple[Routes, ...]
    heard: tuple[tuple[Source, Routes], ...]


class _Sending:
    def __init__(self, cluster: Cluster, *, ruled: bool) -> None:
        self._ruled = ruled
        self._engine: Engine = engine(cluster)
        self._crowds: Crowds = crowds(cluster)
        self._filtering = filtering(cluster)
        self._steps, self._least = (Steps(cluster, "routes that BGP sessions export") for _ in range(2))
        self._passing: dict[object, _Passing] = {}
        self._interned: dict[frozenset[object], frozenset[object]] = {}
        self._heard: dict[tuple[int, str, bool], _Heard] = {}
        self._asked: dict[object, Asked] = {}
        self._near: dict[int, InOrder[Routes]] = {}

    def all(self) -> Sent:
        """Who asks for too much is told before the first decision: a route takes one at least, what is heard more."""
        questions = [
            self._question(group, mine)
            for group, mine in senders(self._engine)
            if not self._ruled or self._rules(group.session.form, "export")
        ]
        return tuple((one.group, tuple(self._decided(one))) for one in questions)

    def _rules(self, form: Form, direction: Direction) -> tuple[Rule, ...]:
        return self._filtering.rules(form.filters, direction, form.family)

    def _question(self, group: Group, mine: Profile) -> _Question:
        """What sessions of two nodes that are alike but for their own routes let out is not asked of a third one."""
        model, session, form = self._engine, group.session, group.session.form
        passing = self._passes(session)
        bare = self._crowds.bare(mine)
        configuration = in_effect(model.network.settings, session.local.name)
        key = (self._gate(form, "export"), bare, configuration, passing.seen_by(form))
        asked = self._asked.setdefault(key, Asked())
        asked.nodes += 1
        # Two sessions of one node have one gap: what is its own it does not learn, and lets nothing inside it out.
        other_one = mine not in asked.profiles and len(asked.profiles) < 2
        if other_one:
            asked.profiles.add(mine)
        if not other_one and asked.nodes > 2:
            asked.again[mine] += 1
            left = self._within_reach(form, self._crowds.own(mine)) if asked.again[mine] <= 2 else ()
            return _Question(group, mine, tuple(asked.of(left, 2)), ())
        own = self._within_reach(form, model.profiles.own_routes(mine))
        self._least.spend(OF_DECISION * len(own))
        # What came over this session leaves by the others that it stands for.
        heard = self._hear(session.local, passing, several=form in passing.several)
        self._steps.spend(heard.steps)
        return _Question(group, mine, tuple(asked.of(own, None)), heard.routes)

    def _within_reach(self, form: Form, own: tuple[Routes, ...]) -> Sequence[Routes]:
        """Of a node's routes those that are asked about: where rules alone are, not those far from what they ask for.

        `own` is the same object each time that it is asked for.
        """
        if not self._ruled:
            return own
        near = self._near.get(id(own))
        if near is None:
            near = self._near[id(own)] = InOrder()
            for routes in own:
                near.add(routes.prefixes.addresses(), routes)
        return near.near(self._filtering.reach(form.filters, "export", form.family))

    def _decided(self, question: _Question) -> Iterator[Decision]:
        model, session, mine = self._engine, question.group.session, question.profile
        for routes in question.own:
            decisions = model.ruled(session.form, routes) if self._ruled else model.decide(mine, session.form, routes)
            yield from counted_decisions(decisions, self._steps)
        for source, routes in question.heard:
            yield from counted_decisions(self._passed_on(session, source, routes), self._steps)

    def _passed_on(self, session: Session, source: Source, routes: Routes) -> Iterable[Decision]:
        if not self._ruled:
            return counted(self._engine.passed_on(session, source, routes), self._steps, _OF_LEARNED)
        stopped = self._engine.stopped(session, source, routes)
        return () if stopped else self._engine.ruled(session.form, routes)

    def _passes(self, session: Session) -> _Passing:
        model, local, family, form = self._engine, session.local, session.family, session.form
        key = (model.network.nodes.of(local), family, form.passage)
        found = self._passing.get(key)
        if found is None:
            peerings = tuple(model.passing(local, family, form))
            self._steps.spend(OF_SOURCE * len(peerings))
            found = self._passing[key] = self._told(peerings)
        return found

    def _told(self, peerings: tuple[Peering, ...]) -> _Passing:
        by_form: dict[Form, set[object]] = {}
        sessions: Counter[Form] = Counter()
        for one in peerings:
            by_form.setdefault(one.form, set()).add(self._source(one))
            sessions[one.form] += len(one) // len(one.here.members)
        forms = Counter(source for several in by_form.values() for source in several)
        own = {
            form: (self._set(several), self._set(one for one in several if forms[one] == 1))
            for form, several in by_form.items()
        }
        several = frozenset(form for form, number in sessions.items() if number > 1)
        return _Passing(peerings, self._set(forms), own, several)

    def _set(self, several: Iterable[object]) -> frozenset[object]:
        """Equal sets are the same object, which is quicker to look up."""
        found = frozenset(several)
        return self._interned.setdefault(found, found)

    def _source(self, peering: Peering) -> object:
        """What tells routes that come over sessions from those that come over others."""
        return self._gate(peering.form, "import") if peering.there is None else (peering.there, peering.form)

    def _gate(self, form: Form, direction: Direction) -> object:
        """What decides about routes on their way out or in, whatever they are."""
        filters = form.filters if self._rules(form, direction) else ()
        model = self._engine.network
        lone = model.meshes[form.family].lone if form.kind == "mesh" else model.nodes.lone
        local_as = form.local_as in lone.as_numbers or form.local_as
        return form.kind, form.family, form.passage, filters, local_as

    def _hear(self, speaker: Speaker, passing: _Passing, *, several: bool) -> _Heard:
        """As what the engine hears, but from nodes that are alike but for their routes, and routers of others, few.

        With `several` each source is more than one session.
        """
        key = (id(passing), speaker.name, several)
        found = self._heard.get(key)
        if found is None:
            sources = self._crowds.sources(speaker, passing.peerings, self._key)
            if several:
                sources = tuple(one._replace(size=max(one.size, 2)) for one in sources)
            routes = tuple(self._engine.heard(sources))
            steps = sum(_OF_LEARNED + len(one.prefixes.starts) // OF_PIECES for _, one in routes)
            found = self._heard[key] = _Heard(routes, steps)
        return found

    def _key(self, session: Session) -> object:
        """What decides about routes that come over a session; routers of others are one where theirs get in alike."""
        outside = session.remote is None
        return self._gate(session.form, "import") if outside else self._engine.import_key(session)


def senders(model: Engine) -> Iterator[tuple[Group, Profile]]:
    """The sessions that may come up, those of nodes with equal routes together; raises TooManyStepsError.

    Who is at the far end makes no difference.
    """
    found: dict[object, tuple[Group, Profile]] = {}
    for family in model.network.families:
        live = [peering for peering in model.network.kinds(family) if peering.state in LIVE]
        steps = Steps(model.cluster, "nodes with BGP sessions")
        steps.spend(_OF_SENDER * sum(len(model.division.divided(peering.here, family)) for peering in live))
        for peering in live:
            there = peering.there.members if peering.there is not None else (None,)
            for alike, mine, here in model.division.divided(peering.here, family):
                size = len(here) * (len(there) - (peering.there is peering.here and here[0].name != ANY))
                if size:
                    key = (alike, peering.form, mine)
                    group, _ = found.get(key) or (Group(peering.session(here[0], other(there, here[0])), 0), mine)
                    found[key] = group._replace(size=group.size + size), mine
    return iter(found.values())
