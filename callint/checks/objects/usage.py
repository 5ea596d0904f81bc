"""BGP objects that nothing uses, and names and selectors of theirs and of Felix's settings that lead to no node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from callint.bgp.alike import far_address
from callint.bgp.network import network
from callint.bgp.nodes import Speaker
from callint.calico.defaults import SCOPED_FELIX
from callint.checks.breach import Breach, Question, asked, nobody
from callint.checks.objects.near_label import labelled_nodes
from callint.checks.vocabulary import NodeNames
from callint.finding import Related, quoted, witness
from callint.net.address import FAMILIES
from callint.objects import Cluster, Resource
from callint.objects.node import Node
from callint.policy.settings import scoped
from callint.selector import parse_or_none
from callint.selector.index import LabelIndex
from callint.selector.satisfy import satisfiable
from callint.steps import Steps, counted

_KUBERNETES = "kubernetes.io/"
_About = tuple[Resource, tuple[str, str], str, str]
"""What is about one node, where its name stands, the name, and what happens if there is no such node."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Objects without effect for want of another object.

    Parameter `problem`: `filter` (no BGPPeer names it), `node` (a BGPPeer or BGPConfiguration of a node that does not
    exist), `felix` (a FelixConfiguration of such nodes), `selector` (a BGPPeer's selector that matches no node).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _filter(cluster: Cluster) -> Iterator[Breach]:
    """Where a peer names a filter that does not exist, that is said of the peer, and probably explains this one.

    Without any peer the peers are elsewhere, unless the configuration says that they are all here.
    """
    if not cluster.bgp_peers and "BGPPeer" not in cluster.intent.complete:
        return
    named = {name for peer in cluster.bgp_peers for _, name in peer.filters}
    unreadable = any(peer.resource.unreadable("spec", "filters") for peer in cluster.bgp_peers)
    if unreadable or named - set(cluster.bgp_filters) or cluster.incomplete:
        return
    peers = [peer.resource for peer in cluster.bgp_peers]
    for name, one in cluster.bgp_filters.items():
        if name in named:
            continue
        yield Breach.at(
            one.resource,
            ("metadata", "name"),
            f'no BGPPeer uses BGPFilter "{name}", so that it filters nothing; the sessions of the node-to-node mesh '
            "never have filters",
            tuple(Related(peer.span("metadata", "name"), "does not name it") for peer in peers[:3]),
            witness("reference", reference=f"BGPFilter/{name}", used_by=()),
            help="name it under `filters` of the BGPPeers that it is meant for",
        )


def _node(cluster: Cluster) -> Iterator[Breach]:
    return _unknown_nodes(cluster, _bgp_of_nodes(cluster))


def _felix(cluster: Cluster) -> Iterator[Breach]:
    """By name, and from v3.32 by a selector, where every node is given."""
    yield from _unknown_nodes(cluster, _of_nodes(one.resource for one in cluster.felix))
    if not cluster.nodes_complete or cluster.target.release < SCOPED_FELIX:
        return
    labelled = _labelled(cluster.nodes.values())
    for one in cluster.felix:
        selector = parse_or_none(one.node_selector or "") if scoped(one) else None
        unreadable = one.resource.unreadable("spec", "nodeSelector")
        if selector is None or unreadable or any(map(selector.matches, labelled.candidates(selector))):
            continue
        yield Breach.at(
            one.resource,
            ("spec", "nodeSelector"),
            f'FelixConfiguration "{one.name}" is for nodes that there are not, so that nobody reads it',
            (),
            witness("selector", selector=one.node_selector, nodes=tuple(list(cluster.nodes)[:5])),
        )


def _unknown_nodes(cluster: Cluster, about: Iterator[_About]) -> Iterator[Breach]:
    """Names of nodes; proven where every node is given, or where a known one has nearly the name."""
    known = tuple(node.name for node in cluster.described_nodes)
    names = NodeNames(known, complete=cluster.nodes_complete)
    every = frozenset(known if cluster.nodes_complete else cluster.nodes)
    for resource, path, name, effect in about if known else ():
        unknown = None if name in every or resource.unreadable(*path) else names.unknown(name)
        if unknown is not None:
            which, near = unknown
            hint = f'did you mean "{near}"' if near else f"the nodes are {quoted(known, 5)}"
            yield Breach.at(
                resource,
                path,
                f'{resource.kind} "{resource.name}" is about node "{name}", {which}, so that {effect}; {hint}',
                (),
                nobody(f"Node/{name}", known),
            )


def _bgp_of_nodes(cluster: Cluster) -> Iterator[_About]:
    for peer in cluster.bgp_peers:
        if peer.node is not None and peer.node_selector is None:
            yield peer.resource, ("spec", "node"), peer.node, "it makes no session"
    yield from _of_nodes(configuration.resource for configuration in cluster.bgp_configurations)


def _of_nodes(configurations: Iterable[Resource]) -> Iterator[_About]:
    """Those of which the name says that they are for one node."""
    for resource in configurations:
        name = resource.name.removeprefix("node.")
        if name != resource.name:
            yield resource, ("metadata", "name"), name, "nobody reads it"


def _selector(cluster: Cluster) -> Iterator[Breach]:
    """Selectors that no labels satisfy, or none of the nodes where all are given, or no reflector that others miss too.

    What is a slip where not all nodes are given is told by `near_label`.
    """
    described = [one for one in network(cluster).speakers.values() if one.labels is not None]
    labelled, steps = _labelled(described), Steps(cluster, "selectors with labels")
    missed = [] if cluster.nodes_complete else _unnamed_reflectors(cluster, described, steps)
    known = labelled_nodes(cluster, steps) if missed else None
    for peer in cluster.bgp_peers:
        for field, text in (("nodeSelector", peer.node_selector), ("peerSelector", peer.peer_selector)):
            if text is None or (field == "peerSelector" and peer.peer_ip is not None):
                continue
            if peer.resource.unreadable("spec", field):
                continue
            selector = parse_or_none(text)
            if selector is None:
                continue
            which, asked_of = "node", cluster.nodes_complete or (known is not None and field == "peerSelector")
            near = counted(labelled.each(selector), steps, 1)
            if satisfiable(selector) is None:
                reason = "no labels can satisfy it"
            elif not asked_of or any(map(selector.matches, near)) or (known is not None and known.missed(selector)):
                continue
            elif known is not None:
                which = "known node"
                reason = f'not even "{missed[0].name}" has such labels, which is a route reflector'
            elif len(described) > 1:
                reason = f"none of the {len(described)} nodes has such labels"
            else:
                reason = "the only node has no such labels" if described else "there is no node"
            what = f'"{field}" of BGPPeer "{peer.resource.name}" matches no {which}'
            yield Breach.at(
                peer.resource,
                ("spec", field),
                f"{what}, so that it makes no session: {reason}",
                (),
                witness("selector", selector=text, nodes=tuple(one.name for one in described[:5])),
            )


def _labelled(nodes: Iterable[Node | Speaker]) -> LabelIndex[Mapping[str, str]]:
    found: LabelIndex[Mapping[str, str]] = LabelIndex()
    for one in nodes:
        found.add(one.labels or {}, one.labels or {})
    return found


def _unnamed_reflectors(cluster: Cluster, described: Iterable[Speaker], steps: Steps) -> list[Speaker]:
    """The reflectors that are known, if no BGPPeer selects any of them as its far end, or names its address.

    None if one is written without labels but Kubernetes' own: those by which it is selected may come from kubectl.
    """
    reflectors = [one for one in described if one.cluster_id]
    if not all(any(_KUBERNETES not in key for key in one.labels or ()) for one in reflectors):
        return []
    addresses = {one.address(family) for one in reflectors for family in FAMILIES}
    labelled = _labelled(reflectors)
    for peer in cluster.bgp_peers if reflectors else ():
        far = far_address(peer.peer_ip) if peer.peer_ip is not None else None
        text = None if peer.peer_ip is not None else peer.peer_selector
        selector = parse_or_none(text) if text is not None else None
        if peer.peer_ip is not None and (far is None or far in addresses):
            return []
        near = counted(labelled.each(selector), steps, 1) if selector is not None else ()
        if text is not None and (selector is None or any(map(selector.matches, near))):
            return []
    return reflectors


QUESTIONS: dict[str, Question] = {
    "filter": _filter,
    "node": _node,
    "felix": _felix,
    "selector": _selector,
}
