"""The addresses of the Internet: those that may stand in packets between strangers."""

from __future__ import annotations

from callint.net import intervals
from callint.net.address import LAST, parse_cidr
from callint.net.intervals import Intervals

# IANA's registries of special-purpose addresses (RFC 6890), multicast (RFC 5771) and reserved addresses (RFC 1112)
_SPECIAL_V4 = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
)
# Global unicast is 2000::/3 (RFC 4291); of that benchmarks, documentation and ORCHID are nobody's
_GLOBAL_V6 = "2000::/3"
_SPECIAL_V6 = ("2001:2::/48", "2001:10::/28", "2001:20::/28", "2001:db8::/32", "3fff::/20")


def _without(whole: Intervals, special: tuple[str, ...]) -> Intervals:
    return intervals.difference(whole, intervals.from_prefixes(map(parse_cidr, special)))


INTERNET: tuple[Intervals, Intervals] = (
    _without(((0, LAST[4]),), _SPECIAL_V4),
    _without(intervals.from_prefixes((parse_cidr(_GLOBAL_V6),)), _SPECIAL_V6),
)
"""Of IPv4 and of IPv6."""
