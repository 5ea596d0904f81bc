"""What one rule demands, as a set of packets: those that surely meet it, and those that may."""

from __future__ import annotations

from collections.abc import Iterator

from callint.net import intervals
from callint.net.address import LAST
from callint.net.intervals import Intervals
from callint.net.packets import PacketSet, PacketSpace
from callint.net.ports import ICMP, ICMPV6, WITH_PORTS
from callint.objects.policy import Icmp
from callint.policy.address_set import AddressSet
from callint.policy.match import Criteria, PortSet, Side
from callint.policy.ranges import NO_RANGES, PLACE
from callint.record import NamedTuple

_BYTE = ((0, 255),)
_LAST_PORT = 65535


class Between(NamedTuple):
    """Packets that surely belong and packets that may, the first among the second; equal where nothing is in doubt."""

    surely: PacketSet
    possibly: PacketSet


def rule_sets(space: PacketSpace, demand: Criteria | None) -> Between:
    """The packets that meet what is demanded; no demand is a rule that is not rendered for the IP version."""
    if demand is None:
        return Between(space.nothing, space.nothing)
    possibly = _Reading(space, demand, surely=False).packets()
    doubtful = any(map(_doubtful, (demand.source, demand.destination)))
    return Between(_Reading(space, demand, surely=True).packets() if doubtful else possibly, possibly)


def _doubtful(side: Side) -> bool:
    sets = [one for one in (side.inside, side.outside) if one is not None]
    if side.service is not None:
        sets += [side.service.addresses, *side.service.ports.values()]
    for ports in (side.ports, side.not_ports):
        for named in ports.named if ports else ():
            sets += [named.pods, *named.declared.values()]
    return any(one.maybe != NO_RANGES for one in sets)


class _Reading:
    """A demand read in one of two ways: as little as it surely holds, or as much as it may."""

    def __init__(self, space: PacketSpace, demand: Criteria, *, surely: bool) -> None:
        self.space = space
        self.demand = demand
        self.surely = surely
        self.index = PLACE[space.family]
        self.everyone: Intervals = ((0, LAST[space.family]),)
        self.icmp = ((ICMP, ICMP) if space.family == 4 else (ICMPV6, ICMPV6),)

    def packets(self) -> PacketSet:
        """Everything that meets the demand."""
        demand = self.demand
        sides: dict[str, Intervals | None] = {
            "source": self._addresses(demand.source),
            "destination": self._addresses(demand.destination),
            "protocol": self._protocols(),
            "source_port": _numbers(demand.source.ports),
            "destination_port": _numbers(demand.destination.ports),
            **self._icmp_sides(demand.icmp),
        }
        if () in sides.values():
            return self.space.nothing
        found = self.space.box(**sides)
        for name, side in (("source", demand.source), ("destination", demand.destination)):
            if side.ports is not None and side.ports.named:
                found &= self._ports(name, side.ports, surely=self.surely)
            if side.not_ports is not None:
                found -= self._ports(name, side.not_ports, surely=not self.surely)
            if side.service is not None and side.service_ports and side.service.addresses.maybe == NO_RANGES:
                found &= self._service(name, side.service.ports)
        if demand.not_icmp is not None:
            found -= self.space.box(**{"protocol": self.icmp, **self._icmp_sides(demand.not_icmp)})
        return found

    def _icmp_sides(self, icmp: Icmp | None) -> dict[str, Intervals]:
        if icmp is None or icmp.type is None:
            return {}
        found = {"icmp_type": _clipped(icmp.type)}
        return found if icmp.code is None else {**found, "icmp_code": _clipped(icmp.code)}

    def _protocols(self) -> Intervals | None:
        demand = self.demand
        found: Intervals = _BYTE if demand.protocol is None else ((demand.protocol, demand.protocol),)
        if demand.not_protocol is not None:
            found = intervals.difference(found, ((demand.not_protocol, demand.not_protocol),))
        if demand.icmp is not None:
            found = intervals.intersection(found, self.icmp)
        return None if found == _BYTE else found

    def _addresses(self, side: Side) -> Intervals | None:
        found = self.everyone if side.nets is None else side.nets
        if side.inside is not None:
            found = intervals.intersection(found, self._members(side.inside, surely=self.surely))
        if side.service is not None and (not side.service_ports or side.service.addresses.maybe != NO_RANGES):
            found = intervals.intersection(found, self._members(side.service.addresses, surely=self.surely))
        if side.outside is not None:
            found = intervals.difference(found, self._members(side.outside, surely=not self.surely))
        found = intervals.difference(found, side.not_nets)
        return None if found == self.everyone else found

    def _members(self, about: AddressSet, *, surely: bool) -> Intervals:
        sure = about.sure[self.index]
        return sure if surely else intervals.union(sure, about.maybe[self.index])

    def _ports(self, side: str, ports: PortSet, *, surely: bool) -> PacketSet:
        """The packets whose port on this side is among them."""
        return self.space.union_all(self._port_boxes(side, ports, surely=surely))

    def _port_boxes(self, side: str, ports: PortSet, *, surely: bool) -> Iterator[PacketSet]:
        field = f"{side}_port"
        if ports.numbers:
            yield self.space.box(**{field: ports.numbers})
        for named in ports.named:
            for (protocol, port), about in named.declared.items():
                members = self._members(about, surely=surely)
                if members and 0 <= port <= _LAST_PORT:
                    yield self.space.box(**{side: members, "protocol": only(protocol), field: only(port)})
            pods = self._members(named.pods, surely=surely)
            if pods:
                yield self.space.box(**{side: pods, "protocol": intervals.from_values(WITH_PORTS)})

    def _service(self, side: str, ports: dict[tuple[int, int], AddressSet]) -> PacketSet:
        return self.space.union_all(
            self.space.box(
                **{
                    side: self._members(about, surely=self.surely),
                    "protocol": only(protocol),
                    f"{side}_port": only(port),
                }
            )
            for (protocol, port), about in ports.items()
            if protocol in WITH_PORTS and 0 <= port <= _LAST_PORT
        )


def only(value: int) -> Intervals:
    """The set of one number."""
    return ((value, value),)


def _numbers(ports: PortSet | None) -> Intervals | None:
    """The ports that alone decide; named ones need addresses beside them."""
    return None if ports is None or ports.named else ports.numbers


def _clipped(value: int) -> Intervals:
    return ((value, value),) if 0 <= value <= _BYTE[0][1] else ()
