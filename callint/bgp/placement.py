"""In which pools nodes may have IPAM blocks, where nobody knows the blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from callint.bgp.alike import Alike, Nodes
from callint.bgp.nodes import Speaker
from callint.bgp.pools import Blocks, Pools, block_length
from callint.net.address import BITS, Family, Prefix
from callint.objects import Cluster
from callint.record import NamedTuple
from callint.selector import Selector, parse_or_none
from callint.selector.index import SelectorIndex
from callint.steps import Answer, Steps

Possible = tuple[tuple[Prefix, int, bool], ...]
"""Where a node may have blocks: pool, block length, and whether it surely may have them there."""


class _Usable(NamedTuple):
    """A pool that gives blocks to nodes; `manual`: only for pods that ask for it."""

    selector: Selector
    inside: Prefix
    length: int
    manual: bool


class Placement:
    """The pools of one family by the nodes that they select, asked once of nodes that are alike."""

    def __init__(self, cluster: Cluster, nodes: Nodes, pools: Pools, blocks: Blocks, family: Family) -> None:
        """Nothing is asked yet."""
        self._cluster = cluster
        self._nodes = nodes
        self._pools = tuple(_usable(pools, family))
        self._blocks = blocks

    def of(self, alike: Alike) -> Possible:
        """Where nodes may have blocks; raises TooManyStepsError."""
        found = self._answer.get().get(alike)
        return self._selecting(alike.first, self._steps()) if found is None else found

    @cached_property
    def _answer(self) -> Answer[Mapping[Alike, Possible]]:
        return Answer(self._all)

    def _all(self) -> Mapping[Alike, Possible]:
        steps, known, others = self._steps(), self._blocks.of_node, self._blocks.others
        return {
            alike: self._selecting(alike.first, steps)
            for alike in self._nodes.all
            if any(known.get(one.name, others) is None for one in alike.members)
        }

    def _steps(self) -> Steps:
        return Steps(self._cluster, "IPPools with nodes")

    def _selecting(self, speaker: Speaker, steps: Steps) -> Possible:
        near = self._pools if speaker.labels is None else self._index.candidates(speaker.labels)
        steps.spend(len(near))
        asked = ((one, speaker.selected(one.selector)) for one in near)
        return tuple(
            (one.inside, one.length, match is True and not one.manual) for one, match in asked if match is not False
        )

    @cached_property
    def _index(self) -> SelectorIndex[_Usable]:
        return SelectorIndex((one.selector, one) for one in self._pools)


def _usable(pools: Pools, family: Family) -> Iterable[_Usable]:
    """An invalid selector selects nothing; of a pool with assignmentMode Manual only pods that ask have addresses."""
    for pool, inside in pools.pools:
        if pool.disabled or not {"Workload", "Tunnel"} & set(pool.allowed_uses):
            continue
        selector = parse_or_none(pool.node_selector)
        if selector is not None:
            yield _Usable(selector, inside, min(block_length(pool, inside), BITS[family]), pool.by_hand)
