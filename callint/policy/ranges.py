"""Addresses of both IP versions as one value."""

from __future__ import annotations

from collections.abc import Iterable

from callint.net import intervals
from callint.net.address import LAST, Address, Family, Prefix
from callint.net.intervals import Interval, Intervals
from callint.net.read import prefixes

Ranges = tuple[Intervals, Intervals]
"""Addresses of IPv4 and of IPv6."""

PLACE: dict[Family, int] = {4: 0, 6: 1}
"""Which of both are those of a family."""
NO_RANGES: Ranges = ((), ())
EVERYWHERE: Ranges = (((0, LAST[4]),), ((0, LAST[6]),))


def ranges(texts: Iterable[str]) -> Ranges:
    """The addresses of some networks or single addresses; what cannot be read is left out, as Calico does."""
    found: dict[int, list[Prefix]] = {4: [], 6: []}
    for prefix in prefixes(texts):
        found[prefix.family].append(prefix)
    return intervals.from_prefixes(found[4]), intervals.from_prefixes(found[6])


def singles(addresses: Iterable[Address]) -> Ranges:
    """Single addresses, which are no texts any more."""
    found: dict[int, list[Interval]] = {4: [], 6: []}
    for one in addresses:
        found[one.family].append((one.value, one.value))
    return intervals.merge(found[4]), intervals.merge(found[6])


def union(several: Iterable[Ranges]) -> Ranges:
    """What is in any of them; the one that there is, if there is but one."""
    found = list(several)
    if len(found) == 1:
        return found[0]
    return (
        intervals.merge(pair for each in found for pair in each[0]),
        intervals.merge(pair for each in found for pair in each[1]),
    )


def without(found: Ranges, other: Ranges) -> Ranges:
    """What is in the first alone."""
    return intervals.difference(found[0], other[0]), intervals.difference(found[1], other[1])


def intersection(found: Ranges, other: Ranges) -> Ranges:
    """What is in both."""
    return intervals.intersection(found[0], other[0]), intervals.intersection(found[1], other[1])


# "this network", loopback, link-local, multicast and reserved addresses (RFC 6890, RFC 5771, RFC 4291)
_NO_ENDPOINT = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/127", "fe80::/10", "ff00::/8")
UNICAST: Ranges = without(EVERYWHERE, ranges(_NO_ENDPOINT))
"""The addresses that an endpoint of the network may have."""
