"""The sessions that a rule about routes asks for, and whether one of its routes passes over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from callint.bgp.alike import other
from callint.bgp.candidates import Routes
from callint.bgp.decision import Decision
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.peering import Peering
from callint.bgp.route import HIGHEST, Origin
from callint.bgp.routes import Engine, counted_decisions, engine
from callint.bgp.session import LIVE, Session
from callint.checks.bgp.route_terms import Terms
from callint.checks.bgp.unsettled import unsettled
from callint.checks.left_open import left_open
from callint.net.prefixes import PrefixSet, nothing, union_all
from callint.objects import Cluster
from callint.objects.charts import pod_pools_unknown
from callint.record import NamedTuple
from callint.steps import Steps

VARIABLES = "variables that are left in the manifests"
_OWN = (("BGPConfiguration", ("spec",)), ("IPPool", ("spec",)))
# Of the routes of one network BIRD takes the one with the highest preference for the best
_PREFERENCE: dict[Origin, int] = {
    "connected": 240,
    "static": 200,
    "block": 200,
    "service": 200,
    "bgp": 100,
    "kernel": 10,
}

# What routes come to nothing by that nobody is known to have, and that says nothing of others
_BACK = ("no-echo", "no-reflection")


class Passage(NamedTuple):
    """Whether a route passes (None: `missing` would tell), and what decides about it and others with its prefixes."""

    passes: bool | None
    prefixes: PrefixSet
    decision: Decision | None = None
    missing: str = ""


class Way(NamedTuple):
    """Sessions that are alike; `passage` is None where they do not come up.

    `missing` is the fact that tells whether they come up and the rule is about them.
    """

    session: Session
    size: int
    passage: Passage | None
    missing: str = ""


def node_words(speaker: Speaker) -> str:
    """A node in messages."""
    return "every node" if speaker.name == ANY else f'node "{speaker.name}"'


def ways(cluster: Cluster, terms: Terms) -> Iterator[Way]:
    """Every session that the rule may be about; raises TooManyStepsError."""
    model, left = engine(cluster), unsettled(cluster)
    steps = Steps(cluster, "routes of BGP sessions that a rule asks about")
    variables = left_open(cluster, _OWN)
    unknown_pools = pod_pools_unknown(cluster) if terms.direction == "export" else None
    known: dict[tuple[int, bool], Passage] = {}
    for peering in _peerings(model, terms, steps):
        if variables or left.exports(peering, steps):
            yield Way(peering.first, len(peering), Passage(None, terms.region, None, VARIABLES))
            continue
        for session, size, missing in _sessions(model, peering, terms, steps):
            if session.status.state not in LIVE:
                yield Way(session, size, None, missing)
                continue
            missing = missing or session.status.missing or _perhaps_inside(model, terms, session)
            instead = model.network.instead(session)
            if instead:
                yield Way(session, size, Passage(None, terms.region, None, _drawn(session, instead)), missing)
                continue
            decisions = (model.exported if terms.direction == "export" else model.imported)(session, steps)
            key = (id(decisions), session.remote is None)
            if key not in known:
                several = tuple(counted_decisions(decisions, steps))
                usual = HIGHEST - model.profiles.of(session.local, session.family).priority
                known[key] = _passage(several, terms, session, usual, unknown_pools)
            yield Way(session, size, known[key], missing)


def _peerings(model: Engine, terms: Terms, steps: Steps) -> Iterator[Peering]:
    network, family = model.network, terms.prefix.family
    if family not in network.families:
        return
    owner = network.nodes.owners.get(terms.address) if terms.address is not None else None
    for peering in network.kinds(family) if terms.address is not None else network.peerings:
        there, form = peering.there, peering.form
        steps.spend(1 + (len(there.members) if owner is not None and there is not None else 0))
        if form.family != family:
            continue
        if terms.peer is not None:
            wanted = form.peer is not None and form.peer.resource.name == terms.peer and not form.reverse
        elif terms.address is not None:
            wanted = peering.address == terms.address or (there is not None and owner in there.members)
        else:
            wanted = there is None and form.kind != "workload" and network.nodes.holder(peering.address) is None
        if wanted:
            yield peering


def _sessions(model: Engine, peering: Peering, terms: Terms, steps: Steps) -> Iterator[tuple[Session, int, str]]:
    """One of those that are alike, how many there are, and the fact that tells whether the rule is about them."""
    for _, _, here in model.division.divided(peering.here, terms.prefix.family):
        steps.spend(len(here))
        about: dict[bool | None, list[Speaker]] = {}
        for one in here:
            about.setdefault(_about(model, terms, one), []).append(one)
        for asked in (True, None):
            several = about.get(asked)
            for session, size in _far_ends(model, peering, several, terms) if several else ():
                yield session, size, "" if asked else "labels of nodes that no manifest gives"


def _about(model: Engine, terms: Terms, speaker: Speaker) -> bool | None:
    """Whether it is about the sessions of a node; where nobody lists the nodes, a name may be that of any other."""
    if speaker.name == ANY and terms.node is not None:
        return terms.node not in model.network.speakers
    return terms.about(speaker)


def _far_ends(
    model: Engine, peering: Peering, several: Sequence[Speaker], terms: Terms
) -> Iterator[tuple[Session, int]]:
    """The sessions of nodes that are alike, those with far ends that are alike together, with their number."""
    if peering.there is None:
        yield peering.session(several[0], None), len(several)
        return
    owner = model.network.nodes.owners.get(terms.address) if terms.address is not None else None
    if owner is None:
        for session, size in model.division.far_ends(peering, several[0]):
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


def _passage(
    decisions: tuple[Decision, ...], terms: Terms, session: Session, usual: int, unknown_pools: str | None
) -> Passage:
    """What becomes of the routes that the rule is about; a router outside is taken to announce all of them.

    Such a router hears of the best route of each network alone, if it does not take more of them as nodes do.
    """
    family, outside, exporting = terms.prefix.family, session.remote is None, terms.direction == "export"
    near = [(one, hit) for one in decisions if (hit := one.prefixes & terms.region)]
    sure: dict[int, PrefixSet] = {}
    kept: dict[int, list[PrefixSet]] = {}
    for routes, several in _by_routes(near):
        through = union_all(family, (hit for one, hit in several if one.accepted))
        refused = union_all(family, (hit for one, hit in several if one.verdict != "accept"))
        passing = through - refused
        some = exporting and routes.presence == "some" and routes.learned is None and passing == routes.prefixes
        if some or _exists(terms, session, routes):
            sure[id(routes)] = passing
        if outside and exporting and routes.presence == "all":
            kept.setdefault(_preference(routes, usual), []).append(refused)
    better = {preference: union_all(family, several) for preference, several in kept.items()}
    for one, hit in near:
        passing = hit & sure.get(id(one.routes), nothing(family))
        for preference, refused in better.items() if passing else ():
            if preference >= _preference(one.routes, usual):
                passing = passing - refused
        if passing:
            return Passage(True, passing, one)
    for one, hit in near:
        if one.accepted:
            return Passage(None, hit, one, _missing(one, terms, session))
        if unknown_pools is not None and one.step == "default":
            return Passage(None, hit, one, unknown_pools)
    there = (pair for pair in near if _exists(terms, session, pair[0].routes))
    decider = next(there, None) or next((pair for pair in near if pair[0].step not in _BACK), None)
    return Passage(False, decider[1], decider[0]) if decider is not None else Passage(False, terms.region)


def _by_routes(near: list[tuple[Decision, PrefixSet]]) -> Iterator[tuple[Routes, list[tuple[Decision, PrefixSet]]]]:
    """What is decided on the same routes; each of their prefixes under every condition."""
    found: dict[int, list[tuple[Decision, PrefixSet]]] = {}
    for one, hit in near:
        found.setdefault(id(one.routes), []).append((one, hit))
    return ((several[0][0].routes, several) for several in found.values())


def _exists(terms: Terms, session: Session, routes: Routes) -> bool:
    return routes.presence == "all" or (session.remote is None and terms.direction == "import")


def _preference(routes: Routes, usual: int) -> int:
    """That of BIRD; with a LOCAL_PREF above the usual one a route from BGP is as good as a static one (I3)."""
    preference = routes.attributes.local_pref
    if routes.learned is not None and preference is not None and preference > usual:
        return _PREFERENCE["static"]
    return _PREFERENCE[routes.origin]


def _missing(one: Decision, terms: Terms, session: Session) -> str:
    """The fact that tells whether a route passes that may."""
    if not _exists(terms, session, one.routes):
        if terms.direction == "import":
            return one.routes.because
        own = one.routes.learned is None
        return f"{one.routes.because} on {node_words(session.local)}" if own else f"what {one.routes.because} announces"
    if one.certain:
        return f"whether {session.far_end} takes more than the best route of a network (ADD-PATH)"
    conditions = " and ".join(map(str, one.when or next(iter(one.unless), ())))
    return f"{one.rule}, for {conditions}" if one.verdict == "unknown" else f"what else the route has: {conditions}"
