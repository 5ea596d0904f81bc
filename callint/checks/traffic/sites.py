"""At which interfaces of which nodes a need is evident: from configuration, facts, sockets and objects."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from typing import Any

from callint.checks.breach import CheckError
from callint.checks.traffic.bgp_calls import count_of_peers
from callint.checks.traffic.flow_terms import read_ports
from callint.checks.traffic.need import Evidence, Need
from callint.checks.traffic.place import About, Site, internal
from callint.checks.traffic.session_sites import session_sites
from callint.facts import Listener
from callint.net import intervals
from callint.net.address import FAMILIES, Address, Family
from callint.net.ports import ICMP, ICMPV6
from callint.net.read import address
from callint.objects import Cluster, Resource
from callint.objects.cluster_networks import api_endpoints
from callint.policy.doubt import UndecidedError
from callint.policy.links import inner_interfaces, outward_interfaces
from callint.policy.nodes import calico_addresses
from callint.policy.packet import protocol_number
from callint.policy.ranges import PLACE, singles
from callint.selector import Selector, SelectorError, parse
from callint.steps import Steps

_OF_WAY = 4  # steps that it takes to find the way from one node to another
_OF_SESSION = 20  # and to see what a session needs, which is mostly asked for several times
_ECHO: dict[object, Family] = {(ICMP, ((8, 8),)): 4, (ICMPV6, ((128, 128),)): 6}
# links without link-layer addresses, as `ip -details` names their kinds, and what such links are usually called
_BARE_KINDS = frozenset(("wireguard", "tun", "ppp", "ipip", "ip6tnl", "sit", "gre", "vti", "vti6", "xfrm"))
_BARE_NAMES = ("wg", "tun", "ppp", "tailscale", "sit", "ip6tnl")


def sites(abouts: Collection[About], need: Need) -> tuple[Site, ...]:
    """Where a need is evident, each interface for each far end and port once, by the strongest evidence for it.

    Raises TooManyStepsError.
    """
    if not abouts:
        return ()
    found: dict[object, dict[int | None, Site]] = {}
    cluster = next(iter(abouts)).cluster
    looked = [one for one in need.at if _may_be_seen(cluster, one)]
    for one in looked:
        if one.word == "way":
            far = nodes_with(cluster, str(one.value))
            Steps(cluster, "nodes with those of a role").spend(_OF_WAY * len(abouts) * len(far))
        elif one.word == "session":
            sessions = count_of_peers(cluster, (about.name for about in abouts))
            Steps(cluster, "BGP sessions of nodes with host endpoints").spend(_OF_SESSION * sessions)
        elif one.word == "endpoint":
            endpoints = len(api_endpoints(cluster))
            Steps(cluster, "nodes with addresses of the API server").spend(_OF_SESSION * len(abouts) * endpoints)
    for about in abouts:
        for evidence in looked:
            strongest: dict[object, dict[int | None, Site]] = {}
            for site in _LOOKS[evidence.word](about, need, evidence):
                if site.key not in found:
                    if evidence.missing is not None and about.sockets is None:
                        site = site._replace(missing=evidence.missing)
                    strongest.setdefault(site.key, {}).setdefault(site.port, site)
            found |= strongest
    return tuple(site for sites in found.values() for site in sites.values())


def _may_be_seen(cluster: Cluster, evidence: Evidence) -> bool:
    """Whether anything in the cluster tells of such."""
    if evidence.word in ("listener", "route"):
        return bool(cluster.facts)
    return bool(cluster.facts or cluster.intent.services) if evidence.word == "declared" else True


def _declared(about: About, need: Need, evidence: Evidence) -> Iterator[Site]:
    name = evidence.value
    asked = set()
    for interface, services in about.cluster.intent.services.get(about.name, {}).items():
        for one in about.interfaces if interface == "*" else (interface,):
            if name in services and not _other_ping(about, need, own := about.own(one)):
                asked.add(one)
                yield Site(about.name, one, own, "the configuration asks for it", port=services[name])
    for service in (about.facts.services or ()) if about.facts else ():
        own = about.own(service.interface)
        if service.name == name and service.interface not in asked and not _other_ping(about, need, own):
            yield Site(about.name, service.interface, own, "its facts declare it", service.span, service.port)


def _other_ping(about: About, need: Need, own: tuple[Address, ...]) -> bool:
    """Whether it is ping of an IP version that an interface without known addresses does not seem to have.

    It is IPv4, unless all that is known of its node is IPv6.
    """
    version = _ECHO.get((need.packets.protocol, need.packets.icmp_types))
    if own or version is None:
        return False
    return version != next((family for family in FAMILIES if about.addresses[PLACE[family]]), FAMILIES[0])


def _listener(about: About, need: Need, evidence: Evidence) -> Iterator[Site]:
    wanted = evidence.value
    if about.facts is None:
        return
    heard: set[object] = set()
    for one in about.facts.listeners or ():
        where = one.interface or (one.address and one.address[1:3])
        if where in heard or not _is_wanted(one, need, wanted):
            continue
        heard.add(where)  # a further one there would be another reason for the same sites
        port = one.port if "process" in wanted else None
        reason = f"port {one.port} is listened on" if one.port else f"a socket takes IP protocol {one.protocol}"
        for name, own in _heard_at(about, one, bound=wanted.get("bound") is True):
            yield Site(about.name, name, own, reason, one.span, port)


def _is_wanted(one: Listener, need: Need, wanted: dict[str, Any]) -> bool:
    """Whether it is the socket that a rule describes; of a process that is not known, the port decides."""
    same_protocol = protocol_number(one.protocol) == need.packets.protocol
    if "process" in wanted and one.process is not None:
        return same_protocol and one.process == wanted["process"]
    ports = need.packets.ports if wanted.get("ports") is None else read_ports(wanted["ports"])
    return same_protocol and (ports is None or intervals.contains(ports, one.port or 0))


def _heard_at(about: About, listener: Listener, *, bound: bool) -> Iterator[tuple[str, tuple[Address, ...]]]:
    """Interfaces at which a socket is meant to be reached; one for every address serves those behind the node only."""
    if listener.interface is not None:
        if listener.interface in about.interfaces:
            yield listener.interface, about.own(listener.interface)
    elif listener.address is not None and not listener.everywhere:
        own = listener.address.bare
        yield from ((name, (own,)) for name in about.at.get(own, ()) if about.leads_somewhere(name))
    elif about.facts is not None and not bound:
        inner = [one.name for one in inner_interfaces(about.cluster, about.facts) if one.name in about.interfaces]
        yield from ((name, about.own(name)) for name in inner)


def _role(about: About, need: Need, evidence: Evidence) -> Iterator[Site]:
    if has_role(about.cluster, about.name, evidence.value):
        heard = about.sockets if evidence.missing is not None else None
        if heard is not None and not any(_is_wanted(one, need, {}) for one in heard if one.everywhere):
            return
        for name, own in about.holding(about.internal):
            article = "an" if str(evidence.value).startswith(("a", "e", "i", "o", "u")) else "a"
            yield Site(about.name, name, own, f"it is {article} {evidence.value} node")


def has_role(cluster: Cluster, name: str, role: object) -> bool:
    """Whether a label or facts give a node a role."""
    known, facts = cluster.nodes.get(name), cluster.facts.get(name)
    if facts is not None and facts.roles is not None and role in facts.roles:
        return True
    return known is not None and (
        f"node-role.kubernetes.io/{role}" in known.labels or (role == "control-plane" and known.control_plane)
    )


@lru_cache(maxsize=8)
def nodes_with(cluster: Cluster, role: str) -> tuple[str, ...]:
    """The nodes that are known to have a role."""
    return tuple(name for name in cluster.nodes if has_role(cluster, name, role))


def _nodes(about: About, need: Need, evidence: Evidence) -> Iterator[Site]:
    """Nodes by a selector over their labels, at their internal address, unless facts tell that nothing listens."""
    if about.known is None or not about.known.resources or not _selector(evidence).matches(about.known.labels):
        return
    sockets = about.sockets if need.direction == "in" else None
    if sockets is None or any(_is_wanted(one, need, {}) for one in sockets):
        for name, own in about.holding(about.internal):
            yield Site(about.name, name, own, need.because or "it is a node of the cluster")


def _outward(about: About, need: Need, evidence: Evidence) -> Iterator[Site]:
    """Every node, at the interfaces by which a default route leaves, or at any of them while routes are unknown."""
    names = outward_interfaces(about.facts) if about.facts else None
    reason = need.because or "it is a node of the cluster"
    if names is not None:
        yield from (Site(about.name, name, about.own(name), reason) for name in names)
    elif about.interfaces:
        first, *others = about.interfaces
        more = tuple((name, about.own(name)) for name in others)
        yield Site(about.name, first, about.own(first), reason, others=more)


def _way(about: About, need: Need, evidence: Evidence) -> Iterator[Site]:
    """The interfaces that lead to other nodes with a role; where no node is known to have it, those outward."""
    having = nodes_with(about.cluster, str(evidence.value))
    far = [one for name in having if name != about.name for one in internal(about.cluster, name)]
    if not having:
        yield from _outward(about, need, evidence)
    for name in dict.fromkeys(about.ways.to(one) for one in far) if about.ways else ():
        if name in about.interfaces and name is not None:
            yield Site(about.name, name, about.own(name), need.because)
    if far and about.facts is None:
        yield from _outward(about, need, evidence)


def _endpoint(about: About, need: Need, evidence: Evidence) -> Iterator[Site]:
    """Nodes that ask the API server at another port than the need's; one of the control plane may ask itself there."""
    ports = need.packets.ports
    for one in api_endpoints(about.cluster) if not has_role(about.cluster, about.name, "control-plane") else ():
        there = address(one.host)
        if there in about.at or ports is None or intervals.contains(ports, one.port):
            continue
        reason, span = f'"{one.path[-1]}" says that the API server is there', one.resource.span(*one.path)
        way = about.ways.to(there) if about.ways is not None and there is not None else None
        for site in _outward(about, need, evidence) if way is None else [Site(about.name, way, about.own(way), "")]:
            yield site._replace(reason=reason, span=span, port=one.port, far=singles([there]) if there else None)


def _route(about: About, need: Need, evidence: Evidence) -> Iterator[Site]:
    """Interfaces with a route that came by a protocol, such as `dhcp` or `ra`."""
    for route in (about.facts.routes or ()) if about.facts else ():
        if route.protocol == evidence.value and route.interface in about.interfaces and route.interface is not None:
            reason = f"a route was learned by {evidence.value}"
            yield Site(about.name, route.interface, about.own(route.interface), reason, route.span)


def _tunnel(about: About, need: Need, evidence: Evidence) -> Iterator[Site]:
    """Nodes with a tunnel of Calico, at the addresses between which it runs."""
    try:
        tunnels = about.model.at(about.name).tunnels
    except UndecidedError:
        return
    on: dict[str, dict[int, Any]] = {
        "vxlan": tunnels.vxlan,
        "ipip": {4: tunnels.ipip},
        "wireguard": tunnels.wireguard,
    }
    kind = str(evidence.value)
    families = [family for family in FAMILIES if on.get(kind, {}).get(family)]
    if not families:
        return
    for name, addresses in about.holding(calico_addresses(about.cluster, about.name) if about.known else ()):
        for family in families:
            own = tuple(one for one in addresses if one.family == family)
            if own:
                port = {"vxlan": tunnels.vxlan_port, "wireguard": tunnels.wireguard[family]}.get(kind)
                yield Site(about.name, name, own, need.because, None, port)


def _deployed(about: About, need: Need, evidence: Evidence) -> Iterator[Site]:
    """Every node of a cluster whose manifests hold a workload or service of a name."""
    for resource in _named(about.cluster, str(evidence.value)):
        reason, span = f'the manifests hold the {resource.kind} "{resource.name}"', resource.span("metadata", "name")
        yield from (site._replace(reason=reason, span=span) for site in _outward(about, need, evidence))


@lru_cache(maxsize=64)
def _named(cluster: Cluster, name: str) -> tuple[Resource, ...]:
    """What is deployed under a name."""
    kinds = (("Deployment", "apps/v1"), ("DaemonSet", "apps/v1"), ("Service", "v1"))
    return tuple(one for kind, version in kinds for one in cluster.kubernetes(kind, version) if one.name == name)


def _ipv6(about: About, need: Need, evidence: Evidence) -> Iterator[Site]:
    """Interfaces with an IPv6 address that is not link-local alone, and with a link on which neighbours are sought."""
    for name, addresses in about.interfaces.items():
        own = tuple(one for one in addresses if one.family == 6)
        if all(one.link_local for one in own):
            continue
        known = about.told.get(name)
        bare = name.startswith(_BARE_NAMES) if known is None or known.kind is None else known.kind in _BARE_KINDS
        if not bare and about.leads_somewhere(name):
            yield Site(about.name, name, own, f"the interface has the address {own[0]}")


def _selector(evidence: Evidence) -> Selector:
    try:
        return parse(evidence.value)
    except SelectorError as error:
        raise CheckError(f'"nodes" needs a selector over labels of nodes: {error}', "at") from error


_LOOKS: dict[str, Callable[[About, Need, Evidence], Iterator[Site]]] = {
    "declared": _declared,
    "listener": _listener,
    "role": _role,
    "nodes": _nodes,
    "outward": _outward,
    "way": _way,
    "endpoint": _endpoint,
    "route": _route,
    "tunnel": _tunnel,
    "session": session_sites,
    "deployed": _deployed,
    "ipv6": _ipv6,
}
