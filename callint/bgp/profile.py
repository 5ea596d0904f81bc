"""A node as its routes see it: its blocks, networks and announcements; nodes that are equal share one profile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from callint.bgp.alike import Alike
from callint.bgp.nodes import Settings, Speaker, subnet
from callint.bgp.placement import Placement, Possible
from callint.bgp.pools import Block, Blocks, Pools
from callint.bgp.services import HostRoute, Ranges, excluded
from callint.bgp.tagging import Tagging, tags
from callint.calico import Release
from callint.calico.defaults import NORMAL_ROUTE_PRIORITY
from callint.facts.values import NodeFacts
from callint.net.address import Family, Prefix
from callint.net.interface import glob_matches
from callint.net.prefixes import PrefixSet, nothing
from callint.objects import fields
from callint.record import NamedTuple, known_by_itself

# Always left out of BIRD's direct protocol (bird.cfg.template)
_NEVER_CONNECTED = ("cali*", "kube-ipvs*")
# Routes of these protocols BIRD does not learn from the kernel (bird sysdep/linux/netlink.c nl_parse_route)
_NEVER_LEARNED = ("kernel", "redirect", "bird")


class Network(NamedTuple):
    """A network that the node has: where it leaves (None: not known), and for kernel routes the metric."""

    prefix: Prefix
    interface: str | None
    metric: int | None = None
    sure: bool = True
    by_gateway: bool = False


@known_by_itself
class Profile(NamedTuple):
    """What decides which routes a node has and lets out, in one family; nodes with equal profiles export alike.

    `blocks` None: not known, they lie in `possible`. `connected` and `kernel` are
    complete where `interfaces_known` and `routes_known` say so.
    """

    family: Family
    release: Release
    priority: int
    reflector: bool
    blocks: tuple[Block, ...] | None
    possible: Possible
    services: tuple[Prefix, ...]
    perhaps: PrefixSet
    reflected: tuple[Prefix, ...]
    gateways: PrefixSet
    connected: tuple[Network, ...]
    kernel: tuple[Network, ...]
    interfaces_known: bool
    routes_known: bool
    tagging: Tagging
    node: str

    def bare(self) -> Profile:
        """The same without what a node has of its own: what is left decides on the routes of all nodes."""
        blocks = None if self.blocks is None else ()
        none = nothing(self.family)
        return self._replace(blocks=blocks, possible=(), services=(), gateways=none, connected=(), kernel=(), node="")

    def limiting(self) -> Profile:
        """The same without routes that Calico's own filter asks about no more than about those of others."""
        none = nothing(self.family)
        return self._replace(perhaps=none, gateways=none, connected=(), kernel=())

    def own(self) -> Profile:
        """The same without routes that any node with what is left of it has, or may have."""
        return self._replace(perhaps=nothing(self.family), interfaces_known=True, routes_known=True)


class Shared(NamedTuple):
    """What all nodes of a cluster have in common, in one family."""

    family: Family
    release: Release
    settings: Settings
    pools: Pools
    blocks: Blocks
    placement: Placement
    ranges: Ranges
    hosts: tuple[HostRoute, ...]
    perhaps: PrefixSet


def profile(shared: Shared, alike: Alike, speaker: Speaker, gateways: PrefixSet) -> Profile:
    """The profile of one of nodes that are alike, named after the node only if it is unlike."""
    family, facts, configuration = shared.family, speaker.facts, shared.settings.default
    silent = excluded(speaker.labels)
    announced = () if silent else shared.ranges.announced
    everywhere = () if silent else (one.prefix for one in shared.hosts if one.everywhere)
    mine = [] if silent else [one.prefix for one in shared.hosts if one.nodes and speaker.name in one.nodes]
    blocks = shared.blocks.of(speaker.name, family)
    reflected: tuple[Prefix, ...] = ()
    if speaker.cluster_id:
        external = shared.ranges.external if shared.release >= (3, 33) else ()
        reflected = (*shared.ranges.load_balancer, *external)
    ignored = configuration.ignored_interfaces if configuration else ()
    spec = configuration.resource.spec if configuration else {}
    return Profile(
        family=family,
        release=shared.release,
        priority=fields.integer(spec, f"ipv{family}NormalRoutePriority") or NORMAL_ROUTE_PRIORITY,
        reflector=bool(speaker.cluster_id),
        blocks=blocks,
        possible=shared.placement.of(alike) if blocks is None else (),
        services=(*announced, *mine, *everywhere),
        perhaps=nothing(family) if silent else shared.perhaps,
        reflected=reflected,
        gateways=gateways,
        connected=tuple(dict.fromkeys(_connected(speaker, family, ignored))),
        kernel=tuple(_kernel(facts, family)) if facts else (),
        interfaces_known=facts is not None and facts.knows("interfaces"),
        routes_known=facts is not None and facts.knows("routes"),
        tagging=tags(shared.settings, speaker.name, family),
        node=speaker.name if facts is not None else "",
    )


def _connected(speaker: Speaker, family: Family, ignored: tuple[str, ...]) -> Iterator[Network]:
    facts, network = speaker.facts, speaker.networks.get(family)
    if facts is None or facts.interfaces is None:
        own = subnet(network) if network is not None else None
        if own is not None:
            yield Network(own, None)
        return
    for interface in facts.interfaces:
        if interface.up is False or any(glob_matches(one, interface.name) for one in (*_NEVER_CONNECTED, *ignored)):
            continue
        for one in interface.addresses or ():
            if one.version == family and not _local(family, one.value):
                yield Network(Prefix(family, one.first, one.length), interface.name)


def _local(family: Family, value: int) -> bool:
    """Loopback and link-local addresses have too small a scope for BIRD's direct protocol."""
    if family == 4:
        return value >> 24 == 127 or value >> 16 == 0xA9FE
    return value == 1 or value >> 118 == 0xFE80 >> 6


def _kernel(facts: NodeFacts, family: Family) -> Iterator[Network]:
    main = [one for one in facts.routes or () if one.table == "main" and one.destination.version == family]
    hops = Counter((one.destination.prefix.masked(), one.usual_metric) for one in main)
    for route in main:
        if route.protocol not in _NEVER_LEARNED and (route.type == "unicast" or route.dead):
            interface = "" if route.dead else route.interface
            known = route.protocol is not None
            prefix, metric, gateway = route.destination.prefix.masked(), route.usual_metric, route.gateway
            # Of several next hops, or one that other links have as well, BIRD tells no far end.
            several = hops[prefix, metric] > 1
            by_gateway = gateway is not None and not several and not (family == 6 and _local(6, gateway.value))
            yield Network(prefix, interface, metric, known, by_gateway)
