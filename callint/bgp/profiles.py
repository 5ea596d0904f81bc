"""The profiles of all nodes of a cluster, and what follows from each; nodes that are equal have the same one."""

from __future__ import annotations

from functools import cached_property

from callint.bgp.alike import Alike
from callint.bgp.candidates import Routes, own_routes
from callint.bgp.export import Limits, limits
from callint.bgp.network import Network
from callint.bgp.nodes import Speaker, subnet
from callint.bgp.placement import Placement
from callint.bgp.pools import known_blocks, pools_of
from callint.bgp.profile import Profile, Shared, gateways, profile
from callint.bgp.services import alone, host_routes, listed, ranges
from callint.net.address import Family
from callint.net.prefixes import PrefixSet, exactly, nothing, union_all
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer


class Profiles:
    """What is equal for several nodes is made once."""

    def __init__(self, cluster: Cluster, network: Network) -> None:
        """Nothing is computed yet."""
        self._cluster = cluster
        self._network = network
        self._profiles: dict[object, Profile] = {}
        self._same: dict[Profile, Profile] = {}
        self._limits: dict[int, Limits] = {}
        self._limits_of: dict[Profile, Limits] = {}
        self._same_limits: dict[Limits, Limits] = {}
        self._own: dict[int, tuple[Routes, ...]] = {}

    @cached_property
    def shared(self) -> dict[Family, Shared]:
        """What all nodes have in common, by family."""
        cluster, settings = self._cluster, self._network.settings
        blocks, wanted = known_blocks(cluster), listed(cluster, settings.default)
        found = {}
        for family in self._network.families:
            hosts = host_routes(cluster, wanted, family)
            open_ = union_all(family, (exactly(one.prefix) for one in hosts if one.nodes is None))
            found[family] = Shared(
                family,
                cluster.target.release,
                settings,
                pools_of(cluster, family),
                blocks,
                Placement(cluster, self._network.nodes, pools_of(cluster, family), blocks, family),
                ranges(wanted, family),
                hosts,
                open_ | alone(cluster, wanted, family),
            )
        return found

    @cached_property
    def _gateways(self) -> dict[tuple[Alike, Family], PrefixSet]:
        found: dict[tuple[Alike, Family], dict[BGPPeer, None]] = {}
        for peering in self._network.peerings:
            peer = peering.form.peer
            if peer is not None and peer.reachable_by is not None:
                found.setdefault((peering.here, peering.family), {})[peer] = None
        return {(here, family): gateways(peers, family) for (here, family), peers in found.items()}

    def of(self, speaker: Speaker, family: Family) -> Profile:
        """The profile of a node; equal nodes have the same object, whose id is quicker to look up than its text."""
        own = speaker.networks.get(family)
        alike = self._network.nodes.of(speaker)
        name = speaker.name if speaker.name in self._like_no_other else ""
        key = (alike, family, name, own and subnet(own))
        found = self._profiles.get(key)
        if found is None:
            made = profile(self.shared[family], alike, speaker, self._gateways.get((alike, family)) or nothing(family))
            found = self._profiles[key] = self._same.setdefault(made, made)
        return found

    @cached_property
    def _like_no_other(self) -> frozenset[str]:
        """Nodes whose name counts: for their own configuration or blocks, and for services with local endpoints."""
        names = {name.removeprefix("node.") for name in self._network.settings.configurations}
        for shared in self.shared.values():
            names = names.union(shared.blocks.of_node, *(one.nodes or () for one in shared.hosts))
        return frozenset(names)

    def own_routes(self, speaker: Speaker, family: Family) -> tuple[Routes, ...]:
        """The routes that a node does not learn by BGP."""
        mine = self.of(speaker, family)
        found = self._own.get(id(mine))
        if found is None:
            found = self._own[id(mine)] = own_routes(mine)
        return found

    def limits(self, mine: Profile) -> Limits:
        """What Calico's own filter asks for on nodes with this profile; equal ones are the same object, too."""
        found = self._limits.get(id(mine))
        if found is None:
            asked = mine.limiting()
            found = self._limits_of.get(asked)
            if found is None:
                made = limits(asked, self.shared[mine.family].pools)
                found = self._limits_of[asked] = self._same_limits.setdefault(made, made)
            self._limits[id(mine)] = found
        return found
