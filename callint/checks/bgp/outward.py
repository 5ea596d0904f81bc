"""The sessions that lead out of the cluster, of which no variable decides that is left in its manifests."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from callint.bgp.alike import Alike
from callint.bgp.network import Network, network
from callint.bgp.nodes import Speaker
from callint.bgp.session import LIVE, Session
from callint.checks.bgp.unsettled import unsettled
from callint.net.address import Family
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer
from callint.record import NamedTuple
from callint.steps import Steps

_OF_PEERING = 20


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
        if form.peer is None or not model.leads_out(peering):
            continue
        if form.peer.resource.name in seen or peering.state not in LIVE:
            continue
        if (form.peer_type == "eBGP" or model.listed) and not left.concerns(peering, steps):
            seen.add(form.peer.resource.name)
            yield Outward(form.peer, peering.first)


class Meeting(NamedTuple):
    """A peer outside of the AS, sessions of several nodes with it, and those of them that learn from others."""

    peer: BGPPeer
    session: Session
    nodes: tuple[str, ...]

    @property
    def family(self) -> Family:
        return self.session.family


@lru_cache(maxsize=8)
def meetings(cluster: Cluster, *, learning: bool = True) -> tuple[Meeting, ...]:
    """Only of nodes that are described: nobody knows whether there is more than one of the others.

    With `learning` only of those that learn the routes of others and pass them on as their own: a next hop that is kept
    leads to the node itself.
    """
    model = network(cluster)
    steps = Steps(cluster, "routes that nodes pass on")
    learns: dict[tuple[Alike, Family], bool] = {}
    found: dict[tuple[str, Family], tuple[BGPPeer, Session, list[Speaker]]] = {}
    for peering in model.peerings:
        form = peering.form
        outside = form.peer_type == "eBGP" and model.leads_out(peering)
        if form.peer is None or not outside or peering.state not in LIVE or (learning and form.next_hop == "keep"):
            continue
        if unsettled(cluster).exports(peering, steps):
            continue
        here = [one for one in peering.here.members if one.described]
        steps.spend(_OF_PEERING + len(here))
        if not here:
            continue
        key = (peering.here, peering.family)
        if learning and key not in learns:
            learns[key] = _learns(model, here[0], peering.family, steps)
        if not learning or learns[key]:
            named = (form.peer.resource.name, peering.family)
            _, _, nodes = found.setdefault(named, (form.peer, peering.session(here[0], None), []))
            nodes.extend(here)
    made = (
        Meeting(peer, one, tuple(dict.fromkeys(each.name for each in nodes))) for peer, one, nodes in found.values()
    )
    return tuple(meeting for meeting in made if len(meeting.nodes) > 1)


@lru_cache(maxsize=8)
def rely_on_others(model: Network, family: Family) -> bool:
    """Whether nodes have no session with a router of another AS, so that others are to pass on what they have."""
    live = (one for one in model.peerings if one.family == family and one.state in LIVE)
    outward = {one.here for one in live if one.there is None and one.form.peer_type == "eBGP"}
    speaking = (one for one in model.nodes.all if one.first.described and one.first.speaks(family) is not False)
    return not outward.issuperset(speaking)


def _learns(model: Network, local: Speaker, family: Family, steps: Steps) -> bool:
    """Whether a node has live sessions with others of its AS, whose routes it passes on to peers of other ASes."""
    meshed = len(model.meshes[family].all) if model.in_mesh(local, family) else 0
    steps.spend(_OF_PEERING * meshed + len(model.peerings_of(local, family)))
    inside = (one for one in model.kinds_of(local, family) if one.there is not None and one.form.peer_type == "iBGP")
    return any(one.state in LIVE and not unsettled(model.cluster).concerns(one, steps) for one in inside)
