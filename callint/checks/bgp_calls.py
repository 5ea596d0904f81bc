"""Who opens the connections of BGP sessions: which nodes call, which wait to be called, and whom."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from callint.bgp.network import Network, network
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.session import LIVE
from callint.checks.connectivity import needs_routes
from callint.checks.peers import sessions
from callint.finding import Span
from callint.net.address import Address, Family
from callint.objects import Cluster

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
    found: dict[str, list[Call]] = {}
    for peer in cluster.bgp_peers:
        for session in sessions(cluster, peer):
            usable = session.selected and session.address is not None and session.status.state in LIVE
            if not usable or session.form.kind == "workload" or session.local.name == ANY:
                continue
            assert session.address is not None, "a session whose far end has no known address is not usable"
            remote = session.remote.name if session.remote is not None else None
            called = session.form.kind != "node" and remote is not None
            role: Role = "passive" if session.passive else "active" if called else "open"
            call = Call(
                role,
                session.local.address(session.family),
                session.local.port,
                (session.address,),
                session.form.port,
                remote,
                peer.resource.span("metadata", "name"),
            )
            found.setdefault(session.local.name, []).append(call)
    return found


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
