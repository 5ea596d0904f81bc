"""The sessions that a rule about routes asks for, and whether one of its routes passes over them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from callint.bgp.alike import Alike, other
from callint.bgp.decision import Decision
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.peering import Peering
from callint.bgp.profile import Profile
from callint.bgp.route import HIGHEST
from callint.bgp.routes import Engine, Source, counted_decisions, engine
from callint.bgp.session import LIVE, Form, Session
from callint.checks.bgp.route_passage import Passage, passage
from callint.checks.bgp.route_terms import MESH, Terms
from callint.checks.bgp.unsettled import unsettled
from callint.checks.left_open import left_open
from callint.net.address import Family
from callint.net.prefixes import PrefixSet
from callint.objects import Cluster
from callint.objects.charts import pod_pools_unknown
from callint.record import NamedTuple
from callint.steps import Steps

VARIABLES = "variables that are left in the manifests"
# What a session takes before its routes: whether it comes up, and what answers at its far end
_OF_SESSION = 30
# The share of the steps that there are for one rule, for own rules are several
_SHARE = 0.5
_OWN = (("BGPConfiguration", ("spec",)), ("IPPool", ("spec",)))


class Way(NamedTuple):
    """Sessions that are alike; `passage` is None where they do not come up.

    `missing` is the fact that tells whether they come up and the rule is about them.
    """

    session: Session
    size: int
    passage: Passage | None
    missing: str = ""


def ways(cluster: Cluster, terms: Terms) -> Iterator[Way]:
    """Every session that the rule may be about; raises TooManyStepsError."""
    model, left = engine(cluster), unsettled(cluster)
    steps = Steps(cluster, "routes of BGP sessions that a rule asks about", _SHARE)
    variables = left_open(cluster, _OWN)
    unknown_pools = pod_pools_unknown(cluster) if terms.direction == "export" else None
    known: dict[tuple[int, bool], Passage] = {}
    far = _FarEnds(model, terms.region, steps)
    for peering in _peerings(model, terms, steps):
        if variables or left.exports(peering, steps):
            if any(_about(model, terms, one) is not False for one in peering.here.members):
                yield Way(peering.first, len(peering), Passage(None, terms.region, None, VARIABLES))
            continue
        for session, size, missing in _sessions(model, peering, terms, far, steps):
            steps.spend(_OF_SESSION)
            if session.status.state not in LIVE:
                yield Way(session, size, None, missing)
                continue
            missing = missing or session.status.missing or _perhaps_inside(model, terms, session)
            instead = model.network.instead(session)
            if instead:
                yield Way(session, size, Passage(None, terms.region, None, _drawn(session, instead)), missing)
                continue
            decisions = far.exported(session) if terms.direction == "export" else model.imported(session, steps)
            key = (id(decisions), session.remote is None)
            if key not in known:
                several = tuple(counted_decisions(decisions, steps))
                usual = HIGHEST - model.profiles.of(session.local, session.family).priority
                known[key] = passage(several, terms, session, usual, unknown_pools)
            yield Way(session, size, known[key], missing)


class _FarEnds:
    """The nodes at the far ends of sessions, those together that have the same routes of a region and let them out."""

    def __init__(self, model: Engine, region: PrefixSet, steps: Steps) -> None:
        self._model, self._region, self._steps = model, region, steps
        self._groups: dict[int, list[list[Speaker]]] = {}
        self._sources: dict[object, tuple[Source, ...]] = {}

    def exported(self, session: Session) -> tuple[Decision, ...]:
        """As what the engine says, but of routes that come alike over several sessions told of few."""
        local, form = session.local, session.form
        key = (local.name, session.family, form.passage)
        sources = self._sources.get(key)
        if sources is None:
            sources = self._sources[key] = tuple(self._find_sources(local, session.family, form))
        return self._model.decided(session, sources, self._steps)

    def _find_sources(self, local: Speaker, family: Family, form: Form) -> Iterator[Source]:
        """Of routers outside, who may announce the same, two: over the very session that it came by no route goes."""
        outside: Counter[object] = Counter()
        for peering in self._model.passing(local, family, form):
            for session, size in self.of(peering, local):
                if session.remote is None:
                    own = session.form
                    key = (own.passage, own.filters, own.local_as, own.allowed_local_as)
                    outside[key] += 1
                    if outside[key] > 2:
                        continue
                self._steps.spend(_OF_SESSION)
                yield Source(session, size)

    def of(self, peering: Peering, local: Speaker) -> Iterator[tuple[Session, int]]:
        """The sessions of one node, with their number."""
        self._steps.spend(1)
        if peering.there is None:
            yield peering.session(local, None), 1
            return
        for members in self._together(peering.there, peering.family):
            remote = other(members, local)
            if remote is not None:
                # Of more than two it makes no difference whether the node itself is one.
                yield peering.session(local, remote), len(members) - (local in members[:2] and local.name != ANY)

    def _together(self, there: Alike, family: Family) -> list[list[Speaker]]:
        found = self._groups.get(id(there))
        if found is None:
            groups: dict[object, list[Speaker]] = {}
            for mine, members in self._model.division.profiled(there, family):
                self._steps.spend(_OF_SESSION + len(members))
                key = (self._cut(mine), self._model.division.relaying(members[0], family))
                groups.setdefault(key, []).extend(members)
            found = self._groups[id(there)] = list(groups.values())
        return found

    def _cut(self, mine: Profile) -> object:
        """What decides about the routes of the region that nodes have, and about those that they pass on."""
        own = self._model.profiles.own_routes(mine)
        limits = self._model.profiles.limits(mine)
        if limits.blocks_known:
            limits = limits._replace(node="")
        cut = (one & self._region if isinstance(one, PrefixSet) else one for one in limits)
        routes = ((one, one.prefixes & self._region) for one in own)
        return tuple(cut), tuple(one._replace(prefixes=hit) for one, hit in routes if hit)


def _peerings(model: Engine, terms: Terms, steps: Steps) -> Iterator[Peering]:
    network, family = model.network, terms.prefix.family
    if family not in network.families:
        return
    owner = network.nodes.owners.get(terms.address) if terms.address is not None else None
    with_mesh = terms.address is not None or terms.peer == MESH
    for peering in network.kinds(family) if with_mesh else network.peerings:
        there, form = peering.there, peering.form
        steps.spend(1 + (len(there.members) if owner is not None and there is not None else 0))
        if form.family != family:
            continue
        if terms.peer is not None:
            name = form.peer.resource.name if form.peer is not None else MESH
            wanted = name == terms.peer and not form.reverse
        elif terms.address is not None:
            wanted = peering.address == terms.address or (there is not None and owner in there.members)
        else:
            wanted = network.leads_out(peering)
        if wanted:
            yield peering


def _sessions(
    model: Engine, peering: Peering, terms: Terms, far: _FarEnds, steps: Steps
) -> Iterator[tuple[Session, int, str]]:
    """One of those that are alike, how many there are, and the fact that tells whether the rule is about them."""
    for _, _, here in model.division.divided(peering.here, terms.prefix.family):
        steps.spend(len(here))
        about: dict[bool | None, list[Speaker]] = {}
        for one in here:
            about.setdefault(_about(model, terms, one), []).append(one)
        for asked in (True, None):
            several = about.get(asked)
            for session, size in _far_ends(model, peering, several, terms, far) if several else ():
                yield session, size, "" if asked else "labels of nodes that no manifest gives"


def _about(model: Engine, terms: Terms, speaker: Speaker) -> bool | None:
    """Whether it is about the sessions of a node; where nobody lists the nodes, a name may be that of any other."""
    if speaker.name == ANY and terms.node is not None:
        return terms.node not in model.network.speakers
    return terms.about(speaker)


def _far_ends(
    model: Engine, peering: Peering, several: Sequence[Speaker], terms: Terms, far: _FarEnds
) -> Iterator[tuple[Session, int]]:
    """The sessions of nodes that are alike, those with far ends that are alike together, with their number."""
    if peering.there is None:
        yield peering.session(several[0], None), len(several)
        return
    owner = model.network.nodes.owners.get(terms.address) if terms.address is not None else None
    if owner is None:
        for session, size in far.of(peering, several[0]):
            yield session, size * len(several)
        return
    local = other(several, owner)
    if local is not None:
        yield peering.session(local, owner), len(several) - (owner in several)


def _perhaps_inside(model: Engine, terms: Terms, session: Session) -> str:
    """Internal far ends may be nodes where these are not listed, and are then no routers outside."""
    anywhere = terms.peer is None and terms.address is None
    if not anywhere or model.network.listed or session.peer_type == "eBGP":
        return ""
    return f"which nodes there are, for {session.address} may be one"


def _drawn(session: Session, instead: tuple[str, ...]) -> str:
    own = session.peer.resource.name if session.peer is not None else "mesh"
    return f'which of BGPPeer "{own}" and BGPPeer "{instead[0]}" is in effect'
