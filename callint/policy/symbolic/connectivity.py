"""Which packets workloads may send to each other, all pairs at once, by their own policy."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from callint.net import intervals
from callint.net.diagrams import EMPTY, Node
from callint.net.packets import PacketSet
from callint.policy.inventory import WorkloadMember
from callint.policy.packet import Direction
from callint.policy.ranges import PLACE, ranges
from callint.policy.symbolic.engine import Engine

_DESTINATION, _SOURCE = 0, 1


class Connectivity:
    """Pairs of workloads; host endpoints that lie between their nodes are not asked."""

    def __init__(self, engine: Engine) -> None:
        """`engine` of any family; workloads without an address of it are left out."""
        self.engine = engine
        index = PLACE[engine.space.family]
        self.workloads: list[tuple[WorkloadMember, int]] = [
            (one, first)
            for one in engine.model.inventory.workloads
            if (first := intervals.witness(ranges(one.about.addresses)[index])) is not None
        ]

    def pairs(self) -> Iterator[tuple[WorkloadMember, WorkloadMember, PacketSet]]:
        """Each ordered pair with what surely passes, as protocols and ports: its addresses are left free."""
        diagrams = self.engine.space.diagrams
        leaving = [self._accepted(one, "egress") for one, _ in self.workloads]
        entering = [self._accepted(one, "ingress") for one, _ in self.workloads]
        # an entering set is asked for its own destination alone
        entering = [
            at(node, _DESTINATION, address) for node, (_, address) in zip(entering, self.workloads, strict=True)
        ]
        known: dict[Node, PacketSet] = {}
        for i, (source, from_address) in enumerate(self.workloads):
            for j, (destination, to_address) in enumerate(self.workloads):
                if i == j:
                    continue
                out = at(at(leaving[i], _DESTINATION, to_address), _SOURCE, from_address)
                into = at(entering[j], _SOURCE, from_address)
                both = diagrams.apply("and", out, into)
                found = known.get(both)
                if found is None:
                    found = known[both] = PacketSet(self.engine.space, both)
                yield source, destination, found

    def _accepted(self, workload: WorkloadMember, direction: Direction) -> Node:
        return self.engine.node(workload.about.node).endpoint(workload, direction).accept.node


def at(node: Node, level: int, value: int) -> Node:
    """What is left of a set for one value of the field that is the first it asks about."""
    if node is EMPTY or node.level != level:
        return node
    return node.children[bisect_left(node.bounds, value)]
