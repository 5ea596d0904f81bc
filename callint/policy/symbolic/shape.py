"""What one rule asks for as few plain sets, to see quickly which rules have nothing to do with each other."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from callint.net import intervals
from callint.net.address import FAMILIES
from callint.net.cover import Product
from callint.net.intervals import Intervals
from callint.net.ports import WITH_PORTS, parse_port, parse_protocol
from callint.objects.policy import Entity, Rule
from callint.policy.match import entity_selectors, ip_version
from callint.policy.ranges import EVERYWHERE, Ranges, ranges
from callint.selector import Selector

_PORTS: Intervals = ((0, (1 << 16) - 1),)
_BYTE: Intervals = ((0, 255),)
_PORTED = intervals.from_values(WITH_PORTS)


class Side(NamedTuple):
    """One end: its addresses of IPv4 and IPv6, and what selects it besides."""

    nets: Ranges
    selector: Selector | None


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
        self.source_ports, low = _ports(source.ports, source.not_ports)
        self.destination_ports, high = _ports(destination.ports, destination.not_ports)
        self.exact = (
            low
            and high
            and rule.icmp is None
            and rule.not_icmp is None
            and source.services is None
            and destination.services is None
            and not self._excludes(source)
            and not self._excludes(destination)
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

    @property
    def asked(self) -> object:
        """All that it asks for, equal for equal shapes."""
        return self.exact, self.protocols, self.source_ports, self.destination_ports, *self._both()

    def products(self, source: Ranges, destination: Ranges) -> list[Product]:
        """The packets between such addresses as products of intervals, one for each family, the family first."""
        return [
            (((family, family),), to, of, self.protocols, self.destination_ports, self.source_ports)
            for family, of, to in zip(FAMILIES, source, destination, strict=True)
            if of and to
        ]

    def _excludes(self, entity: Entity) -> bool:
        """Whether an end must not be selected by something, which is not left to what it must be selected by."""
        return entity.not_selector is not None and entity_selectors(entity, self._namespace)[1] is not None

    def _both(self) -> tuple[Side, Side]:
        if self._sides is None:
            rule, namespace = self._rule, self._namespace
            source = _nets(rule.source)
            version = ip_version(rule)
            if version is not None:
                source = (source[0] if version == 4 else (), source[1] if version == 6 else ())
            self._sides = (
                Side(source, entity_selectors(rule.source, namespace)[0]),
                Side(_nets(rule.destination), entity_selectors(rule.destination, namespace)[0]),
            )
        return self._sides


@lru_cache(maxsize=1 << 10)
def _protocols(wanted: str | None, unwanted: str | None, ported: bool) -> Intervals:
    found = _BYTE if wanted is None else _protocol(wanted)
    if unwanted is not None:
        found = intervals.difference(found, _protocol(unwanted))
    return intervals.intersection(found, _PORTED) if ported else found


def _protocol(text: str) -> Intervals:
    return intervals.from_values((parse_protocol(text, any_case=True),))


def _nets(entity: Entity) -> Ranges:
    return _left(entity.nets, entity.not_nets) if entity.nets or entity.not_nets else EVERYWHERE


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


def _ports(texts: tuple[str, ...], excluded: tuple[str, ...]) -> tuple[Intervals, bool]:
    """The numbers, and whether they are all that is asked for: a port that is asked for by name may be any."""
    found, numbered = _numbers(texts) if texts else (_PORTS, True)
    if not excluded:
        return (found if numbered else _PORTS), numbered
    beyond, all_numbered = _numbers(excluded)
    return intervals.difference(found if numbered else _PORTS, beyond), numbered and all_numbered


def _numbers(texts: tuple[str, ...]) -> tuple[Intervals, bool]:
    """Those among some ports that are numbers, and whether all of them are."""
    numbers = [port for port in map(parse_port, texts) if not isinstance(port, str)]
    return intervals.merge(numbers), len(numbers) == len(texts)


FREE = Shape(Rule((), "", None, None, None, None, None, Entity(()), Entity(()), http=False), None)
"""What asks for nothing."""
