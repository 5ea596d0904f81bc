"""Tunnels between nodes whose packets are longer than what the interface takes by which they leave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from callint.bgp.network import network as network_of
from callint.bgp.nodes import Speaker
from callint.calico.defaults import MTU_INTERFACE_PATTERN, TUNNEL_OVERHEADS, UNDETECTED_MTU
from callint.checks.breach import Breach, asked
from callint.facts import Interface, NodeFacts
from callint.finding import Path, Related, Span, witness
from callint.net.address import Address, Family
from callint.net.read import decimal
from callint.objects import Cluster, Resource, fields
from callint.objects.calico_node import configs
from callint.objects.first_pools import pools_from_start
from callint.objects.pool import IPPool
from callint.policy import model_of
from callint.policy.doubt import UndecidedError
from callint.policy.interfaces import matches_pattern
from callint.policy.links import Ways, is_host_interface, leads_somewhere
from callint.policy.tunnels import encrypts, has
from callint.record import NamedTuple
from callint.schema.patterns import compiled
from callint.selector import parse_or_none
from callint.selector.index import SelectorIndex
from callint.steps import Answer, Steps, counted

QUESTIONS = {"set": False, "detected": True}
_PATTERN = "mtuIfacePattern"
_INSTALLED: Path = ("spec", "calicoNetwork", "mtu")
_MODES = {"IPIP": "ipipMode", "VXLAN": "vxlanMode"}
_OF_FAR_END = 5


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Nodes of which facts tell that an interface to another node is too narrow for the packets of a tunnel.

    Parameter `problem`: `set` (for their length is written somewhere), `detected` (for Felix takes it from interfaces
    with other names: felix/dataplane/linux/int_dataplane.go findHostMTU, determinePodMTU).
    """
    detected = asked(QUESTIONS, parameters)
    found: dict[Span, list[_Narrow]] = {}
    for one in _narrow(cluster).get():
        if (one.length.source is None) is detected:
            resource, path = one.place
            found.setdefault(resource.span(*path), []).append(one)
    yield from (_breach(detected, several) for several in found.values())


class _Tunnel(NamedTuple):
    """A kind of tunnel over one IP version, and how much longer it makes a packet."""

    name: str
    family: Family
    overhead: int

    @property
    def field(self) -> str:
        """What sets the length of the packets that go into it."""
        return self._named("MTU")

    @property
    def switch(self) -> str:
        """What turns it on."""
        return self._named("Enabled")

    def _named(self, what: str) -> str:
        return f"{self.name.lower()}{what}{'V6' if self.family == 6 else ''}"


_TUNNELS = tuple(_Tunnel(*kind, overhead) for kind, overhead in TUNNEL_OVERHEADS.items())


class _Length(NamedTuple):
    """The length of the packets that go into a tunnel, and where it is written; None: Felix finds it at `seen`."""

    size: int
    source: tuple[Resource, Path] | None = None
    seen: Interface | None = None


class _Far(NamedTuple):
    """A node, and the pools from which its pods surely get their addresses."""

    speaker: Speaker
    pools: tuple[IPPool, ...]


class _Narrow(NamedTuple):
    """An interface of a node, on the way to another one, that does not take all that leaves a tunnel."""

    facts: NodeFacts
    interface: Interface
    far: str
    tunnel: _Tunnel
    length: _Length
    longest: int
    place: tuple[Resource, Path]


@lru_cache(maxsize=8)
def _narrow(cluster: Cluster) -> Answer[tuple[_Narrow, ...]]:
    return Answer(lambda: tuple(_all_narrow(cluster)))


def _all_narrow(cluster: Cluster) -> Iterator[_Narrow]:
    """At most one for each node and tunnel; none where the length of packets, or their way, is not sure."""
    steps = Steps(cluster, "ways from nodes to others")
    for facts in cluster.facts.values():
        known = facts.knows("interfaces") and "routes" not in facts.gaps
        if not known or not any(one.mtu for one in facts.interfaces or ()):
            continue
        node = _Node(cluster, facts)
        for tunnel in _TUNNELS:
            try:
                found = node.narrow(tunnel, steps)
            except UndecidedError:
                continue
            if found is not None:
                yield found


class _Node:
    """A node with facts: how long its packets are, and which ways they go."""

    def __init__(self, cluster: Cluster, facts: NodeFacts) -> None:
        """Nothing is computed yet."""
        self._cluster = cluster
        self._facts = facts
        self._settings = model_of(cluster).at(facts.node).settings
        self._networks = network_of(cluster).speakers[facts.node].networks

    def narrow(self, tunnel: _Tunnel, steps: Steps) -> _Narrow | None:
        """The first way on which not all fits that leaves the tunnel; UndecidedError where that is not known."""
        if not self._on(tunnel):
            return None
        length = self._length(tunnel)
        longest = min(length.size, *self._limits())
        links = {one.name: one for one in self._links() if one.mtu and one.mtu < longest + tunnel.overhead}
        if not links or not self._networks.get(tunnel.family) or (length.source is None and longest < length.size):
            return None
        ways = Ways(self._facts)
        for far, address in self._others(tunnel.family, steps):
            names = ways.all_to(address)
            pool = self._carried(tunnel, far, address) if len(names) == 1 and names[0] in links else None
            if pool is not None:
                said = self._settings.said(_PATTERN) or self._settings.said(tunnel.switch)
                place = length.source or (said and (said.resource, said.path))
                place = place or (pool.resource, pool.path(_MODES[tunnel.name]))
                return _Narrow(self._facts, links[names[0]], far.speaker.name, tunnel, length, longest, place)
        return None

    def _links(self) -> Iterable[Interface]:
        """The interfaces by which packets may leave."""
        for one in self._facts.interfaces or ():
            leads = one.up is not False and leads_somewhere(one)
            if leads and is_host_interface(self._cluster, self._facts.node, one.name):
                yield one

    def _others(self, family: Family, steps: Steps) -> Iterator[tuple[_Far, Address]]:
        for far in counted(_reached(self._cluster), steps, _OF_FAR_END):
            address = far.speaker.address(family)
            if address is not None and far.speaker.name != self._facts.node:
                yield far, address

    def _carried(self, tunnel: _Tunnel, far: _Far, address: Address) -> IPPool | None:
        """A pool of the far node whose packets this node sends there by the tunnel."""
        own = self._networks.get(tunnel.family)
        encrypted = encrypts(self._settings, tunnel.family)
        if encrypted and not encrypts(model_of(self._cluster).at(far.speaker.name).settings, tunnel.family):
            return None
        if encrypted is not (tunnel.name == "WireGuard"):
            return None
        near = own is not None and own.masked().contains(address)
        modes = ("Always",) if near else ("Always", "CrossSubnet")
        for pool in far.pools:
            mode = {"IPIP": pool.ipip_mode, "VXLAN": pool.vxlan_mode}.get(tunnel.name, "Always")
            if mode in modes and pool.net is not None and pool.net.family == tunnel.family:
                return pool
        return None

    def _on(self, tunnel: _Tunnel) -> bool:
        if tunnel.name == "WireGuard":
            return encrypts(self._settings, tunnel.family)
        return has(self._cluster, self._settings, tunnel.name, tunnel.family)

    def _limits(self) -> Iterator[int]:
        """How long the packets of pods are at most, by each tunnel that is on and by what CNI is told."""
        yield from (self._length(one).size for one in _TUNNELS if self._on(one))
        for size in _told_cni(self._cluster):
            if size is None:
                raise UndecidedError("how long the packets of pods are")
            yield size

    def _length(self, tunnel: _Tunnel) -> _Length:
        """What is written for a tunnel; the operator takes it from its Installation (tigera/operator pkg/render)."""
        for one in self._cluster.installations:
            if one.unreadable(*_INSTALLED) or len(self._cluster.installations) > 1:
                raise UndecidedError("mtu of the Installation")
            size = fields.whole(fields.at(one.plain, _INSTALLED))
            if size:
                return _Length(size, (one, _INSTALLED))
        size, said = self._settings.number(tunnel.field, 0), self._settings.said(tunnel.field)
        return _Length(size, (said.resource, said.path)) if size and said is not None else self._detected(tunnel)

    def _detected(self, tunnel: _Tunnel) -> _Length:
        pattern = self._settings.text(_PATTERN, MTU_INTERFACE_PATTERN)
        matching = [one for one in self._facts.interfaces or () if matches_pattern(pattern, one.name)]
        if compiled(pattern) is None or any(not one.mtu for one in matching):
            raise UndecidedError("what Felix finds at interfaces")
        seen = min(matching, key=lambda one: one.mtu or 0, default=None)
        return _Length(((seen.mtu if seen else None) or UNDETECTED_MTU) - tunnel.overhead, seen=seen)


@lru_cache(maxsize=8)
def _told_cni(cluster: Cluster) -> tuple[int | None, ...]:
    """The least that CNI is told of the length of packets, None for what is none (manifests/calico.yaml).

    Of 0 it takes what Felix finds.
    """
    texts = (fields.text(fields.mapping(one.plain, "data"), "veth_mtu") for one in configs(cluster))
    sizes = {decimal(text) for text in texts if text is not None}
    if None in sizes:
        return (None,)
    return tuple(sorted(size for size in sizes if size))[:1]


@lru_cache(maxsize=8)
def _reached(cluster: Cluster) -> tuple[_Far, ...]:
    """The nodes that get addresses for their pods from pools; raises TooManyStepsError."""
    usable = [one for one in pools_from_start(cluster) if one.given]
    read = [(pool, parse_or_none(pool.node_selector)) for pool in usable]
    index = SelectorIndex((selector, (pool, selector)) for pool, selector in read if selector is not None)
    steps = Steps(cluster, "selectors of IPPools with nodes")
    found = []
    for speaker in network_of(cluster).speakers.values():
        near = counted(index.candidates(speaker.labels or {}), steps, 1)
        pools = tuple(pool for pool, selector in near if speaker.selected(selector))
        if pools:
            found.append(_Far(speaker, pools))
    return tuple(found)


def _breach(detected: bool, several: list[_Narrow]) -> Breach:
    one, *more = several
    whole = one.longest + one.tunnel.overhead
    others = f" and {len(more)} more" if more else ""
    where = (
        f'interface "{one.interface.name}" of node "{one.facts.node}"{others}, by which they go to node "{one.far}", '
        f"takes {one.interface.mtu}"
    )
    if detected:
        seen = one.length.seen
        why = f'takes from "{seen.name}"' if seen is not None else f"takes where no interface matches `{_PATTERN}`"
        message = f"packets in {one.tunnel.name} may be {whole} bytes long, which Felix {why}, but {where}"
        cure = f"let `{_PATTERN}` match that interface, or set `{one.tunnel.field}`"
    else:
        message = f"packets of pods may be {one.longest} bytes long, which {one.tunnel.name} makes {whole}, but {where}"
        cure = f"no more than {(one.interface.mtu or 0) - one.tunnel.overhead} fits"
    return Breach.at(
        *one.place,
        message,
        tuple(Related(other.interface.span, f"takes {other.interface.mtu} bytes") for other in several[:3]),
        witness(
            "interface",
            interface=one.interface.name,
            node=one.facts.node,
            mtu=one.interface.mtu,
            largest_packet=whole,
        ),
        cure,
    )
