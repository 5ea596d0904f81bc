"""Which packets workloads may send to each other, all pairs at once, by their own policy."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import product

from callint.net import intervals
from callint.net.diagrams import EMPTY, Node
from callint.net.packets import PacketSet
from callint.policy.inventory import WorkloadMember
from callint.policy.packet import Direction
from callint.policy.ranges import PLACE, ranges
from callint.policy.symbolic.engine import Engine

_DESTINATION, _SOURCE = 0, 1


def connected(engine: Engine) -> Iterator[tuple[WorkloadMember, WorkloadMember, PacketSet]]:
    """Each ordered pair of workloads with what surely passes, as protocols and ports: its addresses are left free.

    Workloads without an address of the engine's family are left out, host endpoints between their nodes are not asked.
    """
    index = PLACE[engine.space.family]
    every = engine.model.inventory.workloads
    places = ((one, intervals.witness(ranges(one.about.addresses)[index])) for one in every)
    workloads = [(one, first) for one, first in places if first is not None]
    leaving = [_accepted(engine, one, "egress") for one, _ in workloads]
    # an entering set is asked for its own destination alone
    entering = [at(_accepted(engine, one, "ingress"), _DESTINATION, address) for one, address in workloads]
    known: dict[Node, PacketSet] = {}
    for (i, (source, from_address)), (j, (destination, to_address)) in product(enumerate(workloads), repeat=2):
        if i == j:
            continue
        out = at(at(leaving[i], _DESTINATION, to_address), _SOURCE, from_address)
        both = engine.space.diagrams.apply("and", out, at(entering[j], _SOURCE, from_address))
        found = known.get(both)
        if found is None:
            found = known[both] = PacketSet(engine.space, both)
        yield source, destination, found


def _accepted(engine: Engine, workload: WorkloadMember, direction: Direction) -> Node:
    return engine.node(workload.about.node).endpoint(workload, direction).accept.node


def at(node: Node, level: int, value: int) -> Node:
    """What is left of a set for one value of the field that is the first it asks about."""
    if node is EMPTY or node.level != level:
        return node
    return node.children[bisect_left(node.bounds, value)]
