"""The BGPPeers that lead out of the cluster, whatever variables are left in its manifests."""

from __future__ import annotations

from collections.abc import Iterator

from callint.bgp.network import network
from callint.bgp.session import LIVE, Session
from callint.checks.bgp.unsettled import unsettled
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer
from callint.record import NamedTuple
from callint.steps import Steps


class Outward(NamedTuple):
    """A BGPPeer whose far end is no node that anybody describes, and one of its sessions that may come up."""

    peer: BGPPeer
    session: Session


def outward(cluster: Cluster) -> Iterator[Outward]:
    """The peers that leave the cluster; internal ones may be nodes, and are left out where these are not listed.

    Sessions count of which no variable decides; raises TooManyStepsError.
    """
    model, left = network(cluster), unsettled(cluster)
    steps = Steps(cluster, "BGP sessions with BGPPeers that hold variables")
    seen: set[str] = set()
    for peering in model.peerings:
        form = peering.form
        if form.peer is None or peering.there is not None or form.kind == "workload":
            continue
        if form.peer.resource.name in seen or peering.state not in LIVE:
            continue
        if (form.peer_type == "eBGP" or model.listed) and not left.concerns(peering, steps):
            seen.add(form.peer.resource.name)
            yield Outward(form.peer, peering.first)
