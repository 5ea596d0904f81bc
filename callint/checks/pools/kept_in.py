"""Networks that a pool is to masquerade, and of which policy lets nothing out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from callint.checks.breach import Breach, decider, decision_place, unexamined
from callint.checks.proof import told
from callint.facts import Interface, NodeFacts
from callint.finding import Related, counted, witness
from callint.net import intervals
from callint.net.address import FAMILIES, Family, Prefix, parse_cidr
from callint.net.diagrams import TooLargeError
from callint.net.enclosing import Enclosing
from callint.net.internet import INTERNET
from callint.net.intervals import Intervals
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
from callint.steps import Steps

_PRIVATE: dict[Family, Intervals] = {
    4: intervals.from_prefixes(map(parse_cidr, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))),
    6: intervals.from_prefixes((parse_cidr("fc00::/7"),)),
}
"""Networks of companies and homes (RFC 1918, RFC 4193)."""
_MOST_NODES = 250_000
"""Nodes of diagrams for all questions of a family, which take about a second."""
_OF_WAY = 50
"""Steps that it takes to see whether packets get from one interface out by another."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Pools for translation alone whose networks are behind interfaces, and get out by none that leads to the Internet.

    One packet of TCP or UDP that gets there, or to a private network beyond the next router, is enough to be silent:
    where one network of a pool gets out, policy may keep the others in on purpose. Takes no parameters.
    Raises TooManyStepsError.
    """
    for family in FAMILIES:
        pools = list(_pools(cluster, family))
        ways: dict[int, list[_Way]] = {}
        for number, way in _ways(cluster, [net for _, net in pools], family) if pools else ():
            ways.setdefault(number, []).append(way)
        if not ways:
            continue
        boxes = [one.box(name) for found in ways.values() for one in found for name in one.outward]
        engine = Engine(model_of(cluster), family, limit=_MOST_NODES, only=boxes)
        try:
            for number, found in ways.items():
                if all(_kept_in(engine, one) for one in found):
                    yield _breach(engine, pools[number][0], found)
        except TooLargeError as error:
            yield unexamined("whether anything gets out of", pools[min(ways)][0].resource, str(error))


class _Way(NamedTuple):
    """From networks of a pool behind an interface of a node to what else its routes to the Internet lead to."""

    node: str
    interface: Interface
    net: Prefix
    source: Prefix
    outward: Mapping[str, Intervals]

    def box(self, outward: str) -> Box:
        """What is sent from the pool to others by one of the interfaces, by TCP or UDP."""
        source, destination = ((self.source.first, self.source.last),), self.outward[outward]
        return {"source": source, "destination": destination, "protocol": intervals.from_values((TCP, UDP))}


def _pools(cluster: Cluster, family: Family) -> Iterator[tuple[IPPool, Prefix]]:
    for pool in cluster.pools:
        net = pool.net
        if pool.disabled and pool.nat_outgoing and pool.legible and net is not None and net.family == family:
            yield pool, net


def _ways(cluster: Cluster, pools: Sequence[Prefix], family: Family) -> Iterator[tuple[int, _Way]]:
    """Of each pool, by number, the interfaces with an address in it; behind further routers may be more of it."""
    around = Enclosing((net, number) for number, net in enumerate(pools))
    steps = Steps(cluster, "networks to masquerade with ways to the Internet")
    for facts in cluster.facts.values():
        outward = _outward(facts, family)
        size = sum(_OF_WAY + len(to) for to in outward.values())
        for interface in (facts.interfaces or ()) if outward else ():
            inner = is_host_interface(cluster, facts.node, interface.name) and leads_somewhere(interface)
            if inner and interface.name not in outward and interface.forwarding.of(family) is not False:
                held = [one.prefix.masked() for one in interface.addresses or () if one.version == family]
                first = {number: one for one in reversed(held) for _, number in around.of(one)}
                steps.spend(size * len(first))
                for number, one in first.items():
                    pool = pools[number]
                    others = {
                        name: intervals.difference(to, ((pool.first, pool.last),)) for name, to in outward.items()
                    }
                    if all(others.values()):
                        yield number, _Way(facts.node, interface, one, pool, others)


def _outward(facts: NodeFacts, family: Family) -> dict[str, Intervals]:
    """Where routes lead to of which one is the default route, by interface, if it is known of each.

    Those of VPNs take the halves of the Internet, or the default in a table of their own.
    """
    routes = [one for one in facts.routes or () if one.destination.version == family and not one.dead]
    if not facts.knows("routes") or not any(one.destination.length == 0 for one in routes):
        return {}
    internet = INTERNET[PLACE[family]]
    own = intervals.from_prefixes(one.prefix for _, one in facts.addresses if one.version == family)
    there: dict[str | None, list[tuple[int, int]]] = {}
    for one in routes:
        network = (one.destination.first, one.destination.last)
        if intervals.overlaps((network,), internet):
            there.setdefault(one.interface, []).append(network)
    found = {
        name: intervals.difference(intervals.intersection(intervals.merge(networks), _beyond(facts, name, family)), own)
        for name, networks in there.items()
    }
    return {} if None in found else {name: reach for name, reach in found.items() if name is not None and reach}


def _beyond(facts: NodeFacts, name: str | None, family: Family) -> Intervals:
    """What may be behind the next router: private networks, too, where the node has a private address itself."""
    internet = INTERNET[PLACE[family]]
    interface = facts.interface(name or "")
    held = interface.addresses if interface is not None else None
    private = _PRIVATE[family]
    if held is not None and not any(one.version == family and intervals.contains(private, one.value) for one in held):
        return internet
    return intervals.union(internet, private)


def _kept_in(engine: Engine, way: _Way) -> bool:
    try:
        node = engine.node(way.node)
    except UndecidedError:
        return False
    return all(engine.space.box(**way.box(name)) <= node.went(way.interface.name, name).drop for name in way.outward)


def _breach(engine: Engine, pool: IPPool, ways: Sequence[_Way]) -> Breach:
    way, family, others = ways[0], engine.space.family, counted(len(ways) - 1, "other")
    leaving = next(iter(way.outward))
    point = engine.space.box(**way.box(leaving)).witness(
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
