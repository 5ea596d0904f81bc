"""The profiles of all nodes of a cluster, and what follows from each; nodes that are equal have the same one."""

from __future__ import annotations

from functools import cache, cached_property

from callint.bgp.alike import Alike
from callint.bgp.candidates import own_routes
from callint.bgp.export import Limits, limits
from callint.bgp.network import Network
from callint.bgp.nodes import Speaker, subnet
from callint.bgp.placement import Placement
from callint.bgp.pools import known_blocks, pools_of
from callint.bgp.profile import Profile, Shared, profile
from callint.bgp.services import alone, host_routes, listed, ranges
from callint.net.address import Address, Family
from callint.net.prefixes import PrefixSet, exactly, nothing, union_all
from callint.net.read import address
from callint.objects import Cluster


class Profiles:
    """What is equal for several nodes is made once."""

    def __init__(self, cluster: Cluster, network: Network) -> None:
        """Nothing is computed yet."""
        self._cluster = cluster
        self._network = network
        self._profiles: dict[object, Profile] = {}
        self._same: dict[tuple[object, ...], Profile] = {}
        self._same_limits: dict[tuple[object, ...], Limits] = {}
        self.own_routes = cache(own_routes)
        """The routes of nodes with a profile that they do not learn by BGP."""
        self.limits = cache(self._limits)
        """What Calico's own filter asks for on nodes with a profile."""
        self._limits_of = cache(self._make_limits)

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
        """The routes that nodes get for the peers that they have sessions by: to those with `reachableBy`."""
        found: dict[tuple[Alike, Family], dict[Address, None]] = {}
        for here, family, peer in ((one.here, one.family, one.form.peer) for one in self._network.peerings):
            reached = address(peer.peer_ip, family) if peer is not None and peer.reachable_by else None
            if reached is not None:
                found.setdefault((here, family), {})[reached] = None
        return {key: union_all(key[1], (exactly(one.prefix()) for one in several)) for key, several in found.items()}

    def of(self, speaker: Speaker, family: Family) -> Profile:
        """The profile of a node."""
        own = speaker.networks.get(family)
        alike = self._network.nodes.of(speaker)
        name = speaker.name if speaker.name in self._like_no_other else ""
        key = (alike, family, name, own and subnet(own))
        found = self._profiles.get(key)
        if found is None:
            made = profile(self.shared[family], alike, speaker, self._gateways.get((alike, family)) or nothing(family))
            found = self._profiles[key] = self.once(made)
        return found

    def once(self, made: Profile) -> Profile:
        """The first of those that are equal to a profile."""
        return self._same.setdefault(tuple(made), made)

    @cached_property
    def _like_no_other(self) -> frozenset[str]:
        """Nodes whose name counts: for their own configuration or blocks, and for services with local endpoints."""
        names = {name.removeprefix("node.") for name in self._network.settings.configurations}
        for shared in self.shared.values():
            names = names.union(shared.blocks.of_node, *(one.nodes or () for one in shared.hosts))
        return frozenset(names)

    def _limits(self, mine: Profile) -> Limits:
        return self._limits_of(self.once(mine.limiting()))

    def _make_limits(self, mine: Profile) -> Limits:
        made = limits(mine, self.shared[mine.family].pools)
        return self._same_limits.setdefault(tuple(made), made)
