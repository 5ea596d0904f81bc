"""Who would really be at the other end of what a node needs, as far as objects and facts tell."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from callint.checks.traffic.need import Need
from callint.checks.traffic.place import About, Site, internal
from callint.checks.traffic.sites import has_role, nodes_with
from callint.facts import Address as FactAddress
from callint.net import intervals
from callint.net.address import BITS
from callint.objects import Cluster
from callint.policy.nodes import calico_addresses
from callint.policy.ranges import EVERYWHERE, NO_RANGES, Ranges, intersection, ranges, singles, union, without
from callint.record import NamedTuple

_OTHERS = without(EVERYWHERE, ranges(("127.0.0.0/8", "::1/128")))
"""Addresses of which none is that of every node itself."""


class Peers(NamedTuple):
    """`addresses` all of which must get through, or of which one must, whichever, if it is `somebody`.

    `among` are addresses that hold those of many sites, one value for all of these. Of `anyones` a rule may shut some
    out on purpose, by name.
    """

    addresses: Ranges
    among: Ranges | None = None
    anyones: bool = False
    somebody: bool = False


def peer_addresses(about: About, need: Need, site: Site) -> Peers:
    """The first peers of a need of which any is known; no addresses if nobody is meant. The node itself is no peer.

    Where the API server is known to be behind another interface, or on the only node, nobody else asks in its place.
    """
    for peers in need.peers:
        if peers == "somebody":
            return Peers(without(_OTHERS, about.addresses), somebody=True)
        among = _NODES[peers](about.cluster) if isinstance(peers, str) and peers in _NODES else None
        if among is not None:
            found = _others(among, about, site)
        else:
            found = _WORDS[peers](about, site) if isinstance(peers, str) else without(peers, about.addresses)
        if found != NO_RANGES or (peers == "control-plane" and _served(about)):
            return Peers(found, site.among if peers == "session" else among, peers == "neighbours")
    return Peers(NO_RANGES)


def _served(about: About) -> bool:
    """Whether it is known who has an API server: other nodes, or the node itself, beside which there is none."""
    servers, nodes = (without(_NODES[one](about.cluster), about.addresses) for one in ("control-plane", "nodes"))
    return servers != NO_RANGES or (nodes == NO_RANGES and has_role(about.cluster, about.name, "control-plane"))


def _neighbours(about: About, site: Site) -> Ranges:
    """Every address of the networks that the interface is in, the node's own and those of networks themselves aside."""
    interface = about.told.get(site.interface)
    found: list[FactAddress] = [
        one
        for one in (interface.addresses or () if interface else ())
        if not site.own or any(map(one.prefix.contains, site.own))
    ]
    inside: list[Ranges] = [NO_RANGES]
    for one in found:
        edge = 1 if one.length < BITS[one.version] - 1 else 0  # the first of IPv6 is any router's (RFC 4291 2.6.1)
        pair = ((one.first + edge, one.last - (edge if one.version == 4 else 0)),)
        inside.append((pair, ()) if one.version == 4 else ((), pair))
    return without(union(inside), about.addresses)


def _others(nodes: Ranges, about: About, site: Site) -> Ranges:
    """Addresses of other nodes, as far as the way to them leads through the interface."""
    others = without(nodes, about.addresses)
    return others if about.ways is None else intersection(others, about.ways.led_by(site.interface))


def _internal(role: str | None) -> Callable[[Cluster], Ranges]:
    @lru_cache(maxsize=8)
    def found(cluster: Cluster) -> Ranges:
        names = cluster.nodes if role is None else nodes_with(cluster, role)
        return singles(address for name in names for address in internal(cluster, name))

    return found


@lru_cache(maxsize=8)
def _calico(cluster: Cluster) -> Ranges:
    return singles(one for name in cluster.nodes for one in calico_addresses(cluster, name))


def _pods(about: About, site: Site) -> Ranges:
    """Pods of other nodes whose packets come with their own address: no tunnel, no masquerade (masq_mgr.go)."""
    if _others(_NODES["nodes"](about.cluster), about, site) == NO_RANGES:
        return NO_RANGES
    own = singles(site.own)
    pools = about.cluster.pools
    covered = any(intervals.overlaps(a, b) for pool in pools for a, b in zip(ranges((pool.cidr,)), own, strict=True))
    return ranges(
        pool.cidr
        for pool in pools
        if pool.for_pods and "Always" not in (pool.ipip_mode, pool.vxlan_mode) and (covered or not pool.nat_outgoing)
    )


def _session(about: About, site: Site) -> Ranges:
    return site.far or NO_RANGES


_WORDS: dict[str, Callable[[About, Site], Ranges]] = {"neighbours": _neighbours, "pods": _pods, "session": _session}
_NODES: dict[str, Callable[[Cluster], Ranges]] = {
    "nodes": _internal(None),
    "calico-nodes": _calico,
    "control-plane": _internal("control-plane"),
    "etcd": _internal("etcd"),
}
