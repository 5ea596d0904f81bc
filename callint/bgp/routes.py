"""The relation: for a session, what it exports and imports, what decided it, and with which communities."""

from __future__ import annotations

from functools import cached_property

from callint.bgp.candidates import Routes
from callint.bgp.decision import Decision
from callint.bgp.export import Limits
from callint.bgp.filters import Part
from callint.bgp.imports import Kernel, kernel
from callint.bgp.network import network
from callint.bgp.nodes import Speaker
from callint.bgp.pools import known_blocks, pools_of
from callint.bgp.profile import Profile, Shared, profile
from callint.bgp.rules import Direction, Rule
from callint.bgp.services import host_routes, ranges
from callint.bgp.session import Form
from callint.net.address import Family
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer


class Source(tuple[Form, "Profile | None", bool]):
    """Sessions by which a node learns routes that are alike: form, profile of the far end, whether it is only one."""

    __slots__ = ()


class Engine:
    """Decides on routes; whatever is equal for several nodes or sessions is computed once."""

    def __init__(self, cluster: Cluster) -> None:
        """Nothing is computed yet."""
        self.cluster = cluster
        self.network = network(cluster)
        self._profiles: dict[tuple[str, Family], Profile] = {}
        self._interned: dict[Profile, Profile] = {}
        self._limits: dict[Profile, Limits] = {}
        self._own: dict[Profile, tuple[Routes, ...]] = {}
        self._rules: dict[tuple[tuple[str, ...], Direction, Family], tuple[Rule, ...]] = {}
        self._parts: dict[object, tuple[Part, ...]] = {}
        self._exports: dict[object, tuple[Decision, ...]] = {}
        self._imports: dict[object, tuple[Decision, ...]] = {}

    @cached_property
    def shared(self) -> dict[Family, Shared]:
        """What all nodes have in common, by family."""
        cluster, settings = self.cluster, self.network.settings
        blocks = known_blocks(cluster)
        return {
            family: Shared(
                family,
                cluster.target.release,
                settings,
                pools_of(cluster, family),
                blocks,
                ranges(settings.default, family),
                host_routes(cluster, settings.default, family),
            )
            for family in self.network.families
        }

    @cached_property
    def kernels(self) -> dict[Family, Kernel]:
        """What BIRD keeps out of the kernel, by family."""
        configuration, release = self.network.settings.default, self.cluster.target.release
        return {
            family: kernel(shared.pools, shared.ranges, configuration, release)
            for family, shared in self.shared.items()
        }

    @cached_property
    def _gatewayed(self) -> dict[tuple[str, Family], tuple[BGPPeer, ...]]:
        found: dict[tuple[str, Family], list[BGPPeer]] = {}
        for session in self.network.explicit:
            if session.peer is not None and session.peer.reachable_by is not None:
                found.setdefault((session.local.name, session.family), []).append(session.peer)
        return {key: tuple(dict.fromkeys(peers)) for key, peers in found.items()}

    def profile(self, speaker: Speaker, family: Family) -> Profile:
        """The profile of a node; equal nodes have the same object."""
        key = (speaker.name, family)
        found = self._profiles.get(key)
        if found is None:
            made = profile(self.shared[family], speaker, self._gatewayed.get(key, ()))
            found = self._profiles[key] = self._interned.setdefault(made, made)
        return found
