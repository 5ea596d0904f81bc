"""From BGPPeers to sessions, in the order and with the exclusions of confd (client.go updatePeersV1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from callint.bgp.alike import Alike, far_end
from callint.bgp.inventory import Inventory
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.workloads import all_known, selected
from callint.net import read
from callint.net.address import Address, Family
from callint.net.read import as_number
from callint.objects.bgp import BGPPeer
from callint.record import NamedTuple
from callint.steps import Steps, counted

T = TypeVar("T")

_OF_ENTRY = 4
"""What a far end for some nodes takes, also where it is the nodes themselves."""


class Target(NamedTuple):
    """A far end: nodes, an address, or neither for workloads; `sure` is False where unknown labels decide.

    `address` is what the peer names; the nodes of a selector each have their own.
    """

    family: Family
    nodes: Alike | None
    address: Address | None
    port: int | None
    sure: bool = True

    @property
    def end(self) -> Address | Alike | None:
        """What tells this far end from others."""
        return self.address if self.address is not None or self.nodes is None else self.nodes.end(self.family)


class Entry(NamedTuple):
    """A peering of some nodes, or of all of them (`local` None), with a far end that is alike for each."""

    local: Alike | None
    peer: BGPPeer
    target: Target
    reverse: bool = False
    sure: bool = True


class Conflict(NamedTuple):
    """Two peerings with the same far end: `loser` is ignored, or, when `random`, either may be."""

    winner: Entry
    loser: Entry
    random: bool


class Expander:
    """Expands the peers of one cluster over its nodes."""

    def __init__(self, known: Inventory, steps: Steps) -> None:
        """Nothing is expanded yet."""
        self._steps = steps
        self._cluster = known.cluster
        self._nodes = known.nodes
        self._settings = known.settings
        self._families = known.families

    def expand(self) -> tuple[list[Entry], list[Conflict]]:
        """Entries in effect, and conflicts: global peers first, then those of nodes, then reverse ones.

        The first one with a far end keeps it.

        Raises TooManyStepsError.
        """
        known = [(peer, list(self._locals(peer)), list(self._targets(peer))) for peer in self._cluster.bgp_peers]
        taken: dict[tuple[object, ...], Entry] = {}
        conflicts: list[Conflict] = []

        def add(entry: Entry) -> None:
            target = entry.target
            end = (target.family, target.end or entry.peer.resource.name, target.port)
            everywhere = taken.get((None, *end))
            if everywhere is not None and entry.local is not None:
                if everywhere.peer is not entry.peer:
                    conflicts.append(Conflict(everywhere, entry, random=False))
                return
            first = taken.setdefault((entry.local, *end), entry)
            if first.peer is not entry.peer:
                conflicts.append(Conflict(first, entry, random=first.reverse == entry.reverse))

        for peer, locals_, targets in known:
            if peer.local_workload_selector is not None:
                for entry in self._counted(self._workloads(peer, dict(locals_))):
                    add(entry)
            if _is_global(peer):
                for target in self._counted(targets):
                    add(Entry(None, peer, target))
        for peer, locals_, targets in known:
            if not _is_global(peer):
                for local, sure in locals_:
                    for target in self._counted(targets):
                        if not itself(local, target):
                            add(Entry(local, peer, target, sure=sure))
        for peer, locals_, targets in known:
            if peer.reverse_peering != "Manual" and peer.local_workload_selector is None:
                for entry in self._reversed(peer, locals_, targets):
                    add(entry)
        return list(taken.values()), conflicts

    def _counted(self, ends: Iterable[T]) -> Iterator[T]:
        return counted(ends, self._steps, _OF_ENTRY)

    def _locals(self, peer: BGPPeer) -> Iterator[tuple[Alike, bool]]:
        if peer.node_selector is not None:
            yield from self._nodes.selected(peer.node_selector, self._steps)
        elif peer.node is not None:
            unknown = Speaker(peer.node, global_as=self._settings.as_number)
            yield self._nodes.named(peer.node) or self._nodes.of(unknown), True
        else:
            self._steps.spend(len(self._nodes.all))
            yield from ((alike, True) for alike in self._nodes.all)

    def _workloads(self, peer: BGPPeer, locals_: dict[Alike, bool]) -> Iterator[Entry]:
        """The known workloads on nodes of the peer; of several peers that select one the first by name has it."""
        for one in selected(self._cluster).of_peer.get(peer.resource.name, ()):
            local, address = self._nodes.named(one.node), one.address
            if local not in locals_ or address is None:
                continue
            if address.family in self._families:
                yield Entry(local, peer, Target(address.family, None, address, None), sure=locals_[local])

    def _targets(self, peer: BGPPeer) -> Iterator[Target]:
        if peer.local_workload_selector is not None:
            for family in self._families if not all_known(self._cluster, peer) else ():
                yield Target(family, None, None, None)
        elif peer.peer_selector is not None:
            for alike, sure in self._nodes.selected(peer.peer_selector, self._steps):
                for family in self._families:
                    if alike.first.speaks(family) is not False:
                        yield Target(family, alike, None, alike.first.port, sure)
        elif (end := far_end(peer.peer_ip)) is not None:
            address, port = end
            gateway = read.address(peer.reachable_by)
            if gateway is not None and gateway.family != address.family:
                return
            owner = self._nodes.owners.get(address)
            if port is None and owner is not None and self._expected_as(peer) == owner.as_number:
                port = owner.port
            yield Target(address.family, self._nodes.of(owner) if owner else None, address, port)

    def _expected_as(self, peer: BGPPeer) -> int:
        return as_number(peer.as_number) or self._settings.as_number

    def _reversed(
        self, peer: BGPPeer, locals_: Iterable[tuple[Alike, bool]], targets: Iterable[Target]
    ) -> Iterator[Entry]:
        for target in targets:
            remote = target.nodes
            if remote is None or (peer.peer_selector is None and not self._answers(peer, remote.first)):
                continue
            for local, sure in self._counted(locals_):
                back = Target(target.family, local, None, local.first.port, sure)
                exists = local in self._nodes.all and local.first.speaks(target.family) is not False
                if exists and not itself(remote, back):
                    yield Entry(remote, peer, back, reverse=True, sure=target.sure)

    def _answers(self, peer: BGPPeer, remote: Speaker) -> bool:
        """Whether a peer named by address is taken for the node with that address."""
        end = far_end(peer.peer_ip)
        if self._expected_as(peer) != remote.as_number or end is None:
            return False
        _, port = end
        settings = (self._settings.of_node(remote.name), self._settings.default)
        return port is None or all(one is None or one.listen_port in (None, port) for one in settings)


def itself(local: Alike, target: Target) -> bool:
    """Whether the far end is the node itself, or has its address; `ANY` stands for many, who peer with each other."""
    one = local.first
    if len(local.members) > 1 or (one.name == ANY and target.address is None):
        return False
    return target.nodes is local or one.address(target.family) == target.end is not None


def differences(one: BGPPeer, other: BGPPeer) -> list[str]:
    """What two peers of the same far end say differently, as fields; their scope does not count."""
    scope = ("node", "nodeSelector", "peerIP", "peerSelector")
    keys = dict.fromkeys((*one.resource.spec, *other.resource.spec))
    return [key for key in keys if key not in scope and one.resource.spec.get(key) != other.resource.spec.get(key)]


def _is_global(peer: BGPPeer) -> bool:
    return peer.node is None and peer.node_selector is None
