"""Flows between two ends: which packets they are, at which chains they are decided, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from callint.net import intervals
from callint.net.address import LAST, Family
from callint.net.intervals import Intervals
from callint.net.packets import PacketSet, PacketSpace
from callint.policy.inventory import Endpoint, HostMember, WorkloadMember
from callint.policy.labels import holds
from callint.policy.links import interfaces_of
from callint.policy.packet import Direction
from callint.policy.ranges import PLACE, Ranges, ranges, singles
from callint.policy.symbolic.engine import Engine
from callint.policy.symbolic.partition import Partition
from callint.record import NamedTuple
from callint.selector import Selector


class End(NamedTuple):
    """What a rule says of one end of a flow; None is not said. `words` are its name in messages."""

    words: str
    addresses: Ranges | None = None
    node: str | None = None
    interface: str | None = None
    selector: Selector | None = None


class Place(NamedTuple):
    """Where packets of one end enter or leave what policy governs.

    `outside` is anywhere, `interface` whatever is behind a node's interface, `host` the node itself at an interface,
    `workload` a class of pods with equal policy. `doubt` names a fact without which the place is not quite known;
    `assumed` is one that stands for pods that no manifest holds.
    """

    kind: Literal["outside", "interface", "host", "workload"]
    words: str
    addresses: Ranges | None
    node: str = ""
    interface: str = ""
    endpoint: Endpoint | None = None
    doubt: str | None = None
    assumed: bool = False


class Stage(NamedTuple):
    """One stretch of a flow's way and what becomes of all packets there."""

    node: str
    arriving: str | None
    leaving: str | None
    direction: Direction
    endpoint: Endpoint | None
    partition: Partition


class FlowError(Exception):
    """A flow that passes nothing that policy governs, or of which a part of the way is not said."""


def places(engine: Engine, end: End, *, by_node: bool) -> tuple[Place, ...]:
    """Where an end is; of endpoints that policy treats alike one stands for all, on each node if `by_node`."""
    if end.selector is not None:
        return tuple(_selected(engine, end, end.selector, by_node=by_node))
    if end.node is None:
        return (Place("outside", end.words, end.addresses),)
    if end.interface is not None:
        return (Place("interface", end.words, end.addresses, end.node, end.interface),)
    cluster = engine.model.cluster
    names = interfaces_of(cluster, end.node)
    return tuple(Place("host", end.words, end.addresses, end.node, name) for name in names)


def _selected(engine: Engine, end: End, selector: Selector, *, by_node: bool) -> Iterator[Place]:
    model = engine.model
    # nodes with settings of their own may treat the packets of equal pods differently
    by_node = by_node or any(one.name != "default" for one in model.cluster.felix)
    groups: dict[tuple[str | None, object], list[WorkloadMember]] = {}
    for workload in model.inventory.workloads:
        answer = holds(selector, workload.labels)
        if answer is False:
            continue
        missing = workload.labels.missing or "its labels"
        doubt = None if answer else f'whether "{workload.about.name}" is selected: {missing}'
        if not workload.about.addresses:
            doubt = doubt or f'the address of pod "{workload.about.name}", which no manifest tells'
        node = engine.node(workload.about.node)
        where = (workload.about.node, workload.about.interface) if by_node else ""
        alike = (node.chains.selections.of(workload), where, bool(workload.stands_for))
        groups.setdefault((doubt, alike), []).append(workload)
    for (doubt, _), members in groups.items():
        first, others = members[0], len(members) - 1
        about, assumed = first.about, bool(first.stands_for)
        words = f"{first.stands_for} (none is given)" if assumed else f'pod "{about.namespace}/{about.name}"'
        words += f" and {others} like it" if others else ""
        texts = [text for one in members for text in one.about.addresses]
        addresses = ranges(texts) if texts else None
        yield Place("workload", words, addresses, about.node, about.interface, first, doubt, assumed)
    for host in model.inventory.host_endpoints:
        answer = holds(selector, host.labels)
        if answer is not False:
            yield from _hosts(engine, host, None if answer else host.labels.missing or "its labels")


def _hosts(engine: Engine, host: HostMember, doubt: str | None) -> Iterator[Place]:
    about = host.about
    governance = engine.model.at(about.node).governance
    for name, addresses in interfaces_of(engine.model.cluster, about.node).items():
        if governance.of(name).endpoint is host:
            own = ranges(about.expected_ips) if about.expected_ips else singles(addresses) if addresses else None
            doubt = doubt or (None if own else f'the addresses of interface "{name}" of node "{about.node}"')
            yield Place("host", f'node "{about.node}" at {name}', own, about.node, name, host, doubt)


def stages(engine: Engine, source: Place, target: Place) -> tuple[Stage, ...]:
    """The stretches of the way between two places; empty for that of a node, or of a single pod, to itself.

    Raises FlowError. Between workloads, and between one and the outside, their own policy alone is asked: host
    endpoints lie on the way only where an end names a node.
    """
    same_node = bool(source.node) and source.node == target.node
    if source.kind == target.kind == "host" and same_node:
        return ()
    if source.kind == "workload" and source == target and source.addresses is None:
        return ()
    if source.kind == "interface":
        return _from_interface(engine, source, target, same_node=same_node)
    if target.kind == "interface" and not (same_node and source.kind in ("host", "workload")):
        raise FlowError(f'packets from {source.words} to {target.words}: "from" needs an interface of the same node')
    if source.kind == "workload" and same_node and target.kind in ("host", "interface"):
        return (_through(engine, source, target),)
    found: list[Stage] = []
    if source.kind == "host":
        to_local = target.kind == "workload" and same_node
        leaving = target.interface if to_local or target.kind == "interface" else source.interface
        found.append(_at(engine, source.node, None, leaving, "egress", source.endpoint))
        if to_local:
            return tuple(found)
    elif source.kind == "workload":
        found.append(_own(engine, source, "egress"))
    if target.kind == "host":
        found.append(_at(engine, target.node, target.interface, None, "ingress", target.endpoint))
    elif target.kind == "workload":
        found.append(_own(engine, target, "ingress"))
    if not found:
        raise FlowError(f"packets from {source.words} to {target.words} meet no policy: name an endpoint or a node")
    return tuple(found)


def _from_interface(engine: Engine, source: Place, target: Place, *, same_node: bool) -> tuple[Stage, ...]:
    if target.kind == "workload" and not same_node:
        return (_own(engine, target, "ingress"),)
    if not same_node:
        raise FlowError(f'packets from {source.words} to {target.words}: "to" needs an interface of the same node')
    returning = target.kind != "host" and source.interface == target.interface
    return () if returning else (_through(engine, source, target),)


def _through(engine: Engine, source: Place, target: Place) -> Stage:
    leaving = None if target.kind == "host" else target.interface
    direction: Direction = "egress" if source.endpoint else "ingress"
    return _at(engine, source.node, source.interface, leaving, direction, source.endpoint or target.endpoint)


def _at(
    engine: Engine,
    node: str,
    arriving: str | None,
    leaving: str | None,
    direction: Direction,
    endpoint: Endpoint | None,
) -> Stage:
    return Stage(node, arriving, leaving, direction, endpoint, engine.node(node).went(arriving, leaving))


def _own(engine: Engine, place: Place, direction: Direction) -> Stage:
    assert place.endpoint is not None
    partition = engine.node(place.node).endpoint(place.endpoint, direction)
    arriving, leaving = (place.interface, None) if direction == "egress" else (None, place.interface)
    return Stage(place.node, arriving, leaving, direction, place.endpoint, partition)


def packets(space: PacketSpace, source: Place, target: Place, services: PacketSet) -> PacketSet:
    """The packets of a flow; those of an endpoint to itself, which no policy meets, are none of them."""
    found = services & space.box(
        source=_side(source.addresses, space.family), destination=_side(target.addresses, space.family)
    )
    if source.kind == "workload" and target.kind == "workload" and source.addresses and target.addresses:
        index = PLACE[space.family]
        both = intervals.intersection(source.addresses[index], target.addresses[index])
        own = (value for low, high in both for value in range(low, high + 1))
        found -= space.union_all(space.box(source=((one, one),), destination=((one, one),)) for one in own)
    return found


def _side(addresses: Ranges | None, family: Family) -> Intervals | None:
    found = None if addresses is None else addresses[PLACE[family]]
    return None if found == ((0, LAST[family]),) else found
