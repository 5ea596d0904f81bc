"""Selectors outside of policies that match nothing known, where something known has nearly what they ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, reduce
from typing import Any

from callint.checks.breach import Breach
from callint.checks.pod_template import all_pods
from callint.checks.vocabulary import Known, Labelled
from callint.finding import Path, Related, witness
from callint.objects import Cluster, Resource, fields
from callint.policy.autohep import HOST_ENDPOINT, TEMPLATES
from callint.policy.labels import Labels
from callint.record import NamedTuple
from callint.selector import parse_or_none
from callint.steps import Steps


class _Asked(NamedTuple):
    """A selector of nodes or, with `pods`, of pods, and where it stands."""

    text: str | None
    resource: Resource
    path: Path
    pods: bool = False


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Selectors of nodes and of pods that speak BGP; with one letter more or less, or two that changed places.

    Not all nodes need be known: `rack-a` may be another one's, where a known one has `rack-b`, and `rakc-b` is none's.
    Where all of them are known, selectors of a BGPPeer are left to `usage`, and those of templates of host endpoints to
    `absent_interface`. Takes no parameters.
    """
    steps = Steps(cluster, "selectors with labels")

    @cache
    def known(pods: bool) -> Labelled:
        return Labelled([Known(*one) for one in all_pods(cluster)], steps) if pods else labelled_nodes(cluster, steps)

    for one in _asked(cluster):
        selector = parse_or_none(one.text or None)
        if selector is None or one.resource.unreadable(*one.path):
            continue
        slip = known(one.pods).missed(selector)
        if slip is None:
            continue
        yield Breach.at(
            one.resource,
            one.path,
            f'{slip.written}, so that "{one.path[-1]}" matches no {"pod" if one.pods else "node"} that is known; '
            f'did you mean "{slip.meant}"',
            (Related(slip.bearer.place, f'has "{slip.meant}"'),),
            witness("selector", selector=one.text, nodes=()),
        )


def labelled_nodes(cluster: Cluster, steps: Steps) -> Labelled:
    """The nodes whose labels can be read."""
    nodes = ((Labels(one.labels), one.resources[0]) for one in cluster.nodes.values() if one.legible)
    return Labelled([Known(*one) for one in nodes], steps)


def _asked(cluster: Cluster) -> Iterator[_Asked]:
    for peer in cluster.bgp_peers:
        yield _Asked(peer.local_workload_selector, peer.resource, ("spec", "localWorkloadSelector"), pods=True)
        if not cluster.nodes_complete:
            yield _Asked(peer.node_selector, peer.resource, ("spec", "nodeSelector"))
            if peer.peer_ip is None:
                yield _Asked(peer.peer_selector, peer.resource, ("spec", "peerSelector"))
    for pool in cluster.pools:
        yield _Asked(pool.node_selector, pool.resource, pool.path("nodeSelector"))
    for felix in cluster.felix:
        yield _Asked(felix.node_selector, felix.resource, ("spec", "nodeSelector"))
    for resource in cluster.of("KubeControllersConfiguration") if not cluster.nodes_complete else ():
        for index, template in fields.items(reduce(fields.mapping, HOST_ENDPOINT, resource.plain), "templates"):
            if isinstance(template, dict):
                path: Path = (*TEMPLATES, index, "nodeSelector")
                yield _Asked(fields.text(template, "nodeSelector"), resource, path)
