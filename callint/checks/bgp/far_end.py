"""The address that a BGPPeer names, held against the addresses and interfaces of the cluster's own nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any

from callint.bgp.network import network
from callint.bgp.nodes import Speaker
from callint.bgp.session import Session
from callint.calico.defaults import BGP_PORT
from callint.checks.bgp.peers import far_ends, peerings
from callint.checks.bgp.unsettled import unsettled
from callint.checks.breach import Breach, Question, asked
from callint.checks.left_open import left_in
from callint.facts import Interface, NodeFacts
from callint.finding import Related, Span, witness
from callint.net.address import BITS, Address, Prefix
from callint.net.enclosing import Enclosing
from callint.net.interface import glob_matches
from callint.net.read import network as network_of
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer
from callint.objects.node import bgp_path, bgp_value
from callint.objects.reservations import reserved
from callint.steps import Steps

_IPV4 = "ipv4Address"


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Far ends at the wrong place.

    Parameter `problem`: `itself` (the far end is the node), `inside` (it is in a pool or service range), `port` (the
    node at the far end listens on another port), `network` (it is the address of a network), `source` (it is in the
    network of an interface that does not have the address which the session is bound to), `ignored-interface` (it is in
    the network of an ignored interface).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _owner(cluster: Cluster, address: Address) -> Speaker | None:
    return network(cluster).nodes.owners.get(address)


def _itself(cluster: Cluster) -> Iterator[Breach]:
    steps = Steps(cluster, "selectors of BGPPeers with nodes")
    for peer, address, _ in far_ends(cluster):
        selected = _only_node(cluster, peer, steps)
        if selected is None:
            continue
        facts = selected.facts
        held = [span for _, span in _own(cluster)[facts.node].get(address, ())] if facts is not None else []
        if held or selected.address(address.family) == address:
            yield Breach.at(
                peer.resource,
                ("spec", "peerIP"),
                f'BGPPeer "{peer.resource.name}" is about node "{selected.name}" alone, and {address} is an address of '
                "that node: no node peers with itself",
                tuple(Related(span, "the node's own address") for span in held[:1]),
                witness("address", address=str(address), node=selected.name),
            )


def _only_node(cluster: Cluster, peer: BGPPeer, steps: Steps) -> Speaker | None:
    """The node of a peer for one node, by name or because the selector matches one and no other.

    Raises TooManyStepsError.
    """
    model = network(cluster)
    if peer.node_selector is None:
        return model.speakers.get(peer.node or "")
    if unsettled(cluster).all or unsettled(cluster).nodes or left_in(peer.resource, ("spec", "nodeSelector")):
        return None
    found = list(islice(model.nodes.selected(peer.node_selector, steps), 2))
    if len(found) != 1:
        return None
    ((alike, sure),) = found
    return alike.first if sure and len(alike.members) == 1 else None


def _inside(cluster: Cluster) -> Iterator[Breach]:
    ranges = Enclosing(_own_ranges(cluster))
    for peer, address, _ in far_ends(cluster):
        if _owner(cluster, address) is not None or reserved(cluster, address.prefix()):
            continue
        for inside, (about, related) in ranges.of(address.prefix())[:1]:
            yield Breach.at(
                peer.resource,
                ("spec", "peerIP"),
                f'BGPPeer "{peer.resource.name}" peers with {address}, which is in {about}: such addresses belong '
                "to the cluster, and no router has one",
                (related,),
                witness("address", address=str(address), peer=peer.resource.name, inside=str(inside)),
            )


def _own_ranges(cluster: Cluster) -> Iterator[tuple[Prefix, tuple[str, Related]]]:
    for pool in cluster.pools:
        inside = pool.net
        if inside is not None and pool.for_pods and not pool.unreadable:
            name = f'IPPool "{pool.name}"'
            yield inside, (f"{name}, whose addresses pods get", Related(pool.span("cidr"), "the pool"))
    default = network(cluster).settings.default
    if default is None:
        return
    for index, cidr in enumerate(default.service_cluster_ips):
        inside = network_of(cidr)
        if inside is not None:
            span = default.resource.span("spec", "serviceClusterIPs", index, "cidr")
            yield inside, (f'the service range "{cidr}"', Related(span, "the range of services"))


def _port(cluster: Cluster) -> Iterator[Breach]:
    for peer, address, port in far_ends(cluster):
        owner = _owner(cluster, address)
        if port is None or owner is None or port == (owner.port or BGP_PORT):
            continue
        configuration = network(cluster).settings.listening(owner.name)
        related: tuple[Related, ...] = ()
        if configuration is not None and owner.port is not None:
            related = (Related(configuration.resource.span("spec", "listenPort"), "what the node listens on"),)
        yield Breach.at(
            peer.resource,
            ("spec", "peerIP"),
            f'BGPPeer "{peer.resource.name}" calls port {port} of {address}, but node "{owner.name}" listens on '
            f"{owner.port or BGP_PORT}",
            related,
            witness("address", address=str(address), node=owner.name, port=port, listens_on=owner.port or BGP_PORT),
        )


def _network_itself(cluster: Cluster) -> Iterator[Breach]:
    """Of IPv4 alone, whose networks keep two addresses: told where that holds in each known network around it."""
    subnets = Enclosing((one.masked(), (one, name)) for one, name in _held(cluster))
    for peer, address, _ in far_ends(cluster):
        around = subnets.of(address.prefix()) if address.family == 4 else []
        if not around or any(net.length >= BITS[4] - 1 or net.first < address.value < net.last for net, _ in around):
            continue
        net, (held, name) = around[0]
        what = f"the address of {net} itself" if address.value == net.first else f"the broadcast address of {net}"
        yield Breach.at(
            peer.resource,
            ("spec", "peerIP"),
            f'BGPPeer "{peer.resource.name}" peers with {address}, {what}, in which node "{name}" is: no router has it',
            tuple(Related(span, "is in that network") for span in _places(cluster, name, held)[:1]),
            witness("address", address=str(address), network=str(net), node=name),
            "write the address of the router",
        )


def _held(cluster: Cluster) -> Iterator[tuple[Prefix, str]]:
    """The IPv4 addresses of nodes with their networks: of each network the first."""
    found: dict[Prefix, tuple[Prefix, str]] = {}
    for speaker in network(cluster).speakers.values():
        own = (one.prefix for _, one in (speaker.facts.addresses if speaker.facts is not None else ()))
        for held in (speaker.networks.get(4), *own):
            if held is not None and held.family == 4:
                found.setdefault(held.masked(), (held, speaker.name))
    yield from found.values()


def _places(cluster: Cluster, name: str, held: Prefix) -> list[Span]:
    """Where a node is said to have an address."""
    node, facts = cluster.nodes[name], cluster.facts.get(name)
    objects = [one.span(*bgp_path(one, _IPV4)) for one in node.resources if bgp_value(one, _IPV4) == str(held)]
    shown = facts.addresses if facts is not None else ()
    return objects + [one.span for _, one in shown if one.prefix == held]


def _adjacent(cluster: Cluster) -> Iterator[tuple[BGPPeer, Session, Interface, Address]]:
    """Sessions whose far end is in the network of an interface that facts show, with this interface.

    No node peers with an address of its own, so that such a far end is left out.
    """
    for peer, address, _ in far_ends(cluster):
        for session in (one.first for one in peerings(cluster, peer)):
            # A node with facts is like no other, so that this is each of its sessions.
            facts = session.local.facts
            interface = _towards(cluster, facts, address) if facts is not None and not session.form.reverse else None
            if facts is not None and interface is not None and address not in _own(cluster)[facts.node]:
                yield peer, session, interface, address


@lru_cache(maxsize=1)
def _own(cluster: Cluster) -> dict[str, dict[Address, list[tuple[Interface, Span]]]]:
    """The addresses of each node that facts show, with their interfaces and places."""
    found: dict[str, dict[Address, list[tuple[Interface, Span]]]] = {}
    for name, facts in cluster.facts.items():
        mine = found.setdefault(name, {})
        for interface, one in facts.addresses:
            mine.setdefault(one.bare, []).append((interface, one.span))
    return found


@lru_cache(maxsize=1)
def _interfaces(cluster: Cluster) -> dict[str, Enclosing[tuple[int, Interface]]]:
    """The first interface of each network that facts of a node show, with its place, of those that are not down."""
    found: dict[str, Enclosing[tuple[int, Interface]]] = {}
    for name, facts in cluster.facts.items():
        first: dict[Prefix, tuple[int, Interface]] = {}
        up = (about for about in facts.addresses if about[0].up is not False)
        for place, (interface, one) in enumerate(up):
            first.setdefault(one.prefix.masked(), (place, interface))
        found[name] = Enclosing(first.items())
    return found


def _towards(cluster: Cluster, facts: NodeFacts, address: Address) -> Interface | None:
    """The first interface of a node in whose network an address is."""
    found = (about for _, about in _interfaces(cluster)[facts.node].of(address.prefix()))
    return min(found, key=itemgetter(0), default=(0, None))[1]


def _source(cluster: Cluster) -> Iterator[Breach]:
    """The session is bound to the node's BGP address, which is then the next hop that the far end is told."""
    for peer, session, interface, address in _adjacent(cluster):
        if peer.source_address == "None" or peer.resource.unreadable("spec", "sourceAddress"):
            continue
        own = session.local.networks.get(session.family)
        held = _own(cluster)[session.local.name].get(own.address, ()) if own is not None else ()
        if own is not None and (own.contains(address) or any(one is interface for one, _ in held)):
            continue
        path = ("spec", "sourceAddress") if peer.source_address is not None else ("spec", "peerIP")
        related = (Related(interface.span, f"the interface towards {address}"),)
        node = session.local.name
        if own is None:
            yield Breach.at(
                peer.resource,
                path,
                f'whether BGPPeer "{peer.resource.name}" is bound to the address of {interface.name}, in whose network '
                f'{address} is, is not known: it depends on the BGP address of node "{node}"',
                related,
                help="`sourceAddress: None` makes it the address of the interface, whatever the node's own is",
                undecided=True,
            )
            continue
        yield Breach.at(
            peer.resource,
            path,
            f'BGPPeer "{peer.resource.name}" is bound to {own.address}, the BGP address of node "{node}", but '
            f'{address} is in the network of "{interface.name}": the far end is called from {own.address} and told it '
            "as next hop",
            related,
            witness("address", address=str(own.address), node=node, interface=interface.name, peer=str(address)),
            help="`sourceAddress: None` lets the kernel choose the address of that interface",
        )


def _ignored_interface(cluster: Cluster) -> Iterator[Breach]:
    default = network(cluster).settings.default
    if default is None:
        return
    for peer, session, interface, address in _adjacent(cluster):
        for index, pattern in enumerate(default.ignored_interfaces):
            if glob_matches(pattern, interface.name):
                yield Breach.at(
                    default.resource,
                    ("spec", "ignoredInterfaces", index),
                    f'"{pattern}" hides the network of "{interface.name}" from BIRD on node "{session.local.name}", '
                    f'but BGPPeer "{peer.resource.name}" peers with {address} in it: traffic takes another way',
                    (
                        Related(peer.resource.span("spec", "peerIP"), f'in the network of "{interface.name}"'),
                        Related(interface.span, "the interface"),
                    ),
                    witness("interface", interface=interface.name, node=session.local.name, peer=str(address)),
                )


QUESTIONS: dict[str, Question] = {
    "itself": _itself,
    "inside": _inside,
    "port": _port,
    "network": _network_itself,
    "source": _source,
    "ignored-interface": _ignored_interface,
}
