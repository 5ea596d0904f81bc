"""Who opens the connections of BGP sessions: which nodes call, which wait to be called, and whom."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from callint.bgp.network import Network, network
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.peering import Peering
from callint.bgp.session import LIVE
from callint.checks.connectivity import needs_routes
from callint.checks.peers import peerings
from callint.finding import Span
from callint.net.address import Address, Family
from callint.objects import Cluster
from callint.policy import model_of

Role = Literal["passive", "active", "open"]


class Call(NamedTuple):
    """The sessions of a node with equal ports, one of BGPPeers alone: `passive` waits, `active` calls, `open` may both.

    `own` is the node's BGP address, `far` are the far ends, `remote` the node at one that is `open`; a port of None is
    BGP's own. `span` is where the session is written.
    """

    role: Role
    own: Address | None
    own_port: int | None
    far: tuple[Address, ...]
    far_port: int | None
    remote: str | None = None
    span: Span | None = None


def calls(cluster: Cluster, node: str) -> tuple[Call, ...]:
    """All that a node's sessions ask of the network; those that cannot come up for other reasons ask nothing."""
    model = network(cluster)
    speaker = model.speakers.get(node)
    if speaker is None:
        return ()
    return (*_of_peers(cluster).get(node, ()), *(_in_mesh(cluster, model, speaker)))


@lru_cache(maxsize=8)
def _of_peers(cluster: Cluster) -> dict[str, list[Call]]:
    """The calls of nodes that have host endpoints; the others are not asked about."""
    guarded = {one.about.node for one in model_of(cluster).inventory.host_endpoints}
    found: dict[str, list[Call]] = {}
    for peer in cluster.bgp_peers:
        span = peer.resource.span("metadata", "name")
        for peering in peerings(cluster, peer):
            if not peering.selected or peering.form.kind == "workload" or peering.state not in LIVE:
                continue
            for local in peering.here.members:
                if local.name in guarded and local.name != ANY:
                    found.setdefault(local.name, []).extend(_called(peering, local, span))
    return found


def _called(peering: Peering, local: Speaker, span: Span) -> Iterator[Call]:
    """A call for each far end of a node whose address is known."""
    form, own = peering.form, local.address(peering.family)
    for session in peering.far_ends(local):
        if session.address is not None:
            remote = session.remote.name if session.remote is not None else None
            called = form.kind != "node" and remote is not None
            role: Role = "passive" if session.passive else "active" if called else "open"
            yield Call(role, own, local.port, (session.address,), form.port, remote, span)


def _in_mesh(cluster: Cluster, model: Network, speaker: Speaker) -> Iterator[Call]:
    """In the mesh the end with the lesser text of its address waits (bird.cfg.template, `passive on`)."""
    if not needs_routes(cluster):
        return
    for family in model.families:
        members, own = _members(cluster, family), speaker.address(family)
        if own is None or speaker.name not in members:
            continue
        found: dict[tuple[Role, int | None], list[Address]] = {}
        for text, address, port in members.values():
            if address != own:
                role: Role = "passive" if text > str(own) else "active"
                found.setdefault((role, port if role == "active" else None), []).append(address)
        for (role, port), far in found.items():
            yield Call(role, own, speaker.port, tuple(far), port)


@lru_cache(maxsize=16)
def _members(cluster: Cluster, family: Family) -> dict[str, tuple[str, Address, int | None]]:
    """The nodes of the mesh that have an address of the family: by name, the address as text and as such, the port."""
    found = ((one, one.address(family)) for one in network(cluster).meshed.get(family, ()) if one.name != ANY)
    return {one.name: (str(own), own, one.port) for one, own in found if own is not None}
