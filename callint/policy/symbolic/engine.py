"""The symbolic engine of one cluster and one family: nodes and workloads over one space of packets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache, partial

from callint.net.address import Family
from callint.net.packets import Box, PacketSpace
from callint.policy.doubt import UndecidedError
from callint.policy.inventory import HostMember
from callint.policy.model import Model
from callint.policy.packet import Direction
from callint.policy.symbolic.block import Cause
from callint.policy.symbolic.chain import Chains
from callint.policy.symbolic.node import Node
from callint.policy.symbolic.partition import Partition
from callint.policy.symbolic.selection import Selections
from callint.policy.symbolic.whole import WholeChains

MOST_NODES = 4_000_000
"""Nodes of diagrams and remembered results that one engine may make, about 300 bytes each."""


class Engine:
    """What policy does with sets of packets; all its operations may raise callint.net.diagrams.TooLargeError."""

    def __init__(
        self,
        model: Model,
        family: Family,
        *,
        causes: bool = True,
        limit: int = MOST_NODES,
        only: Iterable[Box] | None = None,
    ) -> None:
        """Without `causes` outcomes alone are told, which is quicker for tens of thousands of rules.

        With `only`, packets of these boxes alone are asked about.
        """
        self.model = model
        self.space = PacketSpace(family, limit=limit, only=only)
        self._causes = causes
        self._chains: dict[bool, Chains] = {}
        self._nodes: dict[str, Node] = {}
        self._own: dict[object, Partition] = {}
        self._met: dict[object, Partition] = {}
        self._at: dict[tuple[str, str, Direction], Partition] = {}

    def chains(self, *, ebpf: bool) -> Chains:
        """The chains of all endpoints for a dataplane."""
        found = self._chains.get(ebpf)
        if found is None:
            found = self._chains[ebpf] = Chains(
                selections(self.model), self.model.inventory, self.space, ebpf=ebpf, causes=self._causes
            )
        return found

    def node(self, name: str) -> Node:
        """A node with the interfaces that facts or objects tell; raises UndecidedError if its settings are hidden."""
        found = self._nodes.get(name)
        if found is None:
            here = self.model.at(name)
            found = self._nodes[name] = Node(here, self.chains(ebpf=here.settings.ebpf))
        return found

    def own(self, name: str, interface: str, direction: Direction) -> Partition:
        """What becomes of a node's own packets, to it or from it, at an interface that is no workload's.

        Interfaces at whose endpoints they meet the same policy, of nodes whose settings make no difference, share it.
        """
        place = (name, interface, direction)
        found = self._at.get(place)
        if found is None:
            found = self._at[place] = self._own_at(name, interface, direction)
        return found

    def _own_at(self, name: str, interface: str, direction: Direction) -> Partition:
        key = direction, alike(self.model, name, interface)
        found = self._own.get(key)
        if found is not None:
            return found
        try:
            whole = self.node(name).whole
            met = (_class(self.model, name, interface, partial(self._policy, whole, direction)), whole.met(direction))
            found = self._met.get((direction, met))
            if found is None:
                ends = (interface, None) if direction == "ingress" else (None, interface)
                found = self._met[direction, met] = self.node(name).went(*ends)
            self._own[key] = found
            return found
        except UndecidedError as error:
            return Partition(self.space, {"unknown": {Cause("unknown", error.missing): self.space.everything}})

    def _policy(self, whole: WholeChains, direction: Direction, endpoint: HostMember) -> object:
        """What a node's own packets meet at one of its endpoints."""
        known = selections(self.model)
        selection = known.of(endpoint)
        sources = whole.here.settings.sources if selection.early else None
        return known.own(selection, direction, asked=whole.leaves(direction)), sources


@lru_cache(maxsize=8)
def selections(model: Model) -> Selections:
    """Who is selected by what does not depend on packets, so that all engines of a cluster share it."""
    found = Selections(model.tiers, model.selecting)
    found.limit(model.inventory.host_endpoints, model.cluster.limits.comparisons)
    return found


@lru_cache(maxsize=8)
def _alike(model: Model) -> dict[tuple[str, str], object]:
    """What is known of the interfaces of nodes, whichever packets are asked about."""
    return {}


def alike(model: Model, name: str, interface: str) -> object:
    """Equal for interfaces at which policy treats a node's own packets alike, of nodes with the same settings."""
    known = _alike(model)
    found = known.get((name, interface))
    if found is None:
        try:
            policy = _class(model, name, interface, selections(model).of)
            found = (policy, model.at(name).settings.sources)
        except UndecidedError:
            found = (name, interface)
        known[name, interface] = found
    return found


def _class(model: Model, name: str, interface: str, about: Callable[[HostMember], object]) -> tuple[object, ...]:
    """What policy a node's own packets meet at an interface, where `about` tells that of an endpoint."""
    here = model.at(name)
    governance = here.governance
    if governance.is_workload(interface):
        return name, interface
    governor = governance.of(interface)
    endpoints = (governor.endpoint, None if governor.wildcard else governance.wildcard)
    return (
        governor.wildcard,
        governor.unknown,
        governor.reason if governor.endpoint is None else None,
        *(None if one is None else about(one) for one in endpoints),
    )
