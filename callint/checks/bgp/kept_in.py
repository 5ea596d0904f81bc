"""What BGPFilters reject on every session of several, or on each that leads from one node to another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from callint.bgp.alike import Alike
from callint.bgp.filtering import Filters, filtering
from callint.bgp.filters import Part, View
from callint.bgp.network import Network
from callint.bgp.nodes import Speaker
from callint.bgp.peering import Peering
from callint.bgp.reach import RouteGraph
from callint.bgp.route import Attributes
from callint.bgp.rules import Direction, Rule
from callint.bgp.session import Session
from callint.net.address import Family
from callint.net.prefixes import PrefixSet, everything, union_all
from callint.objects import Cluster
from callint.steps import Steps

_OF_FILTERS = 10


class Gates:
    """The filters of sessions of one family, asked which prefixes none of them may let through."""

    def __init__(
        self,
        cluster: Cluster,
        ends: Iterable[Peering | Session],
        family: Family,
        steps: Steps,
        direction: Direction = "export",
    ) -> None:
        """Raises TooManyStepsError."""
        self._cluster = cluster
        self._view = View(direction)
        near = [one.form for one in ends if one.family == family]
        self._filters = tuple(dict.fromkeys(form.filters for form in near))
        every = everything(family)
        # Any peer may tell one more router; what a node takes is up to those that it has.
        peers = cluster.bgp_peers if direction == "export" else (one.peer for one in near if one.peer is not None)
        known = all(one.resource.whole for one in peers) and all(map(self._known, self._filters))
        self._open = union_all(family, self._let_through(every, steps)) if known else every

    def open_to(self, prefixes: PrefixSet) -> bool:
        """Whether a route with one of these prefixes may pass on any session, as far as there are sessions."""
        return bool(prefixes) and (not self._filters or self._open.overlaps(prefixes))

    def keeper(self, prefixes: PrefixSet) -> Rule | None:
        """A rule that rejects routes with these prefixes, where all of them are surely rejected on every session."""
        if self.open_to(prefixes):
            return None
        return next(part.rule for part in self._parts(self._filters[0], prefixes))

    def _known(self, filters: Filters) -> bool:
        return bool(filters) and all(name in self._cluster.bgp_filters for name in filters)

    def _let_through(self, every: PrefixSet, steps: Steps) -> Iterator[PrefixSet]:
        for filters in self._filters:
            parts = self._parts(filters, every)
            steps.spend(_OF_FILTERS + len(parts))
            yield from (one.prefixes for one in parts if one.rule is None or one.rule.verdict != "reject")

    def _parts(self, filters: Filters, prefixes: PrefixSet) -> tuple[Part, ...]:
        return filtering(self._cluster).parts(filters, self._view, Attributes(), prefixes)


class KeptApart:
    """The filters on both ends of sessions, asked about the networks of pods of one family."""

    def __init__(self, model: Network, pods: PrefixSet) -> None:
        """Nothing is asked yet."""
        self._model = model
        self._pods = pods
        self._steps = Steps(model.cluster, "IPPools with BGPFilters between nodes")
        self._keepers: dict[tuple[Filters, Direction, bool], Rule | None] = {}

    def told_anywhere(self) -> bool:
        """Whether any session that a BGPPeer makes may export such a route; raises TooManyStepsError."""
        sessions = [one for one in self._model.peerings if one.form.kind != "workload"]
        return Gates(self._model.cluster, sessions, self._pods.family, self._steps).open_to(self._pods)

    def passes(self, peering: Peering) -> bool:
        """Whether any route to pods may go from the near ends to the far ones; raises TooManyStepsError."""
        return self.keeper(peering) is None

    def keeper(self, peering: Peering) -> Rule | None:
        """A rule that surely rejects routes to pods, where all are rejected by either end."""
        answer = self._model.answer(peering.first)
        return self._rejecting(peering, "export") or (self._rejecting(answer, "import") if answer is not None else None)

    def end(self, start: Alike, other: Speaker, aware: Set[Alike]) -> Rule | None:
        """The rule at which routes of a node end on a way to another one, if it is a rule; `aware` are who learns them.

        Raises TooManyStepsError.
        """
        family, told = self._pods.family, {start, *aware}
        graph, target = RouteGraph(self._model, family), self._model.nodes.of(other)
        if target not in graph.reach(start):
            return None
        beyond = RouteGraph(self._model, family, passes=lambda peering: peering.here not in told)
        ways = [way for near in (start, *graph.ways) if near in told for way in graph.ways.get(near, ())]
        spare = None
        for far, peering in sorted(ways, key=lambda way: way[0] is not target):
            rule = self.keeper(peering)
            if rule is not None and (far is target or (far not in told and target in beyond.reach(far))):
                return rule
            spare = spare or rule
        return spare

    def _rejecting(self, end: Peering | Session, direction: Direction) -> Rule | None:
        # Of a peer that could not be read as a whole nobody knows all filters.
        peer = end.form.peer
        key = (end.form.filters, direction, peer is None or peer.resource.whole)
        if key not in self._keepers:
            gates = Gates(self._model.cluster, [end], self._pods.family, self._steps, direction)
            self._keepers[key] = gates.keeper(self._pods)
        return self._keepers[key]
