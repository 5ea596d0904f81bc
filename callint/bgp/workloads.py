"""The workloads that nodes have sessions with: pods and workload endpoints that a localWorkloadSelector matches."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from callint.bgp.read import address
from callint.net.address import Address
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer
from callint.objects.endpoint import Workload
from callint.objects.workload import finished, pod, workload
from callint.record import NamedTuple
from callint.selector import SelectorError, keys_and_values, parse

# Labels that a workload inherits from its namespace and service account, which are not looked up here
_INHERITED = ("pcns.", "pcsa.")


class Peered(NamedTuple):
    """A workload's node and address, and the names of the BGPPeers that select it, of which the first one counts.

    The node is empty and the address None where nobody wrote them down.
    """

    node: str
    address: Address | None
    peers: tuple[str, ...]


@lru_cache(maxsize=8)
def peered(cluster: Cluster) -> tuple[Peered, ...]:
    """The known workloads that BGPPeers select (felix/calc/active_bgppeer_calculator.go)."""
    peers = sorted((peer for peer in cluster.bgp_peers if _readable(peer)), key=lambda one: one.resource.name)
    if not peers:
        return ()
    selectors = [(peer.resource.name, parse(peer.local_workload_selector or "")) for peer in peers]
    found = []
    for one in _workloads(cluster):
        names = tuple(name for name, selector in selectors if selector.matches(one.labels))
        found += [Peered(one.node, known, names) for known in (_addresses(one) or (None,)) if names]
    return tuple(found)


def all_known(cluster: Cluster, peer: BGPPeer) -> bool:
    """Whether every workload that the peer selects is known, with its node and address."""
    if not _readable(peer) or not {"Pod", "WorkloadEndpoint"} & set(cluster.intent.complete):
        return False
    mine = (one for one in peered(cluster) if peer.resource.name in one.peers)
    return all(one.node and one.address is not None for one in mine)


def _addresses(one: Workload) -> list[Address]:
    return [known for text in one.addresses if (known := address(text.split("/")[0])) is not None]


def _readable(peer: BGPPeer) -> bool:
    if peer.local_workload_selector is None:
        return False
    try:
        keys = keys_and_values(parse(peer.local_workload_selector))
    except SelectorError:
        return False
    return not any(key.startswith(_INHERITED) for key in keys)


def _workloads(cluster: Cluster) -> Iterator[Workload]:
    yield from map(workload, cluster.of("WorkloadEndpoint"))
    for resource in cluster.kubernetes("Pod", "v1"):
        one = pod(resource)
        if one is not None and not finished(resource):
            yield one
