"""Policy for what hosts forward past which nothing gets that pods of different nodes send each other."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from callint.bgp.nodes import subnet
from callint.calico.defaults import IPIP_INTERFACE, VXLAN_INTERFACES, WIREGUARD_INTERFACES
from callint.checks.breach import Breach, decider, decision_place, unexamined
from callint.checks.policy.node_cache import caches
from callint.checks.proof import told
from callint.checks.traffic.place import About, abouts
from callint.finding import Path, Related, Span, counted, witness
from callint.net.address import FAMILIES, Family, Prefix, format_address
from callint.net.diagrams import TooLargeError
from callint.net.packets import Box, PacketSet, PacketSpace
from callint.net.ports import CLIENT_PORTS, TCP, UDP
from callint.net.read import prefixes
from callint.objects import Cluster, Resource
from callint.objects.pool import IPPool
from callint.policy import Model, Packet, evaluate, model_of
from callint.policy.doubt import UndecidedError
from callint.policy.nodes import calico_addresses
from callint.policy.packet import protocol_number
from callint.policy.ranges import PLACE
from callint.policy.settings import ebpf_somewhere
from callint.policy.symbolic.block import Cause
from callint.policy.symbolic.engine import Engine, alike
from callint.policy.symbolic.partition import Part, Partition
from callint.policy.symbolic.point import SOURCE_PORT, USUAL_PORT, packet_at
from callint.policy.symbolic.sets import only
from callint.policy.tunnels import encrypts
from callint.record import NamedTuple
from callint.selector import parse_or_none
from callint.steps import Steps

# Steps that it takes to see whether a node has a pool, to follow a packet, and to look at a part of what becomes of all
_OF_POOL, _OF_PACKET, _OF_PART = 8, 200, 10
_PODS_SIDE = "*"
"""Stands for the interface of a pod, which an endpoint of all interfaces governs, and no other."""
_NAMES, _DNS_PORT = "DNS (UDP port 53)", 53
_ALL: Box = {"protocol": ((TCP, TCP), (UDP, UDP)), "source_port": (CLIENT_PORTS,)}
_DNS: Box = {"protocol": only(UDP), "destination_port": only(_DNS_PORT), "source_port": (CLIENT_PORTS,)}
_TUNNELS: dict[str, dict[Family, str]] = {
    "ipip": {4: IPIP_INTERFACE},
    "vxlan": dict(zip(FAMILIES, VXLAN_INTERFACES, strict=True)),
}


_Addresses = Mapping[Family, Sequence[int]]
"""Those by which Calico knows the nodes, in order."""


class _Way(NamedTuple):
    """What says by which interfaces a node sends packets of a pool to other nodes."""

    family: Family
    ipip: str
    vxlan: str


class _Lost(NamedTuple):
    """What is dropped of what pods say to each other over an interface, which way and by which cause, and the pool."""

    what: str
    inward: bool
    interface: str
    cause: Cause
    net: Prefix
    packets: PacketSet


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Nodes whose host endpoints drop all TCP and UDP between their pods and pods of other nodes, or all of DNS.

    Asked of nodes that objects describe, at the interfaces by which pods of a pool say it: tunnels of Calico or that
    with the node's address. Questions for names that are dropped on their way in are told where no node gets any, for
    those who answer them need not be on every node. Not with the eBPF dataplane (felix/rules/static.go
    filterForwardChain, endpoints.go).
    Raises TooManyStepsError.
    """
    model = model_of(cluster)
    if not _asked(model) or ebpf_somewhere(cluster):
        return
    described = [node.name for node in cluster.described_nodes]
    if len(described) < 2:
        return
    pools: dict[_Way, list[IPPool]] = {}
    for pool in cluster.pools:
        if pool.for_pods and not pool.unreadable and pool.net is not None:
            pools.setdefault(_Way(pool.net.family, pool.ipip_mode, pool.vxlan_mode), []).append(pool)
    every = [one for name in described for one in calico_addresses(cluster, name)]
    nodes = {family: sorted(one.value for one in every if one.family == family) for family in FAMILIES}
    found: dict[str, list[_Lost]] = {}
    asking = _Asking(model)
    for name, about in abouts(model).items():
        if about.known is None or not about.known.resources:
            continue
        try:
            found[name] = list(asking.lost(about, pools, nodes))
        except UndecidedError:
            continue
        except TooLargeError as error:
            yield unexamined("what pods of other nodes are let say to pods of", about.known.resources[0], str(error))
            return
    everywhere = all(any(one.inward for one in found.get(name, ())) for name in described)
    breaches: dict[Span, tuple[Breach, int]] = {}
    for name, several in found.items():
        lost = next((one for one in several if everywhere or not (one.inward and one.what == _NAMES)), None)
        if lost is not None:
            breach = _breach(model, name, lost)
            first, before = breaches.get(breach.span, (breach, 0))
            breaches[breach.span] = first, before + 1
    for breach, count in breaches.values():
        more = f"; so it is at {counted(count - 1, 'other node')}" if count > 1 else ""
        yield breach._replace(message=breach.message + more)


def _asked(model: Model) -> bool:
    """Whether any policy may be for what host endpoints forward."""
    if not model.inventory.host_endpoints:
        return False
    return any(one.policy.apply_on_forward and not one.policy.staged for _, one in model.policies)


def _serves(pool: IPPool, about: About) -> bool:
    """Whether pods of a node get addresses of a pool for certain."""
    assert about.known is not None, "it is described"
    selector = None if pool.of_every_node else parse_or_none(pool.node_selector)
    return pool.of_every_node or (selector is not None and selector.matches(about.known.labels))


class _Asking:
    """What policy answers, each question once for interfaces at which it treats packets alike."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._engine = cache(lambda family: Engine(model, family))
        self._answers: dict[object, _Lost | None] = {}
        self._cached = any(caches(model.cluster))
        self._steps = Steps(model.cluster, "nodes with pools")

    def lost(self, about: About, pools: Mapping[_Way, list[IPPool]], nodes: _Addresses) -> Iterator[_Lost]:
        """What is lost at every interface by which packets of a pool go."""
        for way, several in pools.items():
            names = _interfaces(about, way, nodes)
            self._steps.spend(_OF_POOL * len(several))
            for pool in several if names else ():
                for inward in (True, False) if _serves(pool, about) else ():
                    lost = [self._at(about, name, pool, inward=inward) for name in names]
                    if lost[0] is not None and all(lost):
                        yield lost[0]

    def _at(self, about: About, name: str, pool: IPPool, *, inward: bool) -> _Lost | None:
        asked = (alike(self._model, about.name, one) for one in (name, _PODS_SIDE))
        key = (pool.cidr, inward, *asked)
        if key not in self._answers:
            self._answers[key] = self._ask(about, name, pool, inward=inward)
        found = self._answers[key]
        return found._replace(interface=name) if found is not None else None

    def _ask(self, about: About, name: str, pool: IPPool, *, inward: bool) -> _Lost | None:
        assert pool.net is not None, "the pool has a network"
        ends = (name, _PODS_SIDE) if inward else (_PODS_SIDE, name)
        self._steps.spend(_OF_PACKET + len(self._model.policies))
        if self._passes(about.name, ends, pool.net):
            return None
        engine = self._engine(pool.net.family)
        partition = engine.node(about.name).went(*ends)
        pods = ((pool.net.first, pool.net.last),)
        between = engine.space.box(source=pods, destination=pods)
        for what, packets in self._kinds(engine.space, about.name):
            asked = between & packets
            if asked <= partition.drop:
                part = self._dropping(partition, asked)
                return _Lost(what, inward, name, part.cause, pool.net, asked & part.packets)
        return None

    def _dropping(self, partition: Partition, asked: PacketSet) -> Part:
        """The first part of what is dropped that a policy decides about, if there is one."""
        found = None
        for one in partition.parts():
            self._steps.spend(_OF_PART)
            if one.outcome == "drop" and one.packets & asked:
                if one.cause.policy is not None:
                    return one
                found = found or one
        assert found is not None, "all that is asked about is dropped"
        return found

    def _passes(self, node: str, ends: tuple[str, str], net: Prefix) -> bool:
        """Whether a question for a name surely gets through, in much less time than it takes to see what does not.

        It is of each of the kinds, unless its port is a failsafe one.
        """
        here = self._model.at(node)
        if any(True for _ in here.failsafes_at("preDNAT", "ingress", None, _DNS_PORT)):
            return False
        source, destination = (format_address(net.family, one) for one in (net.first, net.last))
        packet = Packet(*ends, source, destination, "udp", SOURCE_PORT, _DNS_PORT)
        return evaluate(here, packet).outcome in ("accept", "no-verdict")

    def _kinds(self, space: PacketSpace, node: str) -> Iterator[tuple[str, PacketSet]]:
        """What pods may be cut off from, all of it first; a cache of names on each node asks others by itself."""
        every = space.box(**_ALL)
        yield "all TCP and UDP", every
        failsafe = (one.port for one, _ in self._model.at(node).failsafes("preDNAT", "ingress"))
        boxes = (
            space.box(protocol=only(protocol_number(one.protocol)), destination_port=only(one.port)) for one in failsafe
        )
        yield "all TCP and UDP, but for failsafe ports,", every - space.union_all(boxes)
        if not self._cached:
            yield _NAMES, space.box(**_DNS)


def _interfaces(about: About, way: _Way, nodes: _Addresses) -> list[str]:
    """By which interfaces a pool's packets go to other nodes and come from there; none where that is not known."""
    family = way.family
    if encrypts(about.model.at(about.name).settings, family):
        return [WIREGUARD_INTERFACES[PLACE[family]]]
    modes = (("ipip", way.ipip), ("vxlan", way.vxlan))
    tunnel, mode = next(
        ((_TUNNELS[name].get(family), mode) for name, mode in modes if mode != "Never"), (None, "Never")
    )
    if mode == "Always":
        return [tunnel] if tunnel else []
    own = tuple(one for one in calico_addresses(about.cluster, about.name) if one.family == family)
    links = [name for name, _ in about.holding(own)]
    if mode == "Never" or not links:
        return links
    net = _subnet(about, family)
    if net is None:
        return []
    known = nodes[family]
    near = bisect_right(known, net.last) - bisect_left(known, net.first)
    mine = [one.value for one in own]
    inside = sum(net.first <= one <= net.last for one in mine)
    far = len(known) - near > len(mine) - inside
    return [*(links if near > inside else ()), *((tunnel,) if tunnel and far else ())]


def _subnet(about: About, family: Family) -> Prefix | None:
    """The network of a node that CrossSubnet goes by, where an object tells its length."""
    assert about.known is not None, "it is described"
    text = about.known.bgp.ipv4_address if family == 4 else about.known.bgp.ipv6_address
    found = next(prefixes([text] if text else ()), None)
    return subnet(found) if found is not None else None


def _breach(model: Model, node: str, lost: _Lost) -> Breach:
    cause, pods = lost.cause, f'pods of node "{node}"'
    who, whom = ("pods of other nodes", pods) if lost.inward else (pods, "pods of other nodes")
    resource, path, at_key = _place(model, node, lost)
    governor = model.at(node).governance.of(lost.interface).endpoint
    where = "any interface" if lost.interface == "*" else f'"{lost.interface}"'
    first = lost.net.first
    point = lost.packets.witness(
        source=(first + 1,), destination=(first + 2,), source_port=(SOURCE_PORT,), destination_port=(USUAL_PORT,)
    )
    assert point is not None, "something is lost"
    ends = (lost.interface, None) if lost.inward else (None, lost.interface)
    return Breach.at(
        resource,
        path,
        f"{lost.what} that {who} send to {whom}, which the host forwards, is dropped at {where} by "
        f"{decider(cause.policy, cause.path, cause.reason)}",
        () if governor is None else (Related(governor.about.resource.span("metadata", "name"), "the host endpoint"),),
        witness(
            "packet",
            node=node,
            **told(packet_at(lost.packets.space.family, point, *ends)),
            verdict="drop",
            decided_by=cause.reason,
        ),
        "allow what is sent between the networks of the pods, before all that denies it",
        key=at_key,
    )


def _place(model: Model, node: str, lost: _Lost) -> tuple[Resource, Path, bool]:
    """The action of the rule or the key of the list that decides, else the host endpoint."""
    if lost.cause.policy is not None:
        return lost.cause.policy, *decision_place(lost.cause.path)
    governor = model.at(node).governance
    found = governor.of(lost.interface).endpoint or governor.of(_PODS_SIDE).endpoint
    assert found is not None, "without host endpoint nothing is dropped"
    return found.about.resource, ("metadata", "name"), False
