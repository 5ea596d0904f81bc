"""Whether a route passes over a session, and the fact that would tell where that is not known."""

from __future__ import annotations

from collections.abc import Iterator

from callint.bgp.candidates import Routes
from callint.bgp.decision import Decision
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.route import Origin
from callint.bgp.session import Session
from callint.checks.bgp.route_terms import Terms
from callint.net.prefixes import PrefixSet, nothing, union_all
from callint.record import NamedTuple

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


def node_words(speaker: Speaker) -> str:
    """A node in messages."""
    return "a node that no manifest describes" if speaker.name == ANY else f'node "{speaker.name}"'


def passage(
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
