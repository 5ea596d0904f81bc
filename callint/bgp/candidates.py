"""The routes that a node's BIRD has of its own, before any filter, as sets with attributes."""

from __future__ import annotations

from collections.abc import Iterator

from callint.bgp.profile import Profile
from callint.bgp.route import DEFAULT_LOCAL_PREF, HIGHEST, Attributes, Origin, Passage, Presence
from callint.net.address import BITS
from callint.net.prefixes import PrefixSet, everything, exactly, union_all, within
from callint.record import NamedTuple


class Routes(NamedTuple):
    """Routes of one node that are alike in all but the prefix; `because` says where they come from.

    For routes that BGP brought, `learned` says over what kind of session they came; others lead to a gateway or not.
    """

    prefixes: PrefixSet
    presence: Presence
    attributes: Attributes
    because: str
    learned: Passage | None = None
    by_gateway: bool = False

    @property
    def origin(self) -> Origin:
        """Which of BIRD's protocols they come from."""
        return self.attributes.origin or "kernel"


def own_routes(profile: Profile) -> tuple[Routes, ...]:
    """The routes that a node does not learn by BGP."""
    return tuple(routes for routes in _own_routes(profile) if routes.prefixes)


def local_pref(profile: Profile, metric: int | None) -> int:
    """LOCAL_PREF of a route with a kernel metric; None has none, as static and connected routes (v3.32, X1)."""
    if profile.release < (3, 32):
        return DEFAULT_LOCAL_PREF
    return HIGHEST - (profile.priority if metric is None else metric)


def _own_routes(profile: Profile) -> Iterator[Routes]:
    family, usual = profile.family, local_pref(profile, None)
    blackhole = Attributes("block", "", (), (), usual)
    if profile.blocks is not None:
        originated = (block.network for block in profile.blocks if block.network.length < BITS[family])
        yield Routes(union_all(family, map(exactly, originated)), "all", blackhole, "IPAM blocks")
    for pool, length, sure in profile.possible:
        if length < BITS[family]:
            yield Routes(within(pool, length, length), "some" if sure else "any", blackhole, f"IPAM blocks of {pool}")
    service = Attributes("service", "", (), (), usual)
    if profile.services:
        yield Routes(union_all(family, map(exactly, profile.services)), "all", service, "addresses of services")
    if profile.perhaps:
        yield Routes(profile.perhaps, "any", service, "single addresses of services")
    if profile.gateways:
        static = Attributes("static", None, (), (), usual)
        yield Routes(profile.gateways, "all", static, "reachableBy of a BGPPeer", by_gateway=True)
    connected = Attributes("connected", None, (), (), usual)
    for network in profile.connected:
        where = f"network of {network.interface}" if network.interface else "network of the BGP address"
        yield Routes(exactly(network.prefix), "all", connected._replace(interface=network.interface), where)
    if not profile.interfaces_known:
        yield Routes(everything(family), "any", connected, "networks of its interfaces")
    for network in profile.kernel:
        attributes = Attributes("kernel", network.interface, (), (), local_pref(profile, network.metric))
        presence: Presence = "all" if network.sure else "any"
        why = "routes of its kernel"
        yield Routes(exactly(network.prefix), presence, attributes, why, by_gateway=network.by_gateway)
    if not profile.routes_known:
        unknown = None if profile.release >= (3, 32) else DEFAULT_LOCAL_PREF
        yield Routes(everything(family), "any", Attributes("kernel", None, (), (), unknown), "routes of its kernel")
