"""What sessions export of the routes that there surely are, of nobody but nodes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from callint.bgp.candidates import Routes
from callint.bgp.crowd import crowds
from callint.bgp.decision import Decision
from callint.bgp.routes import OF_PIECES, OF_SOURCE, Brought, Source, counted_decisions, engine
from callint.bgp.session import Session
from callint.objects import Cluster
from callint.steps import Steps


class Existing:
    """Such routes of all nodes; what brings a node those of others is looked for once."""

    def __init__(self, cluster: Cluster, steps: Steps) -> None:
        """Whatever is asked takes these steps."""
        self._engine = engine(cluster)
        self._crowds = crowds(cluster)
        self._steps = steps
        self._heard: dict[object, tuple[int, tuple[tuple[Source, Routes], ...]]] = {}

    def exported(self, session: Session) -> Iterator[Decision]:
        """What becomes of such routes on their way to a far end that is no node; raises TooManyStepsError.

        To a node of a crowd, which nobody tells apart, its own routes would go back.
        """
        return counted_decisions(self._exported(session), self._steps)

    def _exported(self, session: Session) -> Iterator[Decision]:
        model = self._engine
        mine = model.profiles.of(session.local, session.family)
        for routes in model.profiles.own_routes(session.local, session.family):
            if routes.presence != "any":
                yield from model.decide(mine, session.form, routes)
        key = (session.local.name, session.family, session.form.passage)
        heard = self._heard.get(key)
        if heard is None:
            sources = tuple(self._learned(session))
            heard = self._heard[key] = OF_SOURCE * len(sources), tuple(model.heard(sources))
        steps, learned = heard
        self._steps.spend(steps)
        for source, routes in learned:
            yield from model.passed_on(session, source, routes)

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
