"""The workloads that nodes have sessions with: pods and workload endpoints that a localWorkloadSelector matches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from callint.calico.defaults import INHERITED
from callint.net.address import Address
from callint.net.read import address
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer
from callint.objects.endpoint import Workload
from callint.objects.workload import finished, pod, workload
from callint.record import NamedTuple
from callint.selector import keys, parse, parse_or_none
from callint.selector.index import SelectorIndex
from callint.steps import Answer, Steps

OF_SELECTOR = 2
"""Steps that it takes to see whether a selector matches labels."""


class Peered(NamedTuple):
    """A workload's node and address; the node is empty and the address None where nobody wrote them down."""

    node: str
    address: Address | None


class Selected(NamedTuple):
    """The known workloads that BGPPeers select, by the name of the first one that does: no other counts.

    `unplaced` are the names of all peers that select one without a node or an address.
    """

    of_peer: Mapping[str, Sequence[Peered]]
    unplaced: frozenset[str]

    @property
    def nodes(self) -> set[str]:
        """Where such workloads are."""
        return {one.node for several in self.of_peer.values() for one in several}


def selected(cluster: Cluster) -> Selected:
    """The workloads that BGPPeers select (felix/calc/active_bgppeer_calculator.go). Raises TooManyStepsError."""
    return _answer(cluster).get()


@lru_cache(maxsize=8)
def _answer(cluster: Cluster) -> Answer[Selected]:
    return Answer(lambda: _selected(cluster))


def _selected(cluster: Cluster) -> Selected:
    names = sorted(peer.resource.name for peer in cluster.bgp_peers if _readable(peer))
    peers = {peer.resource.name: peer for peer in cluster.bgp_peers}
    selectors = [(parse(peers[name].local_workload_selector or ""), name) for name in names]
    index = SelectorIndex([(selector, (selector, name)) for selector, name in selectors])
    of_peer: dict[str, list[Peered]] = {}
    unplaced: set[str] = set()
    steps = Steps(cluster, "selectors of BGPPeers with labels of workloads")
    for one in _workloads(cluster) if selectors else ():
        candidates = index.candidates(one.labels)
        steps.spend(OF_SELECTOR * len(candidates))
        first = next((name for selector, name in candidates if selector.matches(one.labels)), None)
        if first is not None:
            known = [Peered(one.node, address) for address in _addresses(one) or (None,)]
            of_peer.setdefault(first, []).extend(known)
            if not one.node or None in [each.address for each in known]:
                others = ((selector, name) for selector, name in candidates if name not in unplaced)
                unplaced.update([name for selector, name in others if selector.matches(one.labels)])
    return Selected(of_peer, frozenset(unplaced))


def all_known(cluster: Cluster, peer: BGPPeer) -> bool:
    """Whether every workload that the peer selects is known, with its node and address."""
    complete = {"Pod", "WorkloadEndpoint"} & set(cluster.intent.complete)
    return bool(complete) and _readable(peer) and peer.resource.name not in selected(cluster).unplaced


def _addresses(one: Workload) -> list[Address]:
    return [known for text in one.addresses if (known := address(text.split("/")[0])) is not None]


def _readable(peer: BGPPeer) -> bool:
    """Whether its selector asks for no label of a namespace or a service account, which are not looked up here."""
    selector = parse_or_none(peer.local_workload_selector)
    return selector is not None and not any(key.startswith(INHERITED) for key in keys(selector))


def _workloads(cluster: Cluster) -> Iterator[Workload]:
    yield from map(workload, cluster.of("WorkloadEndpoint"))
    for resource in cluster.kubernetes("Pod", "v1"):
        one = pod(resource)
        if one is not None and not finished(resource):
            yield one
