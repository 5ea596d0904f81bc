"""The symbolic engine of one cluster and one family: nodes and workloads over one space of packets."""

from __future__ import annotations

from callint.net.address import Family
from callint.net.packets import PacketSpace
from callint.policy.evaluator import Model
from callint.policy.symbolic.chain import Chains
from callint.policy.symbolic.node import Node

MOST_NODES = 4_000_000
"""Nodes of diagrams and remembered results that one engine may make, about 300 bytes each."""


class Engine:
    """What policy does with sets of packets; all its operations may raise callint.net.diagrams.TooLargeError."""

    def __init__(self, model: Model, family: Family, *, causes: bool = True, limit: int = MOST_NODES) -> None:
        """Without `causes` outcomes alone are told, which is quicker for tens of thousands of rules."""
        self.model = model
        self.space = PacketSpace(family, limit=limit)
        self._causes = causes
        self._chains: dict[bool, Chains] = {}
        self._nodes: dict[str, Node] = {}

    def chains(self, *, ebpf: bool) -> Chains:
        """The chains of all endpoints for a dataplane."""
        found = self._chains.get(ebpf)
        if found is None:
            found = self._chains[ebpf] = Chains(
                self.model.tiers, self.model.inventory, self.space, ebpf=ebpf, causes=self._causes
            )
        return found

    def node(self, name: str) -> Node:
        """A node with the interfaces that facts or objects tell; raises UndecidedError if its settings are hidden."""
        found = self._nodes.get(name)
        if found is None:
            evaluator = self.model.evaluator(name)
            found = self._nodes[name] = Node(evaluator, self.chains(ebpf=evaluator.settings.ebpf))
        return found
