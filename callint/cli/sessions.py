"""BGP sessions and their routes as `callint routes` tells them; what several sessions have in common is told once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from callint.bgp.decision import Decision
from callint.bgp.export import keeps_next_hop
from callint.bgp.follow import Hop
from callint.bgp.imports import KERNEL_STEPS, metric
from callint.bgp.nodes import ANY
from callint.bgp.pools import pools_of
from callint.bgp.route import HIGHEST
from callint.bgp.routes import Engine
from callint.bgp.session import Session
from callint.engine import pointer
from callint.finding import Path
from callint.net.address import Family
from callint.net.community import format_community
from callint.net.overlapping import InOrder
from callint.net.prefixes import PrefixSet, within
from callint.objects import Resource
from callint.objects.pool import IPPool
from callint.report.place import Place
from callint.report.routes import Route
from callint.report.routes import Session as Row
from callint.selector.values import Budget

# What routes take to be told: on the way out, in, and for each piece of their prefixes, condition and advertisement
_OF_EXPORTED, _OF_IMPORTED, _OF_DETAIL = 3, 20, 2
# What comes again each time that they are printed is so many times less
_PRINTED = 4

_Told = tuple[tuple[Route, ...], int]
"""Routes, and the steps that it takes to print them."""


class Sessions:
    """Tells sessions; equal routes are the same objects."""

    def __init__(self, model: Engine, steps: Budget, *, everything: bool) -> None:
        """`everything` includes what is refused and perhaps not even there."""
        self._model = model
        self._steps = steps
        self._everything = everything
        self._routes: dict[object, _Told] = {}
        self._pools: dict[tuple[Family, bool], InOrder[tuple[IPPool, PrefixSet]]] = {}

    def row(self, hop: Hop) -> Row:
        """Sessions with their routes; raises TooManyStepsError."""
        model, session = self._model, hop.group.session
        status, form, peer = session.status, session.form, session.peer
        self._steps.spend(len(form.filters))
        return Row(
            node=session.local.name if session.local.name != ANY else None,
            peer=_place(peer.resource, ("metadata", "name")) if peer is not None else None,
            kind="mesh" if peer is None else "reverse" if form.reverse else form.kind,
            family=session.family,
            type=session.peer_type,
            local_as=form.local_as,
            remote_as=form.remote_as,
            address=str(session.address) if session.address is not None else None,
            remote=session.remote.name if session.remote is not None and session.remote.name != ANY else None,
            far_end=session.far_end.replace('"', ""),
            instead=model.network.instead(session),
            filters=form.filters,
            undefined_filters=tuple(name for name in form.filters if name not in model.cluster.bgp_filters),
            state=status.state,
            why=status.why,
            missing=status.missing,
            alike=hop.group.size,
            exported=self._of(session, hop.exported, importing=False),
            imported=self._of(session, hop.imported, importing=True),
        )

    def _of(self, session: Session, decisions: tuple[Decision, ...], *, importing: bool) -> tuple[Route, ...]:
        # Whoever has the decisions has the very same ones for all sessions that decide alike.
        key = (id(decisions), importing, session.form, session.remote is None)
        told = self._routes.get(key)
        if told is None:
            wanted = (
                one
                for one in decisions
                if importing or self._everything or one.accepted or one.routes.presence != "any"
            )
            routes = tuple(self._told(session, one, importing=importing) for one in wanted)
            steps = sum(len(one.prefixes) + len(one.unless) + len(one.tagged) for one in routes)
            steps = len(routes) + steps // _PRINTED
            told = self._routes[key] = routes, steps
        routes, steps = told
        self._steps.spend(steps)
        return routes

    def _told(self, session: Session, one: Decision, *, importing: bool) -> Route:
        unless = tuple(one.unless)
        details = len(one.prefixes.starts) + len(unless) + len(one.tags)
        self._steps.spend((_OF_IMPORTED if importing else _OF_EXPORTED) + _OF_DETAIL * details)
        communities = one.result.communities if one.accepted else ()
        return Route(
            prefixes=texts(one.prefixes),
            presence=one.routes.presence,
            source=_source(session, one, importing=importing),
            verdict=one.verdict,
            why=_why(one, importing=importing),
            decided=self._decided(session.family, one),
            when=tuple(map(str, one.when)),
            unless=tuple(" and ".join(map(str, together)) for together in unless),
            communities=None if communities is None else tuple(map(format_community, communities)),
            local_pref=one.result.local_pref if one.accepted else None,
            as_path=one.result.as_path if one.accepted else None,
            next_hop=_next_hop(session, one) if one.accepted and not importing else None,
            changes=tuple(_changes(one)),
            tagged=tuple(_place(tag.configuration.resource, (*tag.advertisement.path, "cidr")) for tag in one.tags),
            installed=tuple(_installed(self._model, session, one)) if importing and one.accepted else (),
        )

    def _decided(self, family: Family, one: Decision) -> Place | None:
        """The action of the rule that decided, else the pool that did."""
        if one.rule is not None:
            return _place(one.rule.resource, (*one.rule.rule.path, "action"))
        if one.step not in ("pool-exported", "pool-withheld"):
            return None
        near = self._pools_of(family, withheld=one.step == "pool-withheld").near(one.prefixes.addresses())
        pool = next((pool for pool, inside in near if one.prefixes.overlaps(inside)), None)
        return _place(pool.resource, pool.path("cidr")) if pool is not None else None

    def _pools_of(self, family: Family, *, withheld: bool) -> InOrder[tuple[IPPool, PrefixSet]]:
        found = self._pools.get((family, withheld))
        if found is None:
            found = self._pools[family, withheld] = InOrder()
            for pool, network in pools_of(self._model.cluster, family).pools:
                if pool.disable_bgp_export is withheld:
                    found.add(((network.first, network.last),), (pool, within(network)))
        return found


def _next_hop(session: Session, one: Decision) -> str:
    return "kept" if keeps_next_hop(one.routes, session.form) else "own"


def _changes(one: Decision) -> Iterator[str]:
    """What the rule that decided makes of the routes, but for communities."""
    operations = one.rule.operations if one.rule is not None and one.accepted else None
    if operations and operations.prepend:
        yield f"AS {' '.join(map(str, operations.prepend))} in front of the path"
    if operations and operations.priority is not None:
        yield f"priority {operations.priority}, which is LOCAL_PREF {HIGHEST - operations.priority}"


def _source(session: Session, one: Decision, *, importing: bool) -> str:
    """Where routes come from; of the far end's routes where it has them from, for its name stands above."""
    because = one.routes.because
    if importing and session.remote is not None:
        because = because.partition(": ")[2] or because
    return because.replace('"', "")


def _why(one: Decision, *, importing: bool) -> str:
    if one.rule is None and one.step == "default":
        return "no rule matches, and what none matches is imported" if importing else "in no pool and no service range"
    return one.why


def _installed(model: Engine, session: Session, one: Decision) -> Iterator[tuple[str, bool, str, int | None]]:
    known = metric(model.cluster.target.release, session.family, one.result.local_pref)
    for part in model.kernels[session.family].divide(one.prefixes):
        yield str(part.prefixes), part.in_kernel, KERNEL_STEPS[part.step], known if part.in_kernel else None


@lru_cache(maxsize=1024)
def texts(prefixes: PrefixSet) -> tuple[str, ...]:
    """The set in the shorter of two forms: its parts, or everything but what is missing."""
    text = str(prefixes)
    return (text,) if text.startswith("everything") else tuple(map(str, prefixes.parts()))


def _place(resource: Resource, path: Path) -> Place:
    return Place(resource.ref, pointer(path), resource.span(*path))
