"""What one rule asks for as few plain sets, to see quickly which rules have nothing to do with each other."""

from __future__ import annotations

from functools import lru_cache

from callint.net import intervals
from callint.net.address import FAMILIES
from callint.net.cover import Product
from callint.net.intervals import Intervals
from callint.net.ports import WITH_PORTS, parse_port, parse_protocol
from callint.net.read import prefixes
from callint.objects.policy import Entity, Rule
from callint.policy.match import entity_selectors, ip_version
from callint.policy.ranges import EVERYWHERE, Ranges, ranges
from callint.selector import Selector

_PORTS: Intervals = ((0, (1 << 16) - 1),)
_ANY_PORT = (_PORTS, True)
_BYTE: Intervals = ((0, 255),)
_PORTED = intervals.from_values(WITH_PORTS)
_FEW = 16


class Side:
    """One end: its addresses and what selects it besides, read when somebody asks."""

    __slots__ = ("_entity", "_namespace", "_nets", "_selectors", "_version")

    def __init__(self, entity: Entity, version: int | None, namespace: str | None) -> None:
        """An end of a rule of a policy in a namespace, of one IP version or of both."""
        self._entity = entity
        self._version = version
        self._namespace = namespace
        self._nets: Ranges | None = None
        self._selectors: tuple[Selector | None, Selector | None] | None = None

    @property
    def selector(self) -> Selector | None:
        """What it must be selected by."""
        if self._selectors is None:
            self._selectors = entity_selectors(self._entity, self._namespace)
        return self._selectors[0]

    @property
    def nets(self) -> Ranges:
        """The addresses of IPv4 and IPv6."""
        if self._nets is None:
            four, six = _nets(self._entity)
            self._nets = (() if self._version == 6 else four, () if self._version == 4 else six)
        return self._nets

    def addresses(self, index: int) -> Intervals:
        """Those of IPv4 (0) or of IPv6 (1); that networks of IPv4 have none of IPv6 is seen without reading them."""
        if index and self._nets is None and _only_four(self._entity.nets):
            return ()
        return self.nets[index]


class Shape:
    """A rule; where it is not `exact` it asks for more than that, which is left out.

    Most rules are told apart by protocols and ports, so that addresses and selectors are read when somebody asks.
    """

    __slots__ = ("_namespace", "_rule", "_sides", "destination_ports", "exact", "protocols", "source_ports")

    def __init__(self, rule: Rule, namespace: str | None) -> None:
        """The shape of a rule of a policy in a namespace, which must be valid (`callint.policy.match.criteria`)."""
        source, destination = rule.source, rule.destination
        self._rule = rule
        self._namespace = namespace
        self._sides: tuple[Side, Side] | None = None
        self.protocols = _protocols(rule.protocol, rule.not_protocol, bool(source.ports or destination.ports))
        self.source_ports, low = _ports(source) if source.ports or source.not_ports else _ANY_PORT
        self.destination_ports, high = _ports(destination) if destination.ports or destination.not_ports else _ANY_PORT
        self.exact = (
            low
            and high
            and rule.icmp is None
            and rule.not_icmp is None
            and source.services is None
            and destination.services is None
            and (source.not_selector is None or not self._excludes(source))
            and (destination.not_selector is None or not self._excludes(destination))
        )
        if (source.not_ports or destination.not_ports) and not intervals.covers(_PORTED, self.protocols):
            # what has no ports has none of the excluded ones either
            self.exact = False
            self.source_ports = self.destination_ports = _PORTS

    @property
    def source(self) -> Side:
        """Who sends."""
        return self._both()[0]

    @property
    def destination(self) -> Side:
        """To whom."""
        return self._both()[1]

    def addresses(self, index: int) -> tuple[Intervals, Intervals]:
        """Those of IPv4 (0) or of IPv6 (1), source and destination."""
        source, destination = self._both()
        return source.addresses(index), destination.addresses(index)

    @property
    def size(self) -> int:
        """How much longer it takes to compare it than a rule of a few networks and ports."""
        sides = (nets for side in self._both() for nets in side.nets)
        return 1 + sum(map(len, (*sides, self.source_ports, self.destination_ports))) // _FEW

    @property
    def asked(self) -> object:
        """All that it asks for, equal for equal shapes."""
        sides = ((side.nets, side.selector) for side in self._both())
        return self.exact, self.protocols, self.source_ports, self.destination_ports, *sides

    def products(self, source: Ranges, destination: Ranges) -> list[Product]:
        """The packets between such addresses as products of intervals, one for each family, the family first."""
        return [
            (((family, family),), to, of, self.protocols, self.destination_ports, self.source_ports)
            for family, of, to in zip(FAMILIES, source, destination, strict=True)
            if of and to
        ]

    def _excludes(self, entity: Entity) -> bool:
        """Whether an end must not be selected by something, which is not left to what it must be selected by."""
        return entity_selectors(entity, self._namespace)[1] is not None

    def _both(self) -> tuple[Side, Side]:
        if self._sides is None:
            rule, namespace = self._rule, self._namespace
            self._sides = Side(rule.source, ip_version(rule), namespace), Side(rule.destination, None, namespace)
        return self._sides


@lru_cache(maxsize=1 << 10)
def _protocols(wanted: str | None, unwanted: str | None, ported: bool) -> Intervals:
    found = _BYTE if wanted is None else _protocol(wanted)
    if unwanted is not None:
        found = intervals.difference(found, _protocol(unwanted))
    return intervals.intersection(found, _PORTED) if ported else found


def _protocol(text: str) -> Intervals:
    return intervals.from_values((parse_protocol(text),))


def _nets(entity: Entity) -> Ranges:
    return _left(entity.nets, entity.not_nets) if entity.nets or entity.not_nets else EVERYWHERE


def _only_four(texts: tuple[str, ...]) -> bool:
    """Whether all networks that can be read are of IPv4, and there is one."""
    return not any(":" in text for text in texts) and next(prefixes(texts), None) is not None


@lru_cache(maxsize=1 << 16)
def _left(nets: tuple[str, ...], not_nets: tuple[str, ...]) -> Ranges:
    """The addresses; none of a family for which Felix renders no rule (`callint.policy.match`)."""
    wanted, unwanted = ranges(nets), ranges(not_nets)
    confined, excluding = any(wanted), any(unwanted)

    def left(index: int) -> Intervals:
        rendered = (wanted[index] or not confined) and (unwanted[index] or not excluding)
        everywhere = EVERYWHERE[index]
        if not rendered or unwanted[index] == everywhere:
            return ()
        return intervals.difference(wanted[index] if confined else everywhere, unwanted[index])

    return left(0), left(1)


def _ports(entity: Entity) -> tuple[Intervals, bool]:
    """The numbers, and whether they are all that is asked for: a port that is asked for by name may be any."""
    found, numbered = _numbers(entity.ports) if entity.ports else _ANY_PORT
    if not entity.not_ports:
        return (found if numbered else _PORTS), numbered
    beyond, all_numbered = _numbers(entity.not_ports)
    return intervals.difference(found if numbered else _PORTS, beyond), numbered and all_numbered


@lru_cache(maxsize=64)
def _numbers(texts: tuple[str, ...]) -> tuple[Intervals, bool]:
    """Those among some ports that are numbers, and whether all of them are."""
    numbers = [port for port in map(parse_port, texts) if not isinstance(port, str)]
    return intervals.merge(numbers), len(numbers) == len(texts)


FREE = Shape(Rule((), "", None, None, None, None, None, Entity(()), Entity(()), http=False), None)
"""What asks for nothing."""
