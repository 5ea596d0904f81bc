"""Networks that a pool is to masquerade, and of which policy lets nothing out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from callint.checks.breach import Breach, decider, decision_place, unexamined
from callint.checks.proof import told
from callint.facts import Interface, NodeFacts
from callint.finding import Related, counted, witness
from callint.net import intervals
from callint.net.address import FAMILIES, Family, Prefix
from callint.net.diagrams import TooLargeError
from callint.net.internet import INTERNET
from callint.net.packets import Box
from callint.net.ports import TCP, UDP
from callint.objects import Cluster
from callint.objects.pool import IPPool
from callint.policy import model_of
from callint.policy.doubt import UndecidedError
from callint.policy.links import is_host_interface, leads_somewhere
from callint.policy.ranges import PLACE
from callint.policy.symbolic.engine import Engine
from callint.policy.symbolic.point import SOURCE_PORT, USUAL_PORT, packet_at
from callint.record import NamedTuple

_MOST_NODES = 250_000
"""Nodes of diagrams for all questions of a family, which take about a second."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Pools for translation alone whose networks are behind interfaces, and get out by none with a default route.

    One packet of TCP or UDP to the Internet that is not surely dropped is enough to be silent: where one network of a
    pool gets out, policy may keep the others in on purpose. Takes no parameters.
    """
    for family in FAMILIES:
        every = [(pool, found) for pool, net in _pools(cluster, family) if (found := list(_ways(cluster, net)))]
        if not every:
            continue
        boxes = [one.box for _, found in every for one in found]
        engine = Engine(model_of(cluster), family, limit=_MOST_NODES, only=boxes)
        try:
            for pool, found in every:
                if all(_kept_in(engine, one) for one in found):
                    yield _breach(engine, pool, found)
        except TooLargeError as error:
            yield unexamined("whether anything gets out of", every[0][0].resource, str(error))


class _Way(NamedTuple):
    """From a network behind an interface of a node to the Internet."""

    node: str
    interface: Interface
    net: Prefix
    outward: tuple[str, ...]

    @property
    def box(self) -> Box:
        """What it sends there by TCP or UDP."""
        source, destination = ((self.net.first, self.net.last),), INTERNET[PLACE[self.net.family]]
        return {"source": source, "destination": destination, "protocol": intervals.from_values((TCP, UDP))}


def _pools(cluster: Cluster, family: Family) -> Iterator[tuple[IPPool, Prefix]]:
    for pool in cluster.pools:
        net = pool.net
        if pool.disabled and pool.nat_outgoing and pool.legible and net is not None and net.family == family:
            yield pool, net


def _ways(cluster: Cluster, around: Prefix) -> Iterator[_Way]:
    for facts in cluster.facts.values():
        outward = _outward(facts, around.family)
        for interface in (facts.interfaces or ()) if outward else ():
            inner = is_host_interface(cluster, facts.node, interface.name) and leads_somewhere(interface)
            if inner and interface.name not in outward and interface.forwarding.of(around.family) is not False:
                held = (one.prefix.masked() for one in interface.addresses or ())
                first = next((one for one in held if around.contains(one)), None)
                if first is not None:
                    yield _Way(facts.node, interface, first, outward)


def _outward(facts: NodeFacts, family: Family) -> tuple[str, ...]:
    """The interfaces by which a default route leaves, if it is known of each."""
    default = [one for one in facts.routes or () if one.destination.length == 0 and one.destination.version == family]
    names = [one.interface for one in default if not one.dead]
    known = facts.knows("routes") and None not in names
    return tuple(dict.fromkeys(name for name in names if name is not None)) if known else ()


def _kept_in(engine: Engine, way: _Way) -> bool:
    packets = engine.space.box(**way.box)
    try:
        node = engine.node(way.node)
    except UndecidedError:
        return False
    return all(packets <= node.went(way.interface.name, name).drop for name in way.outward)


def _breach(engine: Engine, pool: IPPool, ways: Sequence[_Way]) -> Breach:
    way, family, others = ways[0], engine.space.family, counted(len(ways) - 1, "other")
    leaving = way.outward[0]
    point = engine.space.box(**way.box).witness(
        source=(way.net.last - 1,),
        destination=(INTERNET[PLACE[family]][0][0] + 1,),
        source_port=(SOURCE_PORT,),
        destination_port=(USUAL_PORT,),
    )
    assert point is not None, "a network has packets"
    parts = engine.node(way.node).went(way.interface.name, leaving).parts()
    causes = [one.cause for one in parts if one.outcome == "drop" and point in one.packets]
    cause = next((one for one in causes if one.policy is not None), causes[0])
    resource, (path, at_key) = pool.resource, (pool.path("natOutgoing"), False)
    if cause.policy is not None:
        resource, (path, at_key) = cause.policy, decision_place(cause.path)
    packet = packet_at(family, point, way.interface.name, leaving)
    more = f", and so it is with {others}" if ways[1:] else ""
    return Breach.at(
        resource,
        path,
        f'nothing that {way.net} behind "{way.interface.name}" of node "{way.node}" sends by TCP or UDP gets out by '
        f'"{leaving}", though IPPool "{pool.name}" is to masquerade it: it is dropped by '
        f"{decider(cause.policy, cause.path, cause.reason)}{more}",
        (Related(pool.span("natOutgoing"), "masquerades it"), Related(way.interface.span, "it comes in here")),
        witness("packet", node=way.node, **told(packet), verdict="drop", decided_by=cause.reason),
        "let policy with applyOnForward allow it, at the interface where it comes in and at the one where it leaves",
        key=at_key,
    )
