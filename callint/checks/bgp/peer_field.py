"""Fields of BGPPeers that do something else than they look like, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.bgp.network import network
from callint.calico.defaults import AS_NUMBER
from callint.checks.bgp.peers import FAR_ENDS, peerings
from callint.checks.bgp.unsettled import unsettled
from callint.checks.breach import Breach, Question, asked
from callint.checks.left_open import left_in
from callint.finding import witness
from callint.net.read import as_number
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer
from callint.source import placeholder
from callint.steps import Steps

# One or two are what a design may need; an AS number is what is written here by mistake (calico issue 8565)
_MOST_REPETITIONS = 10


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Fields against the kind of peer.

    Parameter `problem`: `repetitions` (an AS number where a count is expected), `ignored` (fields that count for other
    kinds of peers only).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _repetitions(cluster: Cluster) -> Iterator[Breach]:
    written: list[object] = [AS_NUMBER, *(node.bgp.as_number for node in cluster.nodes.values())]
    written += [one.as_number for one in cluster.bgp_configurations]
    written += [value for one in cluster.bgp_peers for value in (one.as_number, one.local_as_number)]
    known = {as_number(value) for value in written}
    for peer in cluster.bgp_peers:
        count = peer.allowed_local_as
        if count is not None and count > _MOST_REPETITIONS:
            what = "is an AS number of this cluster" if count in known else "looks like an AS number"
            yield Breach.at(
                peer.resource,
                ("spec", "numAllowedLocalASNumbers"),
                f'"numAllowedLocalASNumbers" of BGPPeer "{peer.resource.name}" is {count}, which {what}; it counts how '
                "often the own AS may stand in the path of a route, and 1 is what most designs need",
                (),
                witness("reference", reference=f"AS {count}", peer=peer.resource.name),
            )


_BY_SELECTOR = ("localASNumber", "numAllowedLocalASNumbers")
_FOR_WORKLOADS = (
    "password",
    "maxRestartTime",
    "keepaliveTime",
    "ttlSecurity",
    "sourceAddress",
    "reachableBy",
    "numAllowedLocalASNumbers",
)


def _ignored(cluster: Cluster) -> Iterator[Breach]:
    """What bgp_processor.go never reads for some kinds of peers; a variable may stand for nothing."""
    steps = Steps(cluster, "BGP sessions with BGPPeers that hold variables")
    for peer in cluster.bgp_peers:
        spec = peer.resource.spec
        fields: list[tuple[str, str]] = []
        far_ends = [name for name in FAR_ENDS if spec.get(name)]
        if far_ends == ["peerSelector"]:
            fields += [(name, 'peers by "peerSelector"') for name in _BY_SELECTOR]
        workloads = ("spec", "localWorkloadSelector")
        if far_ends == [workloads[1]] or (workloads[1] in far_ends and not left_in(peer.resource, workloads)):
            fields += [(name, 'peers by "localWorkloadSelector"') for name in _FOR_WORKLOADS]
        if peer.keep_original_next_hop and _inside_one_as(cluster, peer, steps):
            fields.append(("keepOriginalNextHop", "sessions inside one AS, which keep the next hop as it is"))
        for name, kind in fields:
            if spec.get(name) and placeholder(spec[name]) is None:
                yield Breach.at(
                    peer.resource,
                    ("spec", name),
                    f'"{name}" of BGPPeer "{peer.resource.name}" has no effect on {kind}',
                    (),
                    witness("reference", reference=name, peer=peer.resource.name),
                    key=True,
                )


def _inside_one_as(cluster: Cluster, peer: BGPPeer, steps: Steps) -> bool:
    """Whether all sessions of a peer are, whatever variables stand for."""
    several = peerings(cluster, peer)
    if not network(cluster).listed or {one.form.peer_type for one in several} != {"iBGP"}:
        return False
    return not any(unsettled(cluster).concerns(one, steps) for one in several)


QUESTIONS: dict[str, Question] = {"repetitions": _repetitions, "ignored": _ignored}
