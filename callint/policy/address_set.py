"""Sets of addresses of which some are not sure, as rules match them."""

from __future__ import annotations

from callint.net import intervals
from callint.net.address import Family, format_address
from callint.net.ports import SCTP, TCP, UDP
from callint.objects import Cluster
from callint.policy.doubt import Doubts
from callint.policy.ranges import EVERYWHERE, NO_RANGES, PLACE, Ranges, ranges, union
from callint.record import NamedTuple

PORT_PROTOCOLS = {"tcp": TCP, "udp": UDP, "sctp": SCTP}
"""Those of ports that endpoints declare."""


class AddressSet(NamedTuple):
    """Addresses that surely belong, others that may, and what one would have to know to tell, for some or for all."""

    sure: Ranges
    maybe: Ranges
    missing: str = ""
    reasons: tuple[tuple[Ranges, str], ...] = ()

    def holds(self, family: Family, address: int, doubts: Doubts) -> bool:
        """Whether the address belongs."""
        index = PLACE[family]
        if intervals.contains(self.sure[index], address):
            return True
        if not self.maybe[index] or not intervals.contains(self.maybe[index], address):
            return False
        missing = (text for where, text in self.reasons if intervals.contains(where[index], address))
        return doubts.ask(f"whether {format_address(family, address)} is meant: {next(missing, self.missing)}")


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


class Services:
    """The endpoints of services, which EndpointSlices tell."""

    def __init__(self, cluster: Cluster) -> None:
        """Gather them."""
        slices: dict[tuple[str, str], list[tuple[Ranges, tuple[tuple[str, int], ...]]]] = {}
        for one in cluster.endpoint_slices:
            slices.setdefault((one.namespace, one.service), []).append((ranges(one.addresses), one.ports))
        self._found = {key: _service(found) for key, found in slices.items()}
        self._known = bool(slices) or "EndpointSlice" in cluster.intent.complete

    def of(self, namespace: str | None, name: str) -> Service:
        """Those of one; without any EndpointSlice in the manifests nobody knows them.

        A reference without namespace finds none, whatever the API's text promises (serviceindex.go serviceName).
        """
        found = self._found.get((namespace or "", name))
        if found is None:
            anybody = NO_RANGES if self._known or not namespace else EVERYWHERE
            found = Service(AddressSet(NO_RANGES, anybody, f'the endpoints of the service "{namespace}/{name}"'), {})
        return found


def _service(slices: list[tuple[Ranges, tuple[tuple[str, int], ...]]]) -> Service:
    ports: dict[tuple[int, int], list[Ranges]] = {}
    for found, services in slices:
        for protocol, port in services:
            ports.setdefault((PORT_PROTOCOLS.get(protocol, 0), port), []).append(found)
    return Service(
        AddressSet(union([found for found, _ in slices]), NO_RANGES, ""),
        {key: AddressSet(union(found), NO_RANGES, "") for key, found in ports.items()},
    )
