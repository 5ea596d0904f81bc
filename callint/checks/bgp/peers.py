"""What the checks of BGP ask about BGPPeers: the nodes and addresses that they name, sessions, families and filters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice

from callint.bgp.alike import far_address, far_end
from callint.bgp.filtering import filtering, filters_of
from callint.bgp.network import Network, network
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.peering import Peering
from callint.bgp.rules import Direction, Rule
from callint.bgp.session import Session
from callint.bgp.workloads import OF_SELECTOR
from callint.finding import Related
from callint.net.address import Address, Family
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer
from callint.selector import parse_or_none
from callint.selector.index import SelectorIndex
from callint.steps import Steps, counted

FAR_ENDS = ("peerIP", "peerSelector", "localWorkloadSelector")
"""The fields of a BGPPeer of which one names its far ends."""


def far_ends(cluster: Cluster) -> Iterator[tuple[BGPPeer, Address, int | None]]:
    """The addresses that BGPPeers name, with the port if there is one."""
    for peer in cluster.bgp_peers:
        end = far_end(peer.peer_ip)
        if end is not None and peer.peer_selector is None and peer.local_workload_selector is None:
            yield peer, *end


def families(cluster: Cluster, peer: BGPPeer) -> tuple[Family, ...]:
    """The families of a peer's sessions; that of its address where it has no session."""
    found = {peering.family for peering in peerings(cluster, peer)}
    address = far_address(peer.peer_ip) if not found else None
    if address is not None:
        found.add(address.family)
    return tuple(sorted(found))


def peerings(cluster: Cluster, peer: BGPPeer) -> Sequence[Peering]:
    """The sessions that a peer makes, in its own and the reverse direction, those that are alike together."""
    return _by_peer(network(cluster)).get(peer.resource.name, ())


@lru_cache(maxsize=8)
def _by_peer(model: Network) -> Mapping[str, list[Peering]]:
    found: dict[str, list[Peering]] = {}
    for peering in model.peerings:
        if peering.form.peer is not None:
            found.setdefault(peering.form.peer.resource.name, []).append(peering)
    return found


def rules_of(cluster: Cluster, peer: BGPPeer, direction: Direction, family: Family) -> tuple[Rule, ...] | None:
    """The rules of all filters of a peer in order; None where one is missing or a rule cannot be read or is refused."""
    names = filters_of(peer)
    if any(name not in cluster.bgp_filters for name in names) or peer.resource.unreadable("spec", "filters"):
        return None
    known = filtering(cluster)
    return None if known.broken(names, direction, family) else known.rules(names, direction, family)


def at(session: Session) -> str | None:
    """The node of a session for a witness; None where it stands for every node."""
    return session.local.name if session.local.name != ANY else None


def used_by(peers: Iterable[BGPPeer], filter_name: str) -> tuple[Related, ...]:
    """Where up to three peers name a filter."""
    found = (
        Related(peer.resource.span("spec", "filters", index), f'BGPPeer "{peer.resource.name}" uses it')
        for peer in peers
        for index, name in peer.filters
        if name == filter_name
    )
    return tuple(islice(found, 3))


class Callers:
    """The BGPPeers of a cluster, to be asked about one node after the other."""

    def __init__(self, cluster: Cluster) -> None:
        """Put their selectors where labels find them; one that cannot be read selects nobody."""
        peers = cluster.bgp_peers
        self._named = {peer.node for peer in peers}
        self._called = {far_address(peer.peer_ip) for peer in peers}
        near = [peer.node_selector for peer in peers if peer.node is None]
        self._everywhere = None in near
        texts = dict.fromkeys((*near, *(peer.peer_selector for peer in peers)))
        selectors = [found for text in texts if (found := parse_or_none(text)) is not None]
        self._any = bool(selectors)
        self._steps = Steps(cluster, "selectors of BGPPeers with labels of nodes")
        self._selecting = SelectorIndex((one, one) for one in selectors)

    def may_call(self, node: Speaker) -> bool:
        """Whether any may give the node a session, also one with nodes that no manifest shows.

        Raises TooManyStepsError.
        """
        addresses = {network.address for network in node.networks.values() if network is not None}
        if self._everywhere or node.name in self._named or not self._called.isdisjoint(addresses):
            return True
        labels = node.labels
        if labels is None:
            return self._any
        candidates = self._selecting.candidates(labels)
        return any(one.matches(labels) for one in counted(candidates, self._steps, OF_SELECTOR))


@lru_cache(maxsize=2)
def callers(cluster: Cluster) -> Callers:
    """Those of a cluster, put together once."""
    return Callers(cluster)
