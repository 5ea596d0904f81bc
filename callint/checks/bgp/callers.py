"""Which nodes BGPPeers may give a session."""

from __future__ import annotations

from functools import lru_cache

from callint.bgp.alike import far_address
from callint.bgp.nodes import Speaker
from callint.objects import Cluster
from callint.selector import parse_or_none
from callint.selector.index import SelectorIndex


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
        self._selecting = SelectorIndex((one, one) for one in selectors)

    def may_call(self, node: Speaker) -> bool:
        """Whether any may give the node a session, also one with nodes that no manifest shows."""
        addresses = {network.address for network in node.networks.values() if network is not None}
        if self._everywhere or node.name in self._named or not self._called.isdisjoint(addresses):
            return True
        labels = node.labels
        return self._any if labels is None else any(one.matches(labels) for one in self._selecting.candidates(labels))


@lru_cache(maxsize=2)
def callers(cluster: Cluster) -> Callers:
    """Those of a cluster, put together once."""
    return Callers(cluster)
