"""From BGPPeers to sessions, in the order and with the exclusions of confd (client.go updatePeersV1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from callint.bgp.nodes import ANY, Settings, Speaker
from callint.bgp.read import as_number
from callint.net.address import Address, Family, parse_peer
from callint.objects.bgp import BGPPeer
from callint.selector import SelectorError, parse


class Target(NamedTuple):
    """A far end: a node, an address, or neither for workloads; `sure` is False where unknown labels decide."""

    family: Family
    remote: Speaker | None
    address: Address | None
    port: int | None
    sure: bool = True


class Entry(NamedTuple):
    """A peering of one node (`local`) or of all (`local` None)."""

    local: Speaker | None
    peer: BGPPeer
    target: Target
    reverse: bool = False
    sure: bool = True


class Conflict(NamedTuple):
    """Two peerings with the same far end: `loser` is ignored, or, when `random`, either may be."""

    winner: Entry
    loser: Entry
    random: bool


class Expansion(NamedTuple):
    """Entries in effect, conflicts between them, and peers that name a node which does not exist."""

    entries: tuple[Entry, ...]
    conflicts: tuple[Conflict, ...]


class Expander:
    """Expands peers over the nodes of one cluster."""

    def __init__(self, speakers: dict[str, Speaker], settings: Settings, families: tuple[Family, ...]) -> None:
        """`families` are those that the cluster uses."""
        self._speakers = speakers
        self._settings = settings
        self._families = families
        self._owners: dict[Address, Speaker] = {}
        by_labels: dict[object, list[Speaker]] = {}
        for speaker in speakers.values():
            labels = None if speaker.labels is None else frozenset(speaker.labels.items())
            by_labels.setdefault(labels, []).append(speaker)
        self._alike = list(by_labels.values())
        for speaker in speakers.values():
            for family in families:
                address = speaker.address(family)
                if address is not None:
                    self._owners.setdefault(address, speaker)

    def owner(self, address: Address) -> Speaker | None:
        """The node with this BGP address."""
        return self._owners.get(address)

    def expand(self, peers: Iterable[BGPPeer]) -> Expansion:
        """Global peers first, then those of nodes, then reverse ones: the first one with a far end keeps it."""
        known = [(peer, list(self._locals(peer)), list(self._targets(peer))) for peer in peers]
        taken: dict[tuple[object, ...], Entry] = {}
        conflicts: list[Conflict] = []

        def add(entry: Entry) -> None:
            target = entry.target
            end = (target.family, target.address or (target.remote and target.remote.name), target.port)
            if target.address is None and target.remote is None:
                end = (target.family, entry.peer.resource.name, None)
            everywhere = taken.get((None, *end))
            if everywhere is not None and entry.local is not None:
                if everywhere.peer is not entry.peer:
                    conflicts.append(Conflict(everywhere, entry, random=False))
                return
            key = (entry.local.name if entry.local else None, *end)
            first = taken.setdefault(key, entry)
            if first.peer is not entry.peer:
                conflicts.append(Conflict(first, entry, random=first.reverse == entry.reverse))

        for peer, _, targets in known:
            if _is_global(peer):
                for target in targets:
                    add(Entry(None, peer, target))
        for peer, locals_, targets in known:
            if not _is_global(peer):
                for local, sure in locals_:
                    for target in targets:
                        add(Entry(local, peer, target, sure=sure))
        for peer, locals_, targets in known:
            if peer.reverse_peering != "Manual" and peer.local_workload_selector is None:
                for entry in self._reversed(peer, locals_, targets):
                    add(entry)
        return Expansion(tuple(taken.values()), tuple(conflicts))

    def _selected(self, text: str) -> Iterator[tuple[Speaker, bool]]:
        """The nodes that a selector matches, and whether that is sure; an invalid one matches none."""
        try:
            selector = parse(text)
        except SelectorError:
            return
        for alike in self._alike:
            match = alike[0].selected(selector)
            if match is not False:
                yield from ((speaker, match is True) for speaker in alike)

    def _locals(self, peer: BGPPeer) -> Iterator[tuple[Speaker, bool]]:
        if peer.node_selector is not None:
            yield from self._selected(peer.node_selector)
        elif peer.node is not None:
            yield self._speakers.get(peer.node) or Speaker(peer.node, global_as=self._settings.as_number), True
        else:
            yield from ((speaker, True) for speaker in self._speakers.values())

    def _targets(self, peer: BGPPeer) -> Iterator[Target]:
        if peer.local_workload_selector is not None:
            for family in self._families:
                yield Target(family, None, None, None)
        elif peer.peer_selector is not None:
            for speaker, sure in self._selected(peer.peer_selector):
                for family in self._families:
                    if speaker.speaks(family) is not False:
                        yield Target(family, speaker, speaker.address(family), speaker.port, sure)
        elif peer.peer_ip is not None:
            try:
                address, port = parse_peer(peer.peer_ip)
            except ValueError:
                return
            owner = self.owner(address)
            if port is None and owner is not None and self._expected_as(peer) == owner.as_number:
                port = owner.port
            yield Target(address.family, owner, address, port)

    def _expected_as(self, peer: BGPPeer) -> int:
        return as_number(peer.as_number) or self._settings.as_number

    def _reversed(self, peer: BGPPeer, locals_: list[tuple[Speaker, bool]], targets: list[Target]) -> Iterator[Entry]:
        for target in targets:
            remote = target.remote
            if remote is None or (peer.peer_selector is None and not self._answers(peer, remote)):
                continue
            for local, sure in locals_:
                if local is remote and local.name != ANY:
                    continue
                if local.speaks(target.family) is not False:
                    back = Target(target.family, local, local.address(target.family), local.port, sure)
                    yield Entry(remote, peer, back, reverse=True, sure=target.sure)

    def _answers(self, peer: BGPPeer, remote: Speaker) -> bool:
        """Whether a peer named by address is taken for the node with that address."""
        if self._expected_as(peer) != remote.as_number or peer.peer_ip is None:
            return False
        _, port = parse_peer(peer.peer_ip)
        own = self._settings.of_node(remote.name)
        ports = (own.listen_port if own else None, self._settings.port)
        return port is None or all(listen in (None, port) for listen in ports)


def _is_global(peer: BGPPeer) -> bool:
    return peer.node is None and peer.node_selector is None
