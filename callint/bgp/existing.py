"""What sessions export of the routes that there surely are, of nobody but nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from callint.bgp.candidates import Routes
from callint.bgp.crowd import crowds
from callint.bgp.decision import Decision
from callint.bgp.profile import Profile
from callint.bgp.routes import OF_DECISION, OF_PIECES, OF_SOURCE, Brought, Source, counted_decisions, engine
from callint.bgp.session import Session
from callint.net.address import Family
from callint.net.overlapping import InOrder
from callint.net.prefixes import PrefixSet, union_all
from callint.objects import Cluster
from callint.steps import Steps


class _Routes:
    """Routes with where they were learned, None for a node's own, to be found by their prefixes."""

    def __init__(self, family: Family, several: Iterable[tuple[Source | None, Routes]]) -> None:
        self._near: InOrder[tuple[Source | None, Routes]] = InOrder()
        sets = []
        for source, routes in several:
            self._near.add(routes.prefixes.addresses(), (source, routes))
            sets.append(routes.prefixes)
        self._all = union_all(family, sets)

    def sharing(self, prefixes: PrefixSet, steps: Steps) -> list[tuple[Source | None, Routes]]:
        """Those with any of some prefixes, and perhaps others: shorter prefixes cover what they do not hold."""
        shared = self._all & prefixes
        steps.spend(len(shared.starts) // OF_PIECES)
        return self._near.near(shared.addresses()) if shared else []


class Existing:
    """Such routes of all nodes; what brings a node those of others is looked for once."""

    def __init__(self, cluster: Cluster, steps: Steps) -> None:
        """Whatever is asked takes these steps."""
        self._engine = engine(cluster)
        self._crowds = crowds(cluster)
        self._steps = steps
        self._own: dict[Profile, _Routes] = {}
        self._heard: dict[object, tuple[int, _Routes]] = {}

    def exported(self, session: Session, prefixes: PrefixSet) -> Iterator[Decision]:
        """What becomes of such routes with any of some prefixes on their way to a far end that is no node.

        To a node of a crowd, which nobody tells apart, its own routes would go back. Raises TooManyStepsError.
        """
        return counted_decisions(self._exported(session, prefixes), self._steps)

    def _exported(self, session: Session, prefixes: PrefixSet) -> Iterator[Decision]:
        model = self._engine
        mine = model.profiles.of(session.local, session.family)
        for _, routes in self._owned(session).sharing(prefixes, self._steps):
            yield from model.decide(mine, session.form, routes)
        key = (session.local.name, session.family, session.form.passage)
        heard = self._heard.get(key)
        if heard is None:
            sources = tuple(self._learned(session))
            learned = _Routes(session.family, model.heard(sources))
            heard = self._heard[key] = OF_SOURCE * len(sources), learned
        steps, learned = heard
        self._steps.spend(steps)
        for source, routes in learned.sharing(prefixes, self._steps):
            assert source is not None, "what is learned comes from somewhere"
            yield from model.passed_on(session, source, routes)

    def _owned(self, session: Session) -> _Routes:
        mine = self._engine.profiles.of(session.local, session.family)
        found = self._own.get(mine)
        if found is None:
            own = self._engine.profiles.own_routes(mine)
            self._steps.spend(OF_DECISION * len(own))
            some = ((None, routes) for routes in own if routes.presence != "any")
            found = self._own[mine] = _Routes(session.family, some)
        return found

    def _learned(self, session: Session) -> Iterator[Source]:
        passing = self._engine.passing(session.local, session.family, session.form)
        inside = [peering for peering in passing if peering.there is not None]
        # What nodes pass on is not known to exist, so that nobody asks for it.
        alike = partial(self._engine.import_key, passed=False)
        for one in self._crowds.sources(session.local, inside, alike, existing=True):
            brought = one.brought if one.brought is not None else tuple(self._brought(one.session))
            self._steps.spend(sum(len(prefixes.starts) for _, _, prefixes in brought) // OF_PIECES)
            yield one._replace(brought=brought)

    def _brought(self, session: Session) -> Iterator[Brought]:
        decisions: list[Decision] = []
        for offer in self._engine.offers(session):
            if offer.presence != "any":
                self._steps.spend(len(offer.prefixes.starts) // 2)
                decisions += self._engine.taken(session, offer)
        yield from (one for one in self._engine.brought(session, decisions) if one[0] != "any")
