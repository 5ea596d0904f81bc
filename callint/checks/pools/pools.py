"""IP pools against each other and against nodes, and what they make of translation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from callint.bgp.pools import host_local
from callint.calico.defaults import BLOCK_SIZES, DEFAULT_POOLS, WIREGUARD_INTERFACES
from callint.checks.bgp.peers import far_ends
from callint.checks.breach import Breach, Question, all_names, asked
from callint.checks.pools.overlap import overlap
from callint.facts import Interface, NodeFacts
from callint.finding import Related, all_of, counted, witness
from callint.nat.host_networks import hosts_in
from callint.nat.masquerade import Masquerading, interface_matches
from callint.net.address import BITS, Address, Family, Prefix
from callint.net.enclosing import Enclosing
from callint.net.overlapping import Networks
from callint.net.read import address as address_of
from callint.net.read import prefixes
from callint.objects import Cluster, fields
from callint.objects.bgp import BGPPeer
from callint.objects.felix import FelixConfiguration
from callint.objects.node import Node
from callint.objects.pool import IPPool
from callint.policy import Packet, model_of
from callint.policy.links import Ways
from callint.policy.settings import Said
from callint.policy.symbolic.point import SOURCE_PORT

_WIDEST = 8
"""Bits of the widest network that a VPN is for: what is wider is the Internet, or half of it."""
_FILTER = "iptablesNATOutgoingInterfaceFilter"


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Pools that fail in one way, which `problem` names.

    `overlap`, `tunnelled-host-network` (a pool for translation switches encapsulation on),
    `vpn-masqueraded` (no pool exempts the network of a BGP peer), `one-address` (all nodes translate to one address),
    `few-blocks` (fewer blocks than nodes), `nowhere` (translation at interfaces alone that no node has).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


@lru_cache(maxsize=8)
def _networks(cluster: Cluster) -> list[tuple[IPPool, Prefix]]:
    return [(pool, net) for pool in cluster.pools if pool.legible and (net := pool.net) is not None]


def _tunnelled_host_network(cluster: Cluster) -> Iterator[Breach]:
    for pool, net in _networks(cluster):
        modes = {"ipipMode": pool.ipip_mode, "vxlanMode": pool.vxlan_mode}
        mode = next((name for name, value in modes.items() if value != "Never"), None)
        if not pool.disabled or mode is None:
            continue
        inside = next(iter(hosts_in(cluster, net)), None)
        peers = ((peer, far) for peer, far, _ in far_ends(cluster) if net.contains(far)) if inside is None else ()
        peer, far = next(iter(peers), (None, None))
        if inside is not None:
            held, whose, node = str(inside.prefix.address), f'node "{inside.node}"', {"node": inside.node}
            related = Related(inside.span, "an address of a node")
        elif peer is not None:
            held, whose, node = str(far), f'BGPPeer "{peer.resource.name}"', {}
            related = Related(peer.resource.span("spec", "peerIP"), "whose network it is")
        else:
            continue
        yield Breach.at(
            pool.resource,
            pool.path(mode),
            f'IPPool "{pool.name}" holds {held} of {whose} and has `{mode}: {modes[mode]}`: `disabled` does not switch '
            "that off, so Calico sets tunnels up and treats routes into the network as tunnelled",
            (related,),
            witness("address", address=held, **node, pool=pool.cidr),
            "a pool for translation alone has neither mode",
        )


def _vpn_masqueraded(cluster: Cluster) -> Iterator[Breach]:
    """One for each network of a VPN, at the first node: a pool mends it for all."""
    pools = _networks(cluster)
    masqueraded: dict[Family, tuple[IPPool, Prefix]] = {}
    for pool, net in pools:
        if pool.disabled and pool.nat_outgoing:
            masqueraded.setdefault(net.family, (pool, net))
    if not masqueraded:
        return
    known = Networks((net, None) for net in {net for _, net in pools})
    around = Enclosing((net, None) for net in {net for _, net in pools})
    behind = [(facts, vpns) for facts in cluster.facts.values() if (vpns := _vpns(facts))]
    peers = _first_peers(cluster, {net for _, vpns in behind for net, _ in vpns})
    masquerading = cache(lambda node: Masquerading(model_of(cluster).at(node)))
    found: dict[Prefix, list[tuple[NodeFacts, Interface, Packet]]] = {}
    for facts, vpns in behind if peers else ():
        ways = Ways(facts)
        for (net, name), interface in vpns.items():
            if net in peers and net.family in masqueraded and not around.of(net) and name in ways.all_to(peers[net][1]):
                packet = _packet(masqueraded[net.family][1], name, peers[net][1])
                if masquerading(facts.node).of(packet).snat:
                    found.setdefault(net, []).append((facts, interface, packet))
    for net, places in found.items():
        (peer, far), (pool, _), (facts, interface, packet) = peers[net], masqueraded[net.family], places[0]
        nodes = len({one.node for one, _, _ in places})
        others = f" and {nodes - 1} more" if nodes > 1 else ""
        added = f"the network of {far}" if any(known.overlapping(net)) else net
        yield Breach.at(
            pool.resource,
            pool.path("natOutgoing"),
            f'packets from "{pool.cidr}" to {net} behind "{interface.name}" of node "{facts.node}"{others} are '
            f'masqueraded, for no pool holds {net}: BGPPeer "{peer.resource.name}" there sees the node '
            "in place of who sent them",
            (
                Related(interface.span, "the network of the VPN"),
                Related(peer.resource.span("spec", "peerIP"), "a BGP peer inside it"),
            ),
            witness(
                "packet",
                source=packet.source,
                destination=packet.destination,
                out_interface=interface.name,
                node=facts.node,
                verdict="masqueraded",
            ),
            f"add an IPPool for {added} with `disabled: true`, `disableBGPExport: true` and no natOutgoing",
        )


def _packet(lan: Prefix, leaving: str, far: Address) -> Packet:
    """The first packet of a connection from a host of a masqueraded network to a peer behind a VPN."""
    host = lan.last - 1 if lan.length < BITS[lan.family] - 1 else lan.first
    return Packet(None, leaving, str(Address(lan.family, host)), str(far), "tcp", SOURCE_PORT, 443)


def _vpns(facts: NodeFacts) -> dict[tuple[Prefix, str], Interface]:
    """The networks behind WireGuard of one's own: those of its addresses, and of routes, as AllowedIPs make them."""
    links = {
        one.name: one
        for one in facts.interfaces or ()
        if one.kind == "wireguard" and not one.name.startswith(WIREGUARD_INTERFACES)
    }
    held = [(one, address) for one in links.values() for address in one.addresses or ()]
    routes = (one for one in (facts.routes or ()) if one.table == "main" and one.interface in links) if links else ()
    led = [(links[one.interface or ""], one.destination) for one in routes]
    return {
        (net.prefix.masked(), one.name): one
        for one, net in (*held, *led)
        if _WIDEST <= net.length < BITS[net.version] - 1
    }


def _first_peers(cluster: Cluster, networks: Iterable[Prefix]) -> dict[Prefix, tuple[BGPPeer, Address]]:
    """The first peer with an address in each of the networks, and the address."""
    around = Enclosing((net, net) for net in networks)
    found: dict[Prefix, tuple[BGPPeer, Address]] = {}
    for peer, far, _ in far_ends(cluster):
        for net, _ in around.of(far.prefix()):
            found.setdefault(net, (peer, far))
    return found


def _one_address(cluster: Cluster) -> Iterator[Breach]:
    """Where a configuration by selector says it too, which nodes are left is not asked."""
    nodes = cluster.described_nodes
    saying = [one for one in cluster.felix if one.values.get("natOutgoingAddress")]
    own = {one.name.removeprefix("node.") for one in saying if one.name.startswith("node.")}
    left = [node for node in nodes if node.name not in own]
    scoped = any(one.node_selector for one in saying)
    for one in saying if len(left) > 1 and not scoped else ():
        address = one.values["natOutgoingAddress"]
        if one.name != "default" or not isinstance(address, str):
            continue
        path = ("spec", "natOutgoingAddress")
        several = all_of(len(left), "node") if left == nodes else f"{len(left)} nodes"
        yield Breach.at(
            one.resource,
            path,
            f'{several} translate to the one address "{address}": answers '
            "reach a single node, and connections of the others break",
            tuple(Related(node.resources[0].span("metadata", "name"), "a node") for node in left[:3]),
            witness("address", address=address, nodes=tuple(node.name for node in left[:5])),
            "write it in a FelixConfiguration of one node, `node.<name>`",
        )
    yield from _of_another(cluster, [one for one in saying if one.name.startswith("node.")])


def _of_another(cluster: Cluster, saying: list[FelixConfiguration]) -> Iterator[Breach]:
    """Addresses by which another node is known; not what facts show, which may move from node to node."""
    holders: dict[Address, Node] = {}
    for node in cluster.nodes.values() if saying else ():
        for known in prefixes(filter(None, (node.bgp.ipv4_address, *node.internal_addresses))):
            holders.setdefault(known.address, node)
    for one in saying:
        wanted = address_of(fields.as_text(one.values["natOutgoingAddress"]), 4)
        holder, name = holders.get(wanted) if wanted is not None else None, one.name.removeprefix("node.")
        if holder is not None and holder.name != name:
            yield Breach.at(
                one.resource,
                ("spec", "natOutgoingAddress"),
                f'node "{name}" translates to {wanted}, the address of node "{holder.name}": answers reach that one, '
                "and connections of this one break",
                (Related(holder.resources[0].span("metadata", "name"), "has the address"),),
                witness("address", address=str(wanted), nodes=(name, holder.name)),
                "write an address of the node itself",
            )


def _few_blocks(cluster: Cluster) -> Iterator[Breach]:
    """More nodes would make it worse, and further pools better; of these it is not always known that there are none."""
    nodes = cluster.described_nodes
    installed = any(one.name in DEFAULT_POOLS.values() or one.resource.kind == "Installation" for one in cluster.pools)
    if host_local(cluster):
        return
    serving = [(pool, net) for pool, net in _networks(cluster) if pool.given]
    for pool, net in serving:
        size = pool.block_size or BLOCK_SIZES[net.family]
        blocks = 1 << max(0, size - net.length)
        if not pool.of_every_node or blocks >= len(nodes):
            continue
        if any(other is not pool and another.family == net.family for other, another in serving):
            continue
        known = cluster.nodes_complete or installed
        yield Breach.at(
            pool.resource,
            pool.path("cidr"),
            f'IPPool "{pool.name}" has {counted(blocks, "block")} of /{size}, and there are '
            f"{len(nodes)} nodes: those that come last find no block of their own"
            + ("" if known else ", unless there is a pool that is not among the manifests"),
            (),
            witness("address", address=str(net), blocks=blocks, nodes=len(nodes)),
            undecided=not known,
        )


def _nowhere(cluster: Cluster) -> Iterator[Breach]:
    """Where all nodes are known by their facts: one that has the interface may masquerade for the others."""
    pool = next((pool for pool, _ in _networks(cluster) if pool.nat_outgoing), None)
    if pool is None or not cluster.nodes_complete or not all(name in cluster.facts for name in cluster.nodes):
        return
    said: Said | None = None
    names: list[str] = []
    wanted: set[str] = set()
    for facts in cluster.facts.values():
        settings = model_of(cluster).at(facts.node).settings
        said = settings.said(_FILTER)
        pattern = fields.as_text(said.value) if said is not None else None
        if not pattern or settings.perhaps_ebpf or not facts.knows("interfaces"):
            return
        here = [one.name for one in facts.interfaces or ()]
        if any(interface_matches(pattern, name) for name in here):
            return
        names += here
        wanted.add(pattern)
    if said is not None:
        words = f'"{min(wanted)}"' if len(wanted) == 1 else "that its own filter names"
        yield Breach.at(
            said.resource,
            said.path,
            f'nothing is masqueraded, though IPPool "{pool.name}" asks for it: no node has an interface {words}',
            (Related(pool.span("natOutgoing"), "asks for it"),),
            witness("interface", **all_names(tuple(dict.fromkeys(names)))),
            "name the interfaces by which packets leave the cluster; `+` stands for any ending",
        )


QUESTIONS: dict[str, Question] = {
    "overlap": overlap,
    "tunnelled-host-network": _tunnelled_host_network,
    "vpn-masqueraded": _vpn_masqueraded,
    "one-address": _one_address,
    "few-blocks": _few_blocks,
    "nowhere": _nowhere,
}
