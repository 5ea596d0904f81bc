"""IP pools over addresses of the Internet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach
from callint.finding import witness
from callint.net import intervals
from callint.net.internet import INTERNET
from callint.objects import Cluster


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Pools that hold public IPv4 addresses and masquerade, which whoever owns the addresses has no need of.

    Not IPv6, where public addresses are what pods usually have.
    """
    for pool in cluster.pools:
        if not (pool.nat_outgoing and pool.for_pods and pool.legible):
            continue
        net = pool.net
        public = intervals.intersection(((net.first, net.last),), INTERNET[0]) if net and net.family == 4 else ()
        if public:
            first = next(iter(intervals.to_prefixes(public, 4))).address
            yield Breach.at(
                pool.resource,
                pool.path("cidr"),
                f'IPPool "{pool.name}" gives pods addresses of the Internet out of "{pool.cidr}" and masquerades them, '
                "but not towards the same addresses: the hosts that really have them never answer a pod",
                (),
                witness("address", address=str(first), pool=pool.cidr),
                "take a private network, such as one in 10.0.0.0/8; for addresses of your own switch natOutgoing off",
            )
