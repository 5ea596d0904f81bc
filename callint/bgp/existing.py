"""What sessions export of the routes that there surely are, of nobody but nodes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from callint.bgp.crowd import crowds
from callint.bgp.decision import Decision
from callint.bgp.routes import OF_SOURCE, Brought, Engine, Source, counted_decisions, engine
from callint.bgp.session import Session
from callint.bgp.steps import Steps
from callint.objects import Cluster


def existing_exported(cluster: Cluster, session: Session, steps: Steps) -> Iterator[Decision]:
    """What becomes of such routes on their way to a far end that is no node; raises TooManyStepsError.

    To a node of a crowd, which nobody tells apart, its own routes would go back.
    """
    return counted_decisions(_exported(cluster, session, steps), steps)


def _exported(cluster: Cluster, session: Session, steps: Steps) -> Iterator[Decision]:
    model = engine(cluster)
    mine = model.profiles.of(session.local, session.family)
    for routes in model.profiles.own_routes(session.local, session.family):
        if routes.presence != "any":
            yield from model.decide(mine, session.form, routes)
    passing = model.passing(session.local, session.family, session.form)
    inside = [peering for peering in passing if peering.there is not None]
    # What nodes pass on is not known to exist, so that nobody asks for it.
    learned = crowds(cluster).sources(session.local, inside, partial(model.import_key, passed=False))
    steps.spend(OF_SOURCE * len(learned))
    yield from model.learned(session, (_existing(model, one, steps) for one in learned))


def _existing(model: Engine, source: Source, steps: Steps) -> Source:
    brought = source.brought
    if brought is None:
        brought = _brought(model, source.session, steps)
    return source._replace(brought=tuple(one for one in brought if one[0] != "any"))


def _brought(model: Engine, session: Session, steps: Steps) -> tuple[Brought, ...]:
    decisions: list[Decision] = []
    for offer in model.offers(session):
        if offer.presence != "any":
            steps.spend(len(offer.prefixes.starts) // 2)
            decisions += model.taken(session, offer)
    return model.brought(session, decisions)
