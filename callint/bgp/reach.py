"""Which nodes learn each other's routes, by the sessions between nodes: mesh, reflectors, peerings of any kind."""

from __future__ import annotations

from collections import deque

from callint.bgp.network import Network
from callint.bgp.route import PeerType
from callint.bgp.session import Session
from callint.net.address import Family

_LIVE = ("up", "unknown")

Learned = tuple[PeerType, bool] | None
"""How a route came to a node: by which type of session and whether from a reflector's client; None: it is its own."""


class RouteGraph:
    """The sessions of one family as ways for routes, and the kind under which each end learns."""

    def __init__(self, model: Network, family: Family) -> None:
        """Only sessions that may come up count; nobody knows of those that are unknown, so they do."""
        self.ways: dict[str, list[tuple[str, Session]]] = {one.name: [] for one in model.speakers.values()}
        self.outside: dict[str, list[Session]] = {}
        self.clients: set[tuple[str, str]] = set()
        for session in model.explicit():
            if session.family != family or session.status.state not in _LIVE:
                continue
            if session.remote is not None:
                self.ways.setdefault(session.local.name, []).append((session.remote.name, session))
                if session.form.rr_client:
                    self.clients.add((session.local.name, session.remote.name))
            elif session.form.kind != "workload":
                self.outside.setdefault(session.local.name, []).append(session)

    def reach(self, start: str, meshed: frozenset[str]) -> set[str]:
        """The nodes that learn a route of `start`, by sessions between nodes alone."""
        seen: set[tuple[str, Learned]] = {(start, None)}
        pending: deque[tuple[str, Learned]] = deque(seen)
        while pending:
            here, learned = pending.popleft()
            for other, session in self.ways.get(here, ()):
                client = session.form.rr_client
                if learned is not None and learned[0] == session.peer_type == "iBGP" and not (learned[1] or client):
                    continue
                state = (other, (session.peer_type, (other, here) in self.clients))
                if state not in seen:
                    seen.add(state)
                    pending.append(state)
            if here in meshed and (learned is None or learned[0] == "eBGP" or learned[1]):
                for other in meshed:
                    state = (other, ("iBGP", False))
                    if other != here and state not in seen:
                        seen.add(state)
                        pending.append(state)
        return {name for name, _ in seen}

    def alike(self, meshed: frozenset[str]) -> set[str]:
        """Two nodes of all those with the same neighbours: what holds for these holds for the others."""
        seen: dict[object, int] = {}
        found = set()
        for name, ways in self.ways.items():
            far_ends = frozenset((other, session.form) for other, session in ways)
            key = (far_ends, name in meshed, name in self.outside)
            seen[key] = seen.get(key, 0) + 1
            if seen[key] <= 2:
                found.add(name)
        return found
