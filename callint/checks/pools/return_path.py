"""Whether anybody outside knows the way back to pods that are not masqueraded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.bgp.read import network
from callint.checks.bgp.backend import connects_pods
from callint.checks.breach import Breach
from callint.finding import witness
from callint.net import intervals
from callint.net.internet import INTERNET
from callint.objects import Cluster
from callint.objects.pool import IPPool


def check(cluster: Cluster, _: Mapping[str, Any]) -> Iterator[Breach]:
    """Pools of private addresses that are neither masqueraded nor announced to anybody, of which one word is said.

    Where nothing is said of BGP, peers may be in another place; routes that somebody wrote by hand on a router outside
    are not known.
    """
    about_peers = cluster.installations or cluster.of("BGPConfiguration") or "BGPPeer" in cluster.intent.complete
    if any(peer.peer_ip for peer in cluster.bgp_peers) or not about_peers or not connects_pods(cluster):
        return
    pools = [pool for pool in cluster.pools if _private(pool)]
    if not pools:
        return
    first, *more = pools
    others = f" and those of {len(more)} more" if more else ""
    said = "is off" if "natOutgoing" in first.plain else "is left out, which switches it off"
    yield Breach(
        f'pods of IPPool "{first.name}"{others} keep their private addresses on the way out, for `natOutgoing` {said}, '
        "and no BGPPeer tells anybody outside where they are",
        first.span("natOutgoing" if "natOutgoing" in first.plain else "cidr"),
        first.resource.ref,
        first.path("natOutgoing" if "natOutgoing" in first.plain else "cidr"),
        (),
        witness("packet", source=str(first.cidr), destination="any", verdict="accept", decided_by="not masqueraded"),
        "`natOutgoing: true`, or a BGPPeer to the router; a static route there does as well",
    )


def _private(pool: IPPool) -> bool:
    """Whether pods get addresses from it that nobody answers who is not told: of IPv4, and none of the Internet."""
    given = not pool.disabled and "Workload" in pool.allowed_uses and pool.node_selector.replace(" ", "") != "!all()"
    if not given or pool.nat_outgoing or pool.unreadable or not pool.resource.document.complete:
        return False
    net = network(pool.cidr, 4)
    return net is not None and not intervals.intersection(((net.first, net.last),), INTERNET[0])
