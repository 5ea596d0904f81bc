"""Which BGP sessions may be otherwise once the variables are filled in that are left in what sessions are made of."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache, cached_property, lru_cache

from callint.bgp.alike import Alike, far_address
from callint.bgp.expand import Conflict
from callint.bgp.network import Network, network
from callint.bgp.nodes import Speaker
from callint.bgp.peering import Peering
from callint.calico.kinds import is_calico
from callint.checks.bgp.peers import FAR_ENDS
from callint.checks.left_open import AGREEING, NAMES_OF_FILTERS, SELECTING, SPEAKERS, left_in, left_open
from callint.net.address import Address
from callint.objects import Cluster, Resource
from callint.objects.bgp import BGPPeer
from callint.selector import parse_or_none
from callint.source import placeholder
from callint.steps import Steps, counted


class Unsettled:
    """What variables leave open: all sessions, those of some nodes, and those between the ends that a peer may have."""

    def __init__(self, cluster: Cluster) -> None:
        """Looks for the variables."""
        self._model = network(cluster)
        said = [(node.name, one) for node in cluster.nodes.values() for one in node.resources]
        self.all = left_open(cluster, SPEAKERS) or any(placeholder(name) is not None for name, _ in said)
        """Whether it is not even known which nodes there are, whether there is a mesh, and in which AS."""
        self.nodes = frozenset(name for name, one in said if _open(one))
        """The nodes of which objects leave something open."""
        others = ((name, one) for name, one in said if not is_calico(one.api_version))
        self._unsaid = [(name, one) for name, one in others if _open(one) or placeholder(name) is not None]
        self._moving = any(_address_open(one) for _, one in said)
        left = (peer for peer in cluster.bgp_peers if _any_left(peer, *SELECTING, *AGREEING))
        self.peers = [OpenPeer(self._model, peer) for peer in left]
        """The BGPPeers with variables."""
        self._any_open = cache(self._find_any_open)

    def unsaid(self, peering: Peering) -> Iterator[Resource]:
        """The Nodes of Kubernetes with variables that these sessions may depend on: no finding tells of those."""
        names = {one.name for one in self._members(peering)}
        return (one for name, one in self._unsaid if self.all or peering.there is None or name in names)

    def concerns(self, peering: Peering, steps: Steps) -> bool:
        """Whether any of these sessions, or what the far end answers, may be otherwise; raises TooManyStepsError."""
        here, there = peering.here, self._far_end(peering)
        # A far end that nobody is known to be may be the node whose address is left open.
        if self.all or self._any_open(here) or (self._moving if there is None else self._any_open(there)):
            return True
        peers = counted(self.peers, steps, 1)
        return any(one.may_join(here, there, peering.address, steps) for one in peers)

    def exports(self, peering: Peering, steps: Steps) -> bool:
        """Whether these sessions, or what they let out and with which next hop, may be otherwise."""
        peer = peering.form.peer
        kept = peer is not None and _any_left(peer, "nextHopMode", "keepOriginalNextHop")
        return kept or self.filters(peering) or self.concerns(peering, steps)

    def filters(self, peering: Peering) -> bool:
        """Whether other BGPFilters may be on these sessions, or may be otherwise."""
        peer, known = peering.form.peer, self._model.cluster.bgp_filters
        if peer is not None and _any_left(peer, "filters"):
            return True
        return any(
            name in self._open_filters if name in known else left_open(self._model.cluster, NAMES_OF_FILTERS)
            for name in peering.form.filters
        )

    @cached_property
    def _open_filters(self) -> frozenset[str]:
        filters = self._model.cluster.bgp_filters
        return frozenset(name for name, one in filters.items() if left_in(one.resource, ()))

    def rivals(self, conflict: Conflict, steps: Steps) -> bool:
        """Whether two peers may be no rivals, or a third one may go before both; raises TooManyStepsError."""
        both = conflict.winner, conflict.loser
        ends = [alike for one in both for alike in (one.local, one.target.nodes) if alike is not None]
        if self.all or any(map(self._any_open, ends)):
            return True
        names = {one.peer.resource.name for one in both}
        local, target = conflict.loser.local, conflict.loser.target
        for one in counted(self.peers, steps, 1):
            if one.starting and (
                one.peer.resource.name in names
                or (local is not None and one.may_join(local, target.nodes, target.address, steps))
            ):
                return True
        return False

    def _find_any_open(self, alike: Alike) -> bool:
        """Whether objects of one of these nodes leave something open."""
        return any(one.name in self.nodes for one in alike.members)

    def _members(self, peering: Peering) -> tuple[Speaker, ...]:
        there = self._far_end(peering)
        return (*peering.here.members, *(there.members if there is not None else ()))

    def _far_end(self, peering: Peering) -> Alike | None:
        """The nodes at the far end, or the one with its address, the BGP address or another."""
        owner = self._model.nodes.at(peering.address) if peering.there is None else None
        return self._model.nodes.of(owner) if owner is not None else peering.there


@lru_cache(maxsize=8)
def unsettled(cluster: Cluster) -> Unsettled:
    """What variables leave open in a cluster, the same each time."""
    return Unsettled(cluster)


def withholding(cluster: Cluster) -> bool:
    """Whether a variable may make a pool one that is kept in, with all that is inside of it."""
    return any(
        left_in(pool.resource, pool.path("disableBGPExport"))
        or (pool.disable_bgp_export and left_in(pool.resource, pool.path("cidr")))
        for pool in cluster.pools
    )


def _any_left(peer: BGPPeer, *names: str) -> bool:
    return any(left_in(peer.resource, ("spec", name)) for name in names)


def _open(resource: Resource) -> bool:
    """Whether an object leaves open which peers select its node, or how the node speaks."""
    return any(placeholder(value) is not None for value in resource.labels.values()) or _address_open(resource)


def _address_open(resource: Resource) -> bool:
    said = (value for key, value in resource.annotations.items() if key.startswith("projectcalico.org/"))
    return left_in(resource, ("spec", "bgp")) or any(placeholder(value) is not None for value in said)


class OpenPeer:
    """A peer with variables, and between whom it may have sessions: reverse ones are between the same ends."""

    def __init__(self, model: Network, peer: BGPPeer) -> None:
        """A selector that cannot be parsed selects nothing; which workloads one selects is known of few."""
        self.peer = peer
        self._model = model
        self.starting = _any_left(peer, *SELECTING, "asNumber", "localASNumber")
        """Whether it may be that its sessions are not yet known, or another kind."""
        self._anyone = _any_left(peer, "node", "nodeSelector")
        self._anywhere = _any_left(peer, *FAR_ENDS) or peer.local_workload_selector is not None
        self._near, self._far = parse_or_none(peer.node_selector), parse_or_none(peer.peer_selector)
        self._address = far_address(peer.peer_ip)
        self._known: dict[tuple[Alike, bool], bool] = {}

    def may_join(self, here: Alike, there: Alike | None, address: Address | None, steps: Steps) -> bool:
        """Whether it may have a session between the same ends, in the one direction or the other."""
        called = address is not None and address == self._address
        if self.is_near(here, steps) and (called or self.is_far(there, steps)):
            return True
        return there is not None and self.is_near(there, steps) and self.is_far(here, steps)

    def is_near(self, alike: Alike, steps: Steps) -> bool:
        """Whether it may be about one of these nodes."""
        return self._anyone or self._asked(alike, steps, near=True)

    def is_far(self, alike: Alike | None, steps: Steps) -> bool:
        """Whether one of these nodes may be its far end."""
        return self._anywhere or (alike is not None and self._asked(alike, steps, near=False))

    def _asked(self, alike: Alike, steps: Steps, *, near: bool) -> bool:
        found = self._known.get((alike, near))
        if found is None:
            steps.spend(len(alike.members))
            found = self._known[alike, near] = any(map(self._selects if near else self._calls, alike.members))
        return found

    def _selects(self, speaker: Speaker) -> bool:
        if self.peer.node_selector is not None:
            return self._near is not None and speaker.selected(self._near) is not False
        return self.peer.node is None or self.peer.node == speaker.name

    def _calls(self, speaker: Speaker) -> bool:
        """By its labels or by any address that it has."""
        if self.peer.peer_selector is not None:
            return self._far is not None and speaker.selected(self._far) is not False
        address = self._address
        if address is None:
            return False
        return speaker.speaks(address.family) is None or self._model.has(speaker, address)


class OpenWays:
    """Between which nodes there may be one more session, and which nodes may have one with a router outside."""

    def __init__(self, cluster: Cluster) -> None:
        """Raises TooManyStepsError."""
        steps = Steps(cluster, "nodes with BGPPeers that hold variables")
        every = network(cluster).nodes.all
        self.between: dict[Alike, set[Alike]] = {}
        self.outward: set[Alike] = set()
        for peer in unsettled(cluster).peers:
            self._add(peer, every, steps)

    def __contains__(self, node: Alike) -> bool:
        """Whether a node may have one more session."""
        return node in self.between or node in self.outward

    def _add(self, peer: OpenPeer, every: Collection[Alike], steps: Steps) -> None:
        steps.spend(len(every))
        near = [one for one in every if peer.is_near(one, steps)]
        far = [one for one in every if peer.is_far(one, steps)]
        if not near and peer.peer.node is not None:
            near = far  # for routes go from one to the other over the node of that name, which no manifest holds
        # That a router outside agrees is taken for granted.
        if not far and not peer.starting:
            return
        steps.spend(len(near) * len(far))
        self.outward.update(near)
        for here in near if far else ():
            self.between.setdefault(here, set()).update(far)
        for there in far if near else ():
            self.between.setdefault(there, set()).update(near)


@lru_cache(maxsize=2)
def open_ways(cluster: Cluster) -> OpenWays:
    """Those of a cluster, put together once; raises TooManyStepsError."""
    return OpenWays(cluster)
