"""Felix's own rules for the packets of its tunnels, which need no host endpoint (felix/rules/static.go)."""

from __future__ import annotations

from functools import lru_cache

from callint.calico.defaults import VXLAN_PORT, WIREGUARD_PORT, WIREGUARD_PORT_V6
from callint.net import intervals
from callint.net.address import FAMILIES, Family, format_address
from callint.net.ports import UDP
from callint.objects import Cluster
from callint.objects.first_pools import pools_from_start
from callint.policy.doubt import Doubts
from callint.policy.nodes import calico_addresses
from callint.policy.packet import Flow
from callint.policy.ranges import PLACE, Ranges, ranges, union
from callint.policy.settings import Settings
from callint.record import NamedTuple

IPIP = 4


class CalicoNodes(NamedTuple):
    """Addresses of the cluster's nodes and of external ones; `complete` unless some node's may be missing."""

    addresses: Ranges
    complete: bool

    def hold(self, family: Family, address: int, doubts: Doubts) -> bool:
        """Whether the address is that of a node."""
        if intervals.contains(self.addresses[PLACE[family]], address):
            return True
        if self.complete:
            return False
        shown = format_address(family, address)
        return doubts.ask(f"whether {shown} is a node of the cluster")


def calico_nodes(cluster: Cluster, settings: Settings) -> CalicoNodes:
    """The nodes that Felix knows, and the networks of `externalNodesList`."""
    known, others = _known_nodes(cluster), settings.texts("externalNodesList")
    return known._replace(addresses=union((known.addresses, ranges(others)))) if others else known


@lru_cache(maxsize=8)
def _known_nodes(cluster: Cluster) -> CalicoNodes:
    known = [calico_addresses(cluster, name) for name in cluster.nodes]
    return CalicoNodes(ranges(str(one) for addresses in known for one in addresses), bool(known) and all(known))


def encrypts(settings: Settings, family: Family) -> bool:
    """Whether WireGuard is on for packets of an IP version between nodes; raises UndecidedError."""
    return settings.flag("wireguardEnabled" if family == 4 else "wireguardEnabledV6", default=False)


def has(cluster: Cluster, settings: Settings, tunnel: str, family: Family) -> bool:
    """Whether Felix has a tunnel, `IPIP` or `VXLAN`: as it is told, else for a pool of any use; raises UndecidedError.

    Disabled pools count, and so do those that nobody can read (felix/calc/encapsulation_resolver.go).
    """
    told = settings.optional_flag(f"{tunnel.lower()}Enabled") if family == 4 else None
    return (tunnel, family) in _of_pools(cluster) if told is None else told


@lru_cache(maxsize=8)
def _of_pools(cluster: Cluster) -> frozenset[tuple[str, Family]]:
    """The tunnels that pools ask for, or may."""
    modes = ((pool.net, (("IPIP", pool.ipip_mode), ("VXLAN", pool.vxlan_mode))) for pool in pools_from_start(cluster))
    return frozenset((name, net.family) for net, both in modes if net for name, mode in both if mode != "Never")


class Tunnels:
    """Which tunnels are on at a node, and at which ports."""

    def __init__(self, cluster: Cluster, settings: Settings) -> None:
        """Ask once."""
        self.nodes = calico_nodes(cluster, settings)
        self.ipip = has(cluster, settings, "IPIP", 4)
        self.vxlan: dict[int, bool] = {family: has(cluster, settings, "VXLAN", family) for family in FAMILIES}
        self.vxlan_port = settings.port("vxlanPort", VXLAN_PORT)
        self.wireguard = {
            4: settings.port("wireguardListeningPort", WIREGUARD_PORT) if encrypts(settings, 4) else None,
            6: settings.port("wireguardListeningPortV6", WIREGUARD_PORT_V6) if encrypts(settings, 6) else None,
        }

    @property
    def told(self) -> object:
        """Equal where all of it is the same, as long as they are there."""
        return self.ipip, *self.vxlan.values(), self.vxlan_port, *self.wireguard.values(), id(self.nodes)

    def incoming(self, flow: Flow, doubts: Doubts) -> tuple[bool, str] | None:
        """Accept or drop of a packet to the host, and why; None for what is no tunnel's."""
        tunnel = self._tunnel(flow)
        if tunnel is None:
            return None
        if tunnel == "WireGuard":
            return True, "Felix: WireGuard"
        if self.nodes.hold(flow.family, flow.source, doubts):
            return True, f"Felix: {tunnel} from a node of the cluster"
        return False, f"Felix: {tunnel} from an address that is no node of the cluster"

    def outgoing(self, flow: Flow, doubts: Doubts) -> str | None:
        """Why a packet of the host is accepted; None leaves it to policy."""
        tunnel = self._tunnel(flow)
        if tunnel == "WireGuard":
            return "Felix: WireGuard"
        if tunnel and self.nodes.hold(flow.family, flow.destination, doubts):
            return f"Felix: {tunnel} to a node of the cluster"
        return None

    def _tunnel(self, flow: Flow) -> str | None:
        if flow.protocol == IPIP and flow.family == 4 and self.ipip:
            return "IPIP"
        if flow.protocol != UDP or flow.destination_port is None:
            return None
        if flow.destination_port == self.vxlan_port and self.vxlan[flow.family]:
            return "VXLAN"
        return "WireGuard" if flow.destination_port == self.wireguard[flow.family] else None
