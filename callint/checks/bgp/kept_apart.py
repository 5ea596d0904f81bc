"""Sessions between nodes whose BGPFilters let no route to the pods of one through to the other."""

from __future__ import annotations

from collections.abc import Set

from callint.bgp.alike import Alike
from callint.bgp.filtering import Filters
from callint.bgp.network import Network
from callint.bgp.nodes import Speaker
from callint.bgp.peering import Peering
from callint.bgp.reach import RouteGraph
from callint.bgp.rules import Direction, Rule
from callint.bgp.session import Session
from callint.checks.bgp.kept_in import Gates
from callint.net.prefixes import PrefixSet
from callint.steps import Steps


class KeptApart:
    """The filters on both ends of sessions, asked about the networks of pods of one family."""

    def __init__(self, model: Network, pods: PrefixSet) -> None:
        """Nothing is asked yet."""
        self._model = model
        self._pods = pods
        self._steps = Steps(model.cluster, "IPPools with BGPFilters between nodes")
        self._keepers: dict[tuple[Filters, Direction], Rule | None] = {}

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
        key = (end.form.filters, direction)
        if key not in self._keepers:
            gates = Gates(self._model.cluster, [end], self._pods.family, self._steps, direction)
            self._keepers[key] = gates.keeper(self._pods)
        return self._keepers[key]
