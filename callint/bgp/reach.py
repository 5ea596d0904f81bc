"""Which nodes learn each other's routes, by the sessions between nodes: mesh, reflectors, peerings of any kind."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Set

from callint.bgp.alike import Alike
from callint.bgp.network import Network
from callint.bgp.peering import Peering
from callint.bgp.route import BY_MESH, EXTERNAL, Passage
from callint.bgp.session import LIVE
from callint.net.address import Family
from callint.steps import Steps

# Beyond so many sets of reflectors on the ways to one node a route counts as come by none of them: bounded time
_MAX_WAYS = 8
# So many cluster ids that a route keeps take the time and memory of one more way
_IDS = 4

Learned = Passage | None
"""How a route came to a node; None: it is its own."""


class RouteGraph:
    """The sessions of one family as ways for routes, between nodes that are alike, and what leaves the cluster."""

    def __init__(
        self,
        model: Network,
        family: Family,
        *,
        mended: bool = False,
        passes: Callable[[Peering], bool] | None = None,
        perhaps: Mapping[Alike, Set[Alike]] | None = None,
    ) -> None:
        """Only sessions that may come up count; nobody knows of those that are unknown, so they do, in both directions.

        With `mended` all sessions between nodes count so, whatever keeps them from coming up; `passes`
        leaves out what lets no route through to another node; `perhaps` are further ways, on which all pass.
        """
        self._perhaps = perhaps or {}
        self._steps = Steps(model.cluster, "ways for routes between nodes")
        self.ways: dict[Alike, list[tuple[Alike, Peering]]] = {alike: [] for alike in model.nodes.all}
        self.outside: dict[Alike, list[Peering]] = {}
        meshed = (alike for alike in model.nodes.all if model.in_mesh(alike.first, family))
        self._meshed = dict.fromkeys(meshed)
        self._clients: set[tuple[Alike, Alike]] = set()
        for peering in model.peerings:
            live = peering.state in LIVE
            if peering.family != family or not (live or (mended and peering.there is not None)):
                continue
            if peering.there is not None:
                if passes is not None and not passes(peering):
                    continue
                self.ways.setdefault(peering.here, []).append((peering.there, peering))
                if peering.state != "up":
                    self.ways.setdefault(peering.there, []).append((peering.here, peering))
                if peering.form.rr_client:
                    self._clients.add((peering.here, peering.there))
            elif peering.form.kind != "workload":
                self.outside.setdefault(peering.here, []).append(peering)

    def reach(self, start: Alike, *, mesh: bool = True, loops: bool = False) -> set[Alike]:
        """The nodes that learn a route of one node of `start`, by sessions between nodes alone.

        `start` itself is among them if the others that are like the node learn it, or if there are none. A route keeps
        the cluster ids of the reflectors that passed it on, and one that has a reflector's own id the reflector neither
        takes from a client nor gives to one (bird proto/bgp/attrs.c); `loops` tells what would be if it did. Raises
        TooManyStepsError.
        """
        seen: dict[tuple[Alike, Learned], list[frozenset[str]]] = {}
        pending: deque[tuple[Alike, Learned, frozenset[str]]] = deque()
        flooding: set[Alike] = set()

        def learn(other: Alike, learned: Learned, passed: frozenset[str]) -> None:
            known = seen.setdefault((other, learned), [])
            if len(known) == _MAX_WAYS:
                passed = frozenset()
            if not any(fewer <= passed for fewer in known):
                known.append(passed)
                pending.append((other, learned, passed))

        learn(start, None, frozenset())
        while pending:
            here, learned, passed = pending.popleft()
            own = here.cluster_id
            ways = 1 + len(self.ways.get(here, ())) + len(self._perhaps.get(here, ()))
            self._steps.spend(ways * (1 + len(passed) // _IDS))
            for other in self._perhaps.get(here, ()):
                learn(other, EXTERNAL, frozenset())
            for other, peering in self.ways.get(here, ()):
                form, ids = peering.form, frozenset[str]()
                if learned is not None and learned.inside(form.passage):
                    if not learned.leads_to(form.passage) or (form.rr_client and own in passed):
                        continue
                    ids = passed if loops or not own else passed | {own}
                from_client = (other, here) in self._clients
                if not (from_client and other.cluster_id in ids):
                    other_as = form.remote_as if form.remote_as != other.first.as_number else None
                    learn(other, Passage(form.peer_type, from_client, other_as), ids)
            # Two that tell all others are enough, for then each of these two is told by the other one.
            if mesh and len(flooding) < 2 and here in self._meshed and (learned is None or learned.leads_to(BY_MESH)):
                flooding.add(here)
                self._steps.spend(len(self._meshed))
                for other in self._meshed:
                    if other is not here or len(here.members) > 1:
                        learn(other, BY_MESH, frozenset())
        alone = {start} if len(start.members) == 1 else set()
        return alone | {alike for alike, learned in seen if learned is not None}

    def starts(self, *, mesh: bool = True, apart: Callable[[Alike], object] = bool) -> list[Alike]:
        """Nodes to start from, two of those with the same neighbours: what holds for these holds for the others.

        `apart` tells further differences that matter.
        """
        seen: dict[object, int] = {}
        found = []
        for alike, ways in self.ways.items():
            far_ends = frozenset((other, peering.form) for other, peering in ways)
            more = frozenset(self._perhaps.get(alike, ()))
            key = (far_ends, more, mesh and alike in self._meshed, alike in self.outside, apart(alike))
            seen[key] = seen.get(key, 0) + 1
            if seen[key] <= 2:
                found.append(alike)
        return found
