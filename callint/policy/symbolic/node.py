"""A node, through which `way` sends all packets of a traffic class at once, as `policy.walk` sends one packet."""

from __future__ import annotations

from callint.net.packets import PacketSet
from callint.policy.doubt import UndecidedError
from callint.policy.inventory import Endpoint
from callint.policy.model import NodePolicy
from callint.policy.packet import Direction, Outcome
from callint.policy.symbolic.block import Cause, add
from callint.policy.symbolic.chain import Chains
from callint.policy.symbolic.partition import Partition
from callint.policy.symbolic.selection import Selection
from callint.policy.symbolic.way import Way, Wire
from callint.policy.symbolic.whole import WholeChains

_OUTCOMES: dict[str, Outcome] = {"allow": "accept", "finish": "accept", "drop": "drop", "unknown": "unknown"}


class Node:
    """What Calico does at a node with whole sets of new packets, after `wire` where they were sent elsewhere."""

    def __init__(self, here: NodePolicy, chains: Chains) -> None:
        """`here` knows the node's settings, interfaces and host endpoints."""
        self.chains = chains
        self.space = chains.space
        self.whole = WholeChains(here, chains)
        self._ways: dict[tuple[str | None, str | None, Wire | None], Partition] = {}
        self._endpoints: dict[tuple[Selection, Direction], Partition] = {}

    def endpoint(self, endpoint: Endpoint, direction: Direction) -> Partition:
        """What the own normal policy of an endpoint says, wherever its packets go or come from."""
        selection = self.chains.selections.of(endpoint)
        found = self._endpoints.get((selection, direction))
        if found is None:
            shares = self.whole.of(selection, "normal", direction, forwarded=False)
            ends: dict[Outcome, dict[Cause, PacketSet]] = {}
            for cause, packets in shares.items():
                add(ends.setdefault(_OUTCOMES.get(cause.kind, "no-verdict"), {}), {cause: packets})
            found = self._endpoints[selection, direction] = Partition(self.space, ends)
        return found

    def went(self, arriving: str | None, leaving: str | None, wire: Wire | None = None) -> Partition:
        """Packets that arrive at an interface, for the node itself, that leave by one, of its own, or both."""
        key = (arriving, leaving, wire)
        found = self._ways.get(key)
        if found is None:
            found = self._ways[key] = self._go(arriving, leaving, wire)
        return found

    def _go(self, arriving: str | None, leaving: str | None, wire: Wire | None) -> Partition:
        try:
            way = Way(self.whole, wire, forwarded=arriving is not None and leaving is not None)
            way.go(arriving, leaving)
            return Partition(self.space, way.settled())
        except UndecidedError as error:
            return Partition(self.space, {"unknown": {Cause("unknown", error.missing): self.space.everything}})
