"""Who opens the connections of BGP sessions: which nodes call, which wait to be called, and whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Literal

from callint.bgp.alike import Alike
from callint.bgp.network import network
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.peering import Peering
from callint.bgp.session import LIVE
from callint.checks.bgp.peers import peerings
from callint.checks.bgp.routed_pools import needs_routes
from callint.finding import Span
from callint.net.address import Address, Family
from callint.objects import Cluster
from callint.policy.ranges import Ranges, singles
from callint.record import NamedTuple

Role = Literal["passive", "active", "open"]


class Ends:
    """Who is at one end of sessions that are alike; in a cluster one object stands for the same nodes and family."""

    def __init__(self, family: Family, nodes: tuple[Speaker, ...], address: Address | None = None) -> None:
        """Nodes, or the address of somebody else."""
        self.family = family
        self.nodes = nodes
        self._address = address

    @cached_property
    def known(self) -> tuple[tuple[Speaker, Address, str], ...]:
        """The nodes whose address is known, with this address, also as text."""
        found = ((one, one.address(self.family)) for one in self.nodes)
        return tuple((one, address, str(address)) for one, address in found if address is not None)

    @cached_property
    def addresses(self) -> Ranges:
        """All addresses that are known."""
        nodes = (address for _, address, _ in self.known)
        return singles(nodes if self._address is None else (self._address,))


class Call(NamedTuple):
    """The far ends of one call: several in the mesh alone. `remote` is the node at the only one."""

    far: tuple[Address, ...]
    remote: str | None = None


class Calls(NamedTuple):
    """The calls of a node that differ in their far ends alone: `passive` waits, `active` calls, `open` may do both.

    `near` and `far` hold the ends of this node and of all that are like it; a `far_port` of None is BGP's own. `span`
    is where the sessions are written; without a `peering` they are the mesh's.
    """

    role: Role
    local: Speaker
    near: Ends
    far: Ends
    far_port: int | None
    span: Span | None = None
    peering: Peering | None = None

    @property
    def own(self) -> Address | None:
        """The node's BGP address."""
        return self.local.address(self.far.family)

    @property
    def whom(self) -> object:
        """What tells the far ends from those of other calls of the node: ports divide the mesh."""
        return self.far if self.peering is not None else (self.far, self.far_port)

    def apart(self) -> Iterator[Call]:
        """Each call of the node."""
        if self.peering is None:
            active = self.role == "active"
            far = tuple(address for one, address in self.in_mesh() if not active or one.port == self.far_port)
            yield from (Call(far),) if far else ()
            return
        for session in self.peering.far_ends(self.local):
            role = "open" if self.role == "open" else "passive" if session.passive else "active"
            if session.address is not None and role == self.role:
                yield Call((session.address,), session.remote.name if session.remote is not None else None)

    def in_mesh(self) -> Iterator[tuple[Speaker, Address]]:
        """The far ends in the mesh, where the end with the lesser text of its address waits (`passive on`)."""
        own, waits = self.own, self.role == "passive"
        for one, address, text in self.far.known:
            if address != own and (text > str(own)) == waits:
                yield one, address


def calls(cluster: Cluster, node: str) -> Iterator[Calls]:
    """All that a node's sessions ask of the network; those that cannot come up for other reasons ask nothing."""
    model = network(cluster)
    local = model.speakers.get(node)
    if local is None or node == ANY:
        return
    sessions = _sessions(cluster)
    for peering, span in sessions.of_node(local):
        near, far = sessions.ends(peering.family, peering.here), sessions.ends(peering.family, peering.there, peering)
        roles: tuple[Role, ...] = ("open",)
        if peering.form.kind != "node" and peering.there is not None:
            roles = ("passive", "active")
        for role in roles:
            yield Calls(role, local, near, far, peering.form.port, span, peering)
    for family, mesh in sessions.meshes.items():
        if model.in_mesh(local, family) and local.address(family) is not None:
            yield Calls("passive", local, mesh, mesh, None)
            for port in sessions.ports(family, local):
                yield Calls("active", local, mesh, mesh, port)


def count_of_peers(cluster: Cluster, nodes: Iterable[str]) -> int:
    """How many sessions that BGPPeers make `calls` goes through, for all of some nodes."""
    speakers, sessions = network(cluster).speakers, _sessions(cluster)
    return sum(len(sessions.of_node(speakers[node])) for node in nodes if node in speakers)


class _Sessions:
    """The sessions of a cluster that may come up."""

    def __init__(self, cluster: Cluster) -> None:
        self._nodes = network(cluster).nodes
        self._ends: dict[tuple[Family, Alike | Address | None], Ends] = {}
        self._of_peers: dict[Alike, list[tuple[Peering, Span]]] = {}
        for peer in cluster.bgp_peers:
            span = peer.resource.span("metadata", "name")
            for peering in peerings(cluster, peer):
                if peering.selected and peering.form.kind != "workload" and peering.state in LIVE:
                    self._of_peers.setdefault(peering.here, []).append((peering, span))
        self.meshes: dict[Family, Ends] = {}
        for family, members in network(cluster).meshed.items() if needs_routes(cluster) else ():
            self.meshes[family] = Ends(family, tuple(one for one in members if one.name != ANY))
        self._ports = {
            family: tuple(dict.fromkeys(one.port for one, _, _ in mesh.known)) for family, mesh in self.meshes.items()
        }

    def of_node(self, local: Speaker) -> Sequence[tuple[Peering, Span]]:
        """Those that BGPPeers give a node, if anything tells at which of its interfaces; with the places."""
        placed = local.facts is not None or local.addresses
        return self._of_peers.get(self._nodes.of(local), ()) if placed else ()

    def ends(self, family: Family, nodes: Alike | None, peering: Peering | None = None) -> Ends:
        """Some nodes that are alike, or else the far end of a peering."""
        address = peering.address if peering is not None and nodes is None else None
        key = (family, nodes or address)
        found = self._ends.get(key)
        if found is None:
            found = self._ends[key] = Ends(family, nodes.members if nodes is not None else (), address)
        return found

    def ports(self, family: Family, local: Speaker) -> Iterable[int | None]:
        """The ports on which a node of the mesh calls others, in their order."""
        if len(self._ports[family]) == 1:
            return self._ports[family]
        called = Calls("active", local, self.meshes[family], self.meshes[family], None)
        return dict.fromkeys(one.port for one, _ in called.in_mesh())


@lru_cache(maxsize=8)
def _sessions(cluster: Cluster) -> _Sessions:
    return _Sessions(cluster)
