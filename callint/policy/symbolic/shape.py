"""What one rule asks for as few plain sets, to see quickly which rules have nothing to do with each other."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from callint.net import intervals
from callint.net.address import FAMILIES
from callint.net.cover import Product
from callint.net.intervals import Intervals
from callint.net.ports import WITH_PORTS, parse_port, parse_protocol
from callint.objects.policy import Rule
from callint.policy.match import entity_selectors, ip_version
from callint.policy.ranges import EVERYWHERE, Ranges, ranges
from callint.selector import Selector

_PORTS: Intervals = ((0, (1 << 16) - 1),)
_BYTE: Intervals = ((0, 255),)
_PORTED = intervals.from_values(WITH_PORTS)


class Side(NamedTuple):
    """One end: its addresses of IPv4 and IPv6, what selects it besides, and its ports."""

    nets: Ranges
    selector: Selector | None
    ports: Intervals


class Shape(NamedTuple):
    """A rule; where it is not `exact` it asks for more than that, which is left out."""

    protocols: Intervals
    source: Side
    destination: Side
    exact: bool

    def products(self, source: Ranges, destination: Ranges) -> list[Product]:
        """The packets between such addresses as products of intervals, one for each family, the family first."""
        return [
            (((family, family),), to, of, self.protocols, self.destination.ports, self.source.ports)
            for family, of, to in zip(FAMILIES, source, destination, strict=True)
            if of and to
        ]


FREE = Shape(_BYTE, Side(EVERYWHERE, None, _PORTS), Side(EVERYWHERE, None, _PORTS), exact=True)
"""What asks for nothing."""


def shape(rule: Rule, namespace: str | None) -> Shape:
    """The shape of a rule of a policy in a namespace, which must be valid (`callint.policy.match.criteria`)."""
    protocols = _protocols(rule)
    exact = rule.icmp is None and rule.not_icmp is None
    sides = []
    for entity in (rule.source, rule.destination):
        nets = _nets(entity.nets, entity.not_nets) if entity.nets or entity.not_nets else EVERYWHERE
        selector, outside = entity_selectors(entity, namespace)
        ports, numbered = _ports(entity.ports, entity.not_ports) if entity.ports or entity.not_ports else (_PORTS, True)
        exact = exact and numbered and entity.services is None and outside is None
        sides.append(Side(nets, selector, ports))
    source, destination = sides
    if (rule.source.not_ports or rule.destination.not_ports) and not intervals.covers(_PORTED, protocols):
        # what has no ports has none of the excluded ones either
        exact = False
        source, destination = source._replace(ports=_PORTS), destination._replace(ports=_PORTS)
    version = ip_version(rule)
    if version is not None:
        four, six = source.nets
        source = source._replace(nets=(four if version == 4 else (), six if version == 6 else ()))
    return Shape(protocols, source, destination, exact)


def _protocols(rule: Rule) -> Intervals:
    found = _protocol(rule.protocol)
    if rule.not_protocol is not None:
        found = intervals.difference(found, _protocol(rule.not_protocol))
    return intervals.intersection(found, _PORTED) if rule.source.ports or rule.destination.ports else found


@lru_cache(maxsize=256)
def _protocol(text: str | None) -> Intervals:
    return _BYTE if text is None else intervals.from_values((parse_protocol(text, any_case=True),))


@lru_cache(maxsize=1 << 16)
def _nets(nets: tuple[str, ...], not_nets: tuple[str, ...]) -> Ranges:
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


@lru_cache(maxsize=1 << 16)
def _ports(texts: tuple[str, ...], excluded: tuple[str, ...]) -> tuple[Intervals, bool]:
    """The numbers, and whether they are all that is asked for: of names nobody knows the numbers."""
    wanted, unwanted = (tuple(map(parse_port, several)) for several in (texts, excluded))
    numbered = not any(isinstance(port, str) for port in (*wanted, *unwanted))
    some = _PORTS
    if wanted and not any(isinstance(port, str) for port in wanted):
        some = intervals.merge(port for port in wanted if not isinstance(port, str))
    return intervals.difference(some, intervals.merge(port for port in unwanted if not isinstance(port, str))), numbered
