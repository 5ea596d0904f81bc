"""What a node masquerades: natOutgoing of the pools, for one packet (felix/rules/nat.go, masq_mgr.go)."""

from __future__ import annotations

from callint.net.address import Family, Prefix
from callint.objects import Cluster
from callint.objects.pool import IPPool
from callint.policy.doubt import Doubts, UndecidedError
from callint.policy.model import NodePolicy
from callint.policy.packet import Flow, Packet, read
from callint.policy.tunnels import calico_nodes
from callint.record import NamedTuple

_ONLY_LOAD_BALANCER = ("LoadBalancer",)


class Masquerade(NamedTuple):
    """Whether the source is translated as the packet leaves, and why; `pool` is the one that decided.

    `unknown` names a fact without which that cannot be told.
    """

    snat: bool
    reason: str
    pool: IPPool | None = None
    unknown: str | None = None


class _Pool(NamedTuple):
    prefix: Prefix
    pool: IPPool


class Masquerading:
    """The rules of one node; `disabled` of a pool does not count, and one for load balancers alone exempts nothing."""

    def __init__(self, here: NodePolicy) -> None:
        """Read pools and settings once."""
        self._here = here
        self._settings = here.settings
        self._cluster = here.model.cluster
        self._pools = _pools(self._cluster)
        self._hidden = next(filter(None, map(_hidden, self._cluster.pools)), None)

    def of(self, packet: Packet) -> Masquerade:
        """The answer for the first packet of a connection; later ones are translated alike.

        Raises ValueError for a packet that cannot exist.
        """
        flow = read(packet)
        try:
            return self._decide(packet, flow)
        except UndecidedError as error:
            return Masquerade(False, f"it depends on {error.missing}", None, error.missing)

    def _decide(self, packet: Packet, flow: Flow) -> Masquerade:
        if packet.out_interface is None:
            return Masquerade(False, "the packet does not leave the node")
        if self._settings.ebpf and not self._from_workload(packet):
            return Masquerade(False, "eBPF masquerades only what comes from a workload interface")
        if self._hidden is not None:
            raise UndecidedError(self._hidden)
        pool = self._pool(flow.family, flow.source, masquerades=True)
        if pool is None:
            return Masquerade(False, f"no pool with natOutgoing holds {packet.source}")
        exempt = self._pool(flow.family, flow.destination, masquerades=False)
        if exempt is not None:
            reason = f'{packet.destination} is in the pool "{exempt.name}"'
            return Masquerade(False, reason, exempt)
        if self._excludes_hosts() and self._is_host(flow):
            return Masquerade(False, f"natOutgoingExclusions exempts {packet.destination}, a node of the cluster")
        if self._settings.ebpf and self._is_here(flow):
            return Masquerade(False, f"{packet.destination} is on the node itself")
        pattern = self._settings.text("iptablesNATOutgoingInterfaceFilter", "")
        if pattern and not interface_matches(pattern, packet.out_interface):
            reason = f'"{packet.out_interface}" is not what iptablesNATOutgoingInterfaceFilter "{pattern}" names'
            return Masquerade(False, reason)
        return Masquerade(True, f'the pool "{pool.name}" has natOutgoing', pool)

    def _from_workload(self, packet: Packet) -> bool:
        return packet.in_interface is not None and self._here.governance.is_workload(packet.in_interface)

    def _pool(self, family: Family, address: int, *, masquerades: bool) -> IPPool | None:
        for prefix, pool in self._pools:
            inside = prefix.family == family and prefix.first <= address <= prefix.last
            if inside and (pool.nat_outgoing if masquerades else pool.allowed_uses != _ONLY_LOAD_BALANCER):
                return pool
        return None

    def _excludes_hosts(self) -> bool:
        return self._settings.word("natOutgoingExclusions", "IPPoolsOnly") == "ippoolsandhostips"

    def _is_host(self, flow: Flow) -> bool:
        doubts = Doubts()
        found = calico_nodes(self._cluster, self._settings).hold(flow.family, flow.destination, doubts)
        if doubts.asked:
            raise UndecidedError(doubts.asked[0])
        return found

    def _is_here(self, flow: Flow) -> bool:
        known = self._here.interfaces.values()
        return any((flow.family, flow.destination) in (addresses or ()) for addresses in known)


def _pools(cluster: Cluster) -> list[_Pool]:
    """The pools, the narrowest first; of two with the same CIDR the first name reaches Felix."""
    found: dict[Prefix, IPPool] = {}
    for pool in sorted(cluster.pools, key=lambda pool: pool.name):
        if pool.net is not None:
            found.setdefault(pool.net, pool)
    return sorted((_Pool(prefix, pool) for prefix, pool in found.items()), key=lambda one: -one.prefix.length)


def _hidden(pool: IPPool) -> str | None:
    resource = pool.resource
    fields = ("cidr", "natOutgoing", "allowedUses")
    if resource.document.complete and not any(resource.unreadable(*pool.path(field)) for field in fields):
        return None
    return f'the rest of IPPool "{pool.name}", which could not be read'


def interface_matches(pattern: str, interface: str) -> bool:
    """Whether a filter names an interface, as iptables matches: a final `+` stands for any ending."""
    return interface.startswith(pattern[:-1]) if pattern.endswith("+") else interface == pattern
