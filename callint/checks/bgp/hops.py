"""Peers that are farther away than their ttlSecurity lets them be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.bgp.alike import far_address
from callint.checks.bgp.peers import peerings
from callint.checks.breach import Breach
from callint.facts import NodeFacts
from callint.finding import Related, Span, witness
from callint.net.address import Address
from callint.net.read import address
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer
from callint.record import NamedTuple


class _Router(NamedTuple):
    """Who stands between, on the way of which node, and where that is said."""

    address: str
    node: str | None
    span: Span


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """`ttlSecurity: 1`, which is for neighbours alone, towards a peer to whom the way leads by a router.

    Of more hops nothing is said: how many there are nobody knows (confd bird.cfg.template, BIRD `ttl security`). Takes
    no parameters.
    """
    for peer in cluster.bgp_peers:
        far = far_address(peer.peer_ip)
        if peer.ttl_security != 1 or far is None or not peer.resource.whole:
            continue
        between = next(_between(cluster, peer, far), None)
        if between is None:
            continue
        whose = f' of node "{between.node}"' if between.node is not None else ""
        yield Breach.at(
            peer.resource,
            ("spec", "ttlSecurity"),
            f'the session of BGPPeer "{peer.resource.name}" does not stay up: `ttlSecurity: 1` is for neighbours, and '
            f"the way{whose} to {far} leads by the router {between.address}",
            (Related(between.span, "the router between"),),
            witness("address", address=str(far), node=between.node, peer=peer.resource.name, via=between.address),
            "count each router between as one hop more",
        )


def _between(cluster: Cluster, peer: BGPPeer, far: Address) -> Iterator[_Router]:
    if peer.reachable_by is not None:
        router = address(peer.reachable_by)
        if router is not None and router != far:
            yield _Router(str(router), None, peer.resource.span("spec", "reachableBy"))
        return
    for peering in peerings(cluster, peer):
        for speaker in peering.here.members if peering.selected else ():
            if speaker.facts is not None:
                yield from _of_node(speaker.facts, far)


def _of_node(facts: NodeFacts, far: Address) -> Iterator[_Router]:
    """The router of the narrowest route, where the node has no network that holds the address."""
    if not (facts.knows("interfaces") and facts.knows("routes")):
        return
    own = [one for interface in facts.interfaces or () for one in interface.addresses or ()]
    if any(one.version == far.family and one.first <= far.value <= one.last for one in own):
        return
    routes = [
        route
        for route in facts.routes or ()
        if route.table == "main" and route.destination.version == far.family
        if route.destination.first <= far.value <= route.destination.last
    ]
    longest = max((route.destination.length for route in routes), default=0)
    narrowest = [route for route in routes if route.destination.length == longest]
    if narrowest and all(one.gateway is not None and one.gateway.value != far.value for one in narrowest):
        gateway = narrowest[0].gateway
        assert gateway is not None, "all of them have one"
        yield _Router(gateway.text, facts.node, narrowest[0].span)
