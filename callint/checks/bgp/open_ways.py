"""Ways for routes that there may be once the variables in BGPPeers are filled in."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from callint.bgp.alike import Alike
from callint.bgp.network import network
from callint.checks.bgp.unsettled import OpenPeer, unsettled
from callint.objects import Cluster
from callint.steps import Steps


class OpenWays:
    """Between which nodes there may be one more session, and which nodes may have one with a router outside."""

    def __init__(self, cluster: Cluster) -> None:
        """Raises TooManyStepsError."""
        steps = Steps(cluster, "nodes with BGPPeers that hold variables")
        every = network(cluster).nodes.all
        self.between: dict[Alike, set[Alike]] = {}
        self.outward: set[Alike] = set()
        for peer in unsettled(cluster).peers:
            self._add(peer, every, steps)

    def __contains__(self, node: Alike) -> bool:
        """Whether a node may have one more session."""
        return node in self.between or node in self.outward

    def _add(self, peer: OpenPeer, every: Collection[Alike], steps: Steps) -> None:
        steps.spend(len(every))
        near = [one for one in every if peer.is_near(one, steps)]
        far = [one for one in every if peer.is_far(one, steps)]
        if not near and peer.peer.node is not None:
            near = far  # for routes go from one to the other over the node of that name, which no manifest holds
        # That a router outside agrees is taken for granted.
        if not far and not peer.starting:
            return
        steps.spend(len(near) * len(far))
        self.outward.update(near)
        for here in near if far else ():
            self.between.setdefault(here, set()).update(far)
        for there in far if near else ():
            self.between.setdefault(there, set()).update(near)


@lru_cache(maxsize=2)
def open_ways(cluster: Cluster) -> OpenWays:
    """Those of a cluster, put together once; raises TooManyStepsError."""
    return OpenWays(cluster)
