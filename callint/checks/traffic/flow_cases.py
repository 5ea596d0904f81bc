"""The questions that a flow comes down to: the packets between two places, and the stages of their way."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product

from callint.checks.traffic.flow_terms import Terms
from callint.net.address import FAMILIES, Family
from callint.net.packets import PacketSet
from callint.objects import Cluster
from callint.policy import Model
from callint.policy.representative import model_for
from callint.policy.symbolic.engine import Engine
from callint.policy.symbolic.flow import Place, Stage, packets, places, stages
from callint.record import NamedTuple


class Case(NamedTuple):
    """The packets between two places in one family, and the stages of their way."""

    engine: Engine
    source: Place
    target: Place
    packets: PacketSet
    stages: tuple[Stage, ...]

    @property
    def doubt(self) -> str | None:
        """What is not quite known of either place."""
        return self.source.doubt or self.target.doubt

    @property
    def assumed(self) -> bool:
        """Whether a pod that no manifest holds is one of the places."""
        return self.source.assumed or self.target.assumed


_MOST_NODES = 1_500_000
"""Nodes of diagrams for all flows of one family, which take about three seconds."""


@lru_cache(maxsize=4)
def _engine_of(model: Model, family: Family) -> Engine:
    return Engine(model, family, limit=_MOST_NODES)


def engine_of(cluster: Cluster, terms: Terms, family: Family) -> Engine:
    """The engine of the cluster, with workloads for selectors of the ends that match no endpoint of the manifests."""
    return _engine_of(model_for(cluster, (terms.source.selector, terms.target.selector)), family)


def cases(cluster: Cluster, terms: Terms) -> Iterator[Case]:
    """Each question once: where packets come in by an interface, all interfaces of a node are the same target."""
    by_node = any(end.node is not None for end in (terms.source, terms.target))
    asked: set[object] = set()
    for family in FAMILIES:
        engine = engine_of(cluster, terms, family)
        services = terms.packets(engine.space)
        targets = places(engine, terms.target, by_node=by_node)
        sources = places(engine, terms.source, by_node=by_node)
        for source, target in product(sources, targets):
            way = stages(engine, source, target)
            found = packets(engine.space, source, target, services)
            key = (tuple((one.node, one.arriving, one.leaving, one.partition) for one in way), found)
            if way and found and key not in asked:
                asked.add(key)
                yield Case(engine, source, target, found, way)
