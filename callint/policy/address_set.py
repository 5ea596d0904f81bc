"""Sets of addresses of which some are not sure, as rules match them."""

from __future__ import annotations

from callint.net import intervals
from callint.net.address import Family, format_address
from callint.policy.doubt import Doubts
from callint.policy.ranges import PLACE, Ranges
from callint.record import NamedTuple


class AddressSet(NamedTuple):
    """Addresses that surely belong, others that may, and what one would have to know to tell."""

    sure: Ranges
    maybe: Ranges
    missing: str

    def holds(self, family: Family, address: int, doubts: Doubts) -> bool:
        """Whether the address belongs."""
        index = PLACE[family]
        if intervals.contains(self.sure[index], address):
            return True
        if not self.maybe[index] or not intervals.contains(self.maybe[index], address):
            return False
        return doubts.ask(f"whether {format_address(family, address)} is meant: {self.missing}")


class NamedPort(NamedTuple):
    """A named port as rules match it: for each (protocol, port) the endpoints that declare it so."""

    declared: dict[tuple[int, int], AddressSet]
    pods: AddressSet

    def holds(self, family: Family, address: int, service: tuple[int, int], doubts: Doubts) -> bool:
        """Whether the endpoint at the address declares this (protocol, port) by the name."""
        found = self.declared.get(service)
        if found is not None and found.holds(family, address, doubts):
            return True
        return self.pods.holds(family, address, doubts)


class Service(NamedTuple):
    """The endpoints of a service: addresses alone, and by (protocol, port)."""

    addresses: AddressSet
    ports: dict[tuple[int, int], AddressSet]
