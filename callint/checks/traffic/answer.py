"""What policy answers: which packets of a connection it drops, or may drop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache

from callint.checks.traffic.need import Need, Packets, merged
from callint.checks.traffic.place import About, Site
from callint.checks.traffic.question import Connection, Point, Question, points, question, wanted
from callint.checks.traffic.session_sites import apart
from callint.net.address import FAMILIES, Family
from callint.net.diagrams import TooLargeError
from callint.net.intervals import Intervals
from callint.net.packets import PacketSet
from callint.objects import fields
from callint.policy import Model
from callint.policy.ranges import PLACE, Ranges
from callint.policy.symbolic.block import Cause
from callint.policy.symbolic.engine import Engine, alike
from callint.policy.symbolic.partition import Partition
from callint.record import NamedTuple

_MOST_NODES = 250_000
"""Nodes of diagrams for all questions of a rule, which take about a second; after them nothing more is asked."""


class Drop(NamedTuple):
    """Packets of a connection that do not pass a point, or may not; `partition` is that of the point."""

    family: Family
    packets: PacketSet
    point: Point
    partition: Partition


class Answer(NamedTuple):
    """Whether a connection surely passes, else what is dropped of it and what is not known."""

    passes: bool
    fails: bool
    dropped: tuple[Drop, ...] = ()
    unknown: tuple[Drop, ...] = ()


class Answers:
    """Answers to some questions, over spaces of the packets that they are about."""

    def __init__(self, model: Model, packets: Iterable[Packets], *, governed: bool) -> None:
        """`packets` are all that will be asked about.

        With `governed`, what is dropped for want of any policy is not dropped.
        """
        self._governed = governed
        asked = list(merged(packets))
        self._engines = {
            family: Engine(model, family, limit=_MOST_NODES, only=[box for one in asked if (box := one.box(family))])
            for family in FAMILIES
        }
        self._abouts: dict[object, PacketSet] = {}
        self._risks: dict[object, tuple[PacketSet, PacketSet]] = {}
        self._beyond: dict[object, bool] = {}
        self._drop = cache(self._dropped)
        self._telling = cache(_telling)

    def check(self) -> None:
        """Raises callint.net.diagrams.TooLargeError where an answer before was too large."""
        for engine in self._engines.values():
            engine.space.diagrams.check()

    def alike(self, drop: Drop) -> object:
        """Equal for drops at points of one direction that policy treats alike."""
        name, interface, direction = drop.point
        return drop.family, direction, alike(self._engines[drop.family].model, name, interface)

    def port(self, point: Point, port: int) -> object:
        """Equal for ports that policy at a point treats alike; may raise TooLargeError."""
        self.check()
        return tuple(self._telling(engine.own(*point))(port) for engine in self._engines.values())

    def untouched(self, need: Need, site: Site) -> bool:
        """Whether packets of a need pass at one of the interfaces, whoever the far end is; may raise TooLargeError."""
        if need.direction == "either":
            return False
        self.check()
        (packets,) = wanted(need, site)
        return any(
            not any(any(self._risk(packets, None, None, family, point)) for family in FAMILIES)
            for point in points(need, site)
        )

    def safe(self, asked: Question) -> bool:
        """Whether all packets between any of the ends pass by one way; may raise TooLargeError."""
        self.check()
        return any(
            all(
                not any(any(self._risk_of(connection, family, point)) for point in connection.points)
                and not self._risk_beyond(connection, family)
                for family in FAMILIES
            )
            for connection in asked.connections
        )

    def _risk_beyond(self, connection: Connection, family: Family) -> bool:
        key = (family, connection.packets, *map(id, (connection.sources, connection.destinations, connection.beyond)))
        found = self._beyond.get(key)
        if found is None:
            found = any(any(self._risk_of(connection, family, point)) for point in connection.beyond)
            self._beyond[key] = found
        return found

    def of(self, asked: Question, connection: Connection) -> Answer:
        """What becomes of a connection; may raise callint.net.diagrams.TooLargeError."""
        self.check()
        risks = {
            family: [self._risk_of(connection, family, point) for point in connection.points]
            for family in FAMILIES
            if _sides(family, connection.source, connection.destination) is not None
        }
        if not any(drop or doubt for found in risks.values() for drop, doubt in found):
            return Answer(passes=True, fails=False)
        dropped: list[Drop] = []
        unknown: list[Drop] = []
        sets: list[tuple[PacketSet, PacketSet, PacketSet]] = []
        for family, found in risks.items():
            packets = self._between(connection.packets, family, connection.source, connection.destination)
            if not packets:
                continue
            lost = open_ = self._engines[family].space.nothing
            for point, (drop, doubt) in zip(connection.points, found, strict=True):
                lost, open_ = lost | (packets & drop), open_ | (packets & doubt)
                partition = self._engines[family].own(*point)
                dropped += [Drop(family, packets & drop, point, partition)] if packets & drop else []
                unknown += [Drop(family, packets & doubt, point, partition)] if packets & doubt else []
            sets.append((packets, lost, open_))
        if connection.anyones and any(packets - lost for packets, lost, _ in sets):
            dropped = [one for one in map(_not_by_name, dropped) if one.packets]
        if asked.anybody:
            passes = any(packets - lost - open_ for packets, lost, open_ in sets) or not sets
            fails = bool(sets) and not any(packets - lost for packets, lost, _ in sets)
        else:
            passes, fails = not dropped and not unknown, bool(dropped)
        return Answer(passes, fails, tuple(dropped), tuple(unknown))

    def _risk_of(self, connection: Connection, family: Family, point: Point) -> tuple[PacketSet, PacketSet]:
        return self._risk(connection.packets, connection.sources, connection.destinations, family, point)

    def _risk(
        self, packets: Packets, sources: Ranges | None, destinations: Ranges | None, family: Family, point: Point
    ) -> tuple[PacketSet, PacketSet]:
        """What is dropped, and what may be, of packets between anybody: the same for many sites."""
        ends = (family, packets, id(sources), id(destinations))
        about = self._abouts.get(ends)
        if about is None:
            about = self._abouts[ends] = self._between(packets, family, sources, destinations)
        if not about:
            return about, about
        partition = self._engines[family].own(*point)
        key = (ends, partition)
        found = self._risks.get(key)
        if found is None:
            found = self._risks[key] = (about & self._drop(partition), about & partition.unknown)
        return found

    def _between(
        self, packets: Packets, family: Family, source: Ranges | None, destination: Ranges | None
    ) -> PacketSet:
        box, space = packets.box(family), self._engines[family].space
        sides = _sides(family, source, destination)
        return space.nothing if box is None or sides is None else space.box(**box, **sides)

    def _dropped(self, partition: Partition) -> PacketSet:
        if not self._governed:
            return partition.drop
        parts = (one for one in partition.parts() if one.outcome == "drop" and one.cause.tier is not None)
        return partition.space.union_all(one.packets for one in parts)


def _telling(partition: Partition) -> Callable[[int], object]:
    return partition.space.telling((part.packets for part in partition.parts()), "destination_port")


def questions(names: Mapping[str, About], answers: Answers, sites: Iterable[tuple[Need, Site]]) -> Iterator[Question]:
    """What is to be asked where packets are at risk; of several calls about each, if packets of any are."""
    known: set[object] = set()
    for need, site in sites:
        found = None if _safe(answers.untouched, need, site) else question(names, need, site)
        if found is None:
            continue
        if site.calls is None:
            yield found
        elif not _safe(answers.safe, found):
            for one in apart(names[site.node], need, site):
                found = question(names, need, one) if (need, one.key) not in known else None
                known.add((need, one.key))
                if found is not None:
                    yield found


def together(answers: Answers, sites: Sequence[tuple[Need, Site]]) -> list[tuple[Need, Site]]:
    """The first of all sites that differ in nothing but the port, and in this not for policy, with their number."""
    alike = [(id(need), site._replace(port=None, span=None)) for need, site in sites]
    several = {key for key, count in Counter(alike).items() if count > 1}
    found: dict[object, list[tuple[Need, Site]]] = {}
    for place, (one, key) in enumerate(zip(sites, alike, strict=True)):
        told = _told(answers, *one) if key in several else None
        found.setdefault((key, told) if told is not None else place, []).append(one)
    return [(need, site._replace(stands_for=len(group))) for group in found.values() for need, site in group[:1]]


def _told(answers: Answers, need: Need, site: Site) -> object:
    """What policy tells ports apart by; None where other things count, too, or that is not known."""
    if site.port is None or site.calls is not None or need.direction == "either":
        return None
    try:
        return tuple(answers.port(point, site.port) for point in points(need, site))
    except TooLargeError:
        return None


def _sides(family: Family, source: Ranges | None, destination: Ranges | None) -> dict[str, Intervals] | None:
    """The addresses at the ends, where they are told; None if one of them has none of the family."""
    ends = {"source": source, "destination": destination}
    sides = {name: end[PLACE[family]] for name, end in ends.items() if end is not None}
    return None if () in sides.values() else sides


def _safe(ask: Callable[..., bool], *about: object) -> bool:
    try:
        return ask(*about)
    except TooLargeError:
        return False


def _not_by_name(drop: Drop) -> Drop:
    """What is dropped by other rules than those that deny the far end by its address or labels."""
    far = "source" if drop.point.direction == "ingress" else "destination"
    meant = (one.packets for one in drop.partition.parts() if one.outcome == "drop" and _names(one.cause, far))
    return drop._replace(packets=drop.packets - drop.packets.space.union_all(meant))


def _names(cause: Cause, end: str) -> bool:
    """Whether it is a rule that says whom it is about at an end."""
    value = None if cause.policy is None else fields.at(cause.policy.plain, (*cause.path, end))
    return isinstance(value, dict) and any(value.get(key) for key in ("nets", "selector", "namespaceSelector"))
