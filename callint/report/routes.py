"""BGP sessions and their routes, for people and, as schemas/routes.json describes it, for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from callint.record import NamedTuple
from callint.report.machine import encode, rows
from callint.report.place import Place, aside, row
from callint.report.visible import guarded, visible


class Route(NamedTuple):
    """Routes that are alike on a session in one direction.

    `presence`: `all` are there, `some` are, or there may be `any`. `when` and `unless` are what decides besides the
    prefix, in words; communities, LOCAL_PREF and path as the far end has them (on import: this one), None not known or
    not sent. `next_hop`: what the far end is told, the session's `own` address or, `kept`, that which they have on
    the node; None on import. `changes`: what a rule does to them besides. `installed`: what becomes of them in the
    kernel, on import, and with which metric, as far as that is known.
    """

    prefixes: tuple[str, ...]
    presence: str
    source: str
    verdict: str
    why: str
    decided: Place | None
    when: tuple[str, ...]
    unless: tuple[str, ...]
    communities: tuple[str, ...] | None
    local_pref: int | None
    as_path: tuple[int, ...] | None
    next_hop: str | None
    changes: tuple[str, ...]
    tagged: tuple[Place, ...]
    installed: tuple[tuple[str, bool, str, int | None], ...]


class Session(NamedTuple):
    """A session of a node, or of `alike` nodes and far ends that differ in nothing but themselves.

    `node` None is every node that no manifest names; `peer` None is the mesh. `instead` are BGPPeers of which one may
    be in effect in its place. Filters that no manifest defines are among `filters` too.
    """

    node: str | None
    peer: Place | None
    kind: str
    family: int
    type: str
    local_as: int
    remote_as: int | None
    address: str | None
    remote: str | None
    far_end: str
    instead: tuple[str, ...]
    filters: tuple[str, ...]
    undefined_filters: tuple[str, ...]
    state: str
    why: str
    missing: str
    alike: int
    exported: tuple[Route, ...]
    imported: tuple[Route, ...]


class Origin(NamedTuple):
    """Routes that a node has of its own inside the network that is followed; `node` None is every other node."""

    node: str | None
    prefixes: tuple[str, ...]
    presence: str
    source: str


class Routes(NamedTuple):
    """All sessions that were asked for; `followed` and `origins` where one network is followed."""

    calico: str
    cluster: str
    sessions: tuple[Session, ...]
    followed: str | None
    origins: tuple[Origin, ...]


_SHOWN = 4
_PRESENCE = {"all": "", "some": "", "any": " if there are any"}


def render(routes: Routes) -> Iterator[str]:
    """A paragraph for each session: who, whether it comes up, what leaves, what is kept in, what comes in."""
    return (f"{guarded(visible(line))}\n" for line in _lines(routes))


def _lines(routes: Routes) -> Iterator[str]:
    if routes.followed is not None:
        yield f"{routes.followed} originates"
        if not routes.origins:
            yield "  nowhere: no node has a route to it or inside it"
        for one in routes.origins:
            yield f"  on {_node(one.node)}: {_prefixes(one.prefixes)} ({one.source}{_PRESENCE[one.presence]})"
        yield ""
    if not routes.sessions:
        yield "no session"
    for number, sessions in enumerate(_alike(routes.sessions)):
        if number:
            yield ""
        yield from _session(sessions)


def _alike(sessions: tuple[Session, ...]) -> list[list[Session]]:
    """Sessions that differ in their two ends only, together, in the order of the first."""
    found: dict[Session, list[Session]] = {}
    for one in sessions:
        key = one._replace(node=None, address=None, remote=None, far_end="", alike=1)
        found.setdefault(key, []).append(one)
    return list(found.values())


def _node(name: str | None) -> str:
    return "every node" if name is None else f"node {name}"


def _session(sessions: list[Session]) -> Iterator[str]:
    session = sessions[0]
    by = "the node-to-node mesh" if session.peer is None else f"BGPPeer {session.peer.object.name}"
    remote = "unknown" if session.remote_as is None else session.remote_as
    for one in sessions[:_SHOWN]:
        yield f"{_node(one.node)} (AS {one.local_as}) to {one.far_end} (AS {remote})"
    more = sum(one.alike for one in sessions) - len(sessions[:_SHOWN])
    if more > 0:
        yield f"and {more} more like {'it' if len(sessions) == 1 else 'them'}"
    yield f"  IPv{session.family} {session.type} by {by}{aside(session.peer)}"
    if session.instead:
        yield f"  or by BGPPeer {', '.join(session.instead)}, of the same far end: chance decides"
    if session.filters:
        yield f"  filters {', '.join(_filter(name, session) for name in session.filters)}"
    reason = f": {session.why}" if session.why else ""
    missing = f"; {session.missing} would decide" if session.missing else ""
    yield f"  state {session.state}{reason}{missing}"
    if session.state not in ("up", "unknown"):
        return
    for title, refused, routes in (("exports", "keeps in", session.exported), ("imports", "refuses", session.imported)):
        merged = _merged(routes)
        accepted = [one for one in merged if one.verdict != "reject"]
        rejected = [one for one in merged if one.verdict == "reject"]
        yield f"  {title}" if accepted else f"  {title} nothing"
        for route in accepted:
            yield from _route(route)
        if rejected:
            yield f"  {refused}"
        for route in rejected:
            yield from _route(route)


def _filter(name: str, session: Session) -> str:
    return f"{name} (not defined, and passed over)" if name in session.undefined_filters else name


def _merged(routes: tuple[Route, ...]) -> list[Route]:
    """Routes that may be there or not, with all that becomes the same together, after those that are there."""
    certain = [one for one in routes if one.presence != "any"]
    found: dict[Route, list[Route]] = {}
    for one in routes:
        if one.presence == "any":
            key = one._replace(prefixes=(), source="", installed=(), local_pref=None, as_path=None, next_hop=None)
            key = key._replace(unless=tuple(sorted(one.unless)))
            found.setdefault(key, []).append(one)
    for key, alike in found.items():
        certain.append(
            key._replace(
                prefixes=tuple(dict.fromkeys(text for one in alike for text in one.prefixes)),
                source=", ".join(dict.fromkeys(one.source for one in alike)),
                unless=alike[0].unless,
                installed=tuple(dict.fromkeys(part for one in alike for part in one.installed)),
            )
        )
    return certain


def _route(route: Route) -> Iterator[str]:
    unsure = "perhaps, for " if route.verdict == "unknown" else ""
    yield f"    {_prefixes(route.prefixes)}{_PRESENCE[route.presence]}, {route.source}"
    yield f"      {unsure}{route.why}{aside(route.decided)}"
    if route.when:
        yield f"      only {' and '.join(route.when)}"
    if route.unless:
        yield f"      unless {', or '.join(route.unless)}"
    if route.communities:
        tagged = "".join(aside(place) for place in route.tagged)
        yield f"      with community {', '.join(route.communities)}{tagged}"
    if route.next_hop == "kept":
        yield "      with the next hop that it has on the node"
    for change in route.changes:
        yield f"      with {change}"
    for prefixes, installed, why, _ in route.installed:
        if not installed:
            yield f"      not installed: {prefixes}, {why}"


def _prefixes(prefixes: tuple[str, ...]) -> str:
    more = len(prefixes) - _SHOWN
    return ", ".join(prefixes[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def render_json(routes: Routes) -> Iterator[str]:
    """The same as one JSON document, one session a line."""
    origins = encode([one._asdict() for one in routes.origins])
    head = f'"version": 1, "calico": {encode(routes.calico)}, "cluster": {encode(routes.cluster)}'
    yield f'{{{head}, "prefix": {encode(routes.followed)}, "origins": {origins}, "sessions": '
    yield from rows(encode(_session_data(one)) for one in routes.sessions)
    yield "}\n"


def _session_data(session: Session) -> dict[str, Any]:
    return {
        **{key: value for key, value in session._asdict().items() if key not in ("far_end", "exported", "imported")},
        "peer": row(session.peer),
        "missing": session.missing or None,
        "exported": [_route_data(one) for one in session.exported],
        "imported": [_route_data(one) for one in session.imported],
    }


def _route_data(route: Route) -> dict[str, Any]:
    return {
        **route._asdict(),
        "decided": row(route.decided),
        "tagged": [row(one) for one in route.tagged],
        "installed": [
            {"prefixes": prefixes, "installed": installed, "why": why, "metric": metric}
            for prefixes, installed, why, metric in route.installed
        ],
    }
