"""One walk of all packets through a node (felix/rules/static.go, dispatch.go), written apart from `policy.walk`."""

from __future__ import annotations

from callint.net import intervals
from callint.net.packets import PacketSet
from callint.net.ports import ICMPV6, UDP, WITH_PORTS
from callint.policy.chains import Kind
from callint.policy.interfaces import Governor
from callint.policy.packet import Direction, Outcome
from callint.policy.ranges import PLACE
from callint.policy.symbolic.block import Cause, Shares, add, of_kind, within
from callint.policy.symbolic.block import Kind as CauseKind
from callint.policy.symbolic.selection import Selection
from callint.policy.symbolic.sets import only
from callint.policy.symbolic.whole import WholeChains
from callint.policy.tunnels import IPIP
from callint.policy.walk import LINK_LOCAL, NEIGHBOUR_TYPES
from callint.record import NamedTuple

_KINDS: dict[Outcome, CauseKind] = {"accept": "allow", "drop": "drop"}


class Wire(NamedTuple):
    """Where packets were sent before DNAT gave them another destination; a port of None was left alone."""

    destination: int
    port: int | None = None


class Way:
    """One walk: `plain` packets carry no mark, `marked` ones do, by the cause that set it; the others have ended."""

    def __init__(self, whole: WholeChains, wire: Wire | None, *, forwarded: bool) -> None:
        self.whole = whole
        self.space = whole.space
        self.here = whole.here
        self.chains = whole.chains
        self.wire = wire
        self.is_forwarded = forwarded
        self.index = PLACE[self.space.family]
        self.plain = self.space.everything
        self.marked: dict[Cause, PacketSet] = {}
        self.ends: dict[Outcome, dict[Cause, PacketSet]] = {}
        self.neighbours = self.space.nothing
        if self.space.family == 6:
            types = intervals.from_values(NEIGHBOUR_TYPES)
            self.neighbours = self.space.box(protocol=only(ICMPV6), icmp_type=types)

    def settled(self) -> dict[Outcome, dict[Cause, PacketSet]]:
        """The ends, after what accepting means here."""
        settings = self.here.settings
        if not settings.accepts:
            add(self.ends.setdefault("no-verdict", {}), self.ends.pop("accept", {}))
        if settings.ebpf:
            add(self.ends.setdefault("accept", {}), self.ends.pop("no-verdict", {}))
        return self.ends

    # the three ways

    def go(self, arriving: str | None, leaving: str | None) -> None:
        """Send all packets; both interfaces are given for forwarded ones."""
        if arriving is None:
            assert leaving is not None, "a packet has an interface"
            self.from_host(leaving)
        elif leaving is None:
            self.to_host(arriving)
        else:
            self.forwarded(arriving, leaving)

    def to_host(self, interface: str) -> None:
        """Packets for the node itself."""
        self.before_routing(interface)
        self.tunnel("source")
        if self.here.governance.is_workload(interface):
            self.workload_to_host(interface)
            return
        self.end("accept", self.marked)
        self.marked = {}
        self.host_chain(interface, "ingress")

    def from_host(self, interface: str) -> None:
        """Packets of the node itself."""
        if self.here.governance.is_workload(interface):
            self.take("no-verdict", "host to local workload")
            return
        self.untracked(interface, "egress")
        self.end("accept", self.marked)
        self.marked = {}
        self.tunnel("destination")
        self.host_chain(interface, "egress")

    def forwarded(self, arriving: str, leaving: str) -> None:
        """Packets for others."""
        self.before_routing(arriving)
        plain = {self.chains.cause("none", "no policy concerns the packet"): self.plain} if self.plain else {}
        last = self.forward_chain(arriving, "ingress", plain)
        add(last, self.marked)
        ways: tuple[tuple[str, Direction], ...] = ((arriving, "egress"), (leaving, "ingress"))
        for interface, direction in ways:
            if self.here.governance.is_workload(interface):
                last = self.workload_chain(interface, direction, self.space.union_all(last.values()))
        last = self.forward_chain(leaving, "egress", last)
        networks = self.here.service_ranges[self.index]
        if networks:
            loops = self.space.box(destination=networks)
            cause = self.chains.cause("drop", "service loop prevention")
            self.end("drop", {cause: loops & self.space.union_all(last.values())})
            last = within(last, ~loops)
        self.end("accept", {cause: packets for cause, packets in last.items() if cause.kind == "allow"})
        self.end("no-verdict", {cause: packets for cause, packets in last.items() if cause.kind != "allow"})

    # what every arriving packet meets

    def before_routing(self, interface: str) -> None:
        """Raw and mangle: the reverse path check, untracked and preDNAT policy."""
        if self.here.governance.is_workload(interface):
            allowed = self.here.sources_of(interface)
            if allowed is not None:
                own = intervals.union(allowed[self.index], LINK_LOCAL if self.index else ())
                self.take("drop", "reverse path check", ~self.space.box(source=own))
        else:
            self.untracked(interface, "ingress")
        if not self.plain:
            return
        before, self.plain = self.plain, self.space.nothing
        for endpoint in self.here.asked_before_dnat(interface):
            selection = self.chains.selections.of(endpoint)
            has = self.chains.has(selection, "preDNAT")
            if has is not False:
                self.mark(self.visit(selection, "preDNAT", "ingress", before))
            if has:
                return
        self.plain |= before

    def untracked(self, interface: str, direction: Direction) -> None:
        """Policy without connection tracking; a wildcard endpoint has none."""
        governor = self.here.governor(interface)
        if governor.endpoint is None or governor.wildcard:
            return
        selection = self.chains.selections.of(governor.endpoint)
        if self.chains.has(selection, "untracked") is not False:
            before, self.plain = self.plain, self.space.nothing
            self.mark(self.visit(selection, "untracked", direction, before))

    def mark(self, shares: Shares) -> None:
        """Packets that a chain of raw or mangle allowed are marked, those that a failsafe port let by are not."""
        add(self.marked, {cause: packets for cause, packets in shares.items() if cause.kind == "allow"})
        self.plain |= of_kind(self.space, shares, "finish", "none")

    def tunnel(self, peer: str) -> None:
        """Felix's own rules about tunnels, which come before policy."""
        tunnels = self.here.tunnels
        family = self.space.family
        if not (tunnels.ipip or tunnels.vxlan[family]) and tunnels.wireguard[family] is None:
            return
        vxlan = self.space.box(protocol=only(UDP), destination_port=only(tunnels.vxlan_port))
        ipip = self.space.box(protocol=only(IPIP))
        known = tunnels.nodes.addresses[self.index]
        for name, on, packets in (
            ("IPIP", tunnels.ipip and family == 4, ipip),
            ("VXLAN", tunnels.vxlan[family], vxlan),
        ):
            if not on or not packets:
                continue
            from_nodes = packets & self.space.box(**{peer: known}) if known else self.space.nothing
            self.take("accept", f"Felix: {name} with a node of the cluster", from_nodes)
            strange = packets - from_nodes
            if not tunnels.nodes.complete:
                cause = self.chains.cause("allow", f"Felix: {name} with a node of the cluster")
                self.end("accept", {cause: strange & self.everyone()})
            if peer == "source":
                self.take("drop", f"Felix: {name} from an address that is no node of the cluster", strange)
        wireguard = tunnels.wireguard[family]
        if wireguard is not None:
            packets = self.space.box(protocol=only(UDP), destination_port=only(wireguard))
            if tunnels.vxlan[family]:
                packets -= vxlan
            self.take("accept", "Felix: WireGuard", packets)

    # single chains

    def host_chain(self, interface: str, direction: Direction) -> None:
        """The normal chain of a host interface, where packets of the host itself end."""
        governor = self.governor(interface, self.plain)
        if governor is None or not self.plain:
            return
        if governor.endpoint is None:
            self.take("no-verdict", governor.reason)
            return
        if self.here.settings.ebpf:
            self.take("accept", "Felix: eBPF allows ICMPv6 of neighbours", self.neighbours)
        found = self.visit(self.chains.selections.of(governor.endpoint), "normal", direction, self.plain)
        in_mangle = direction == "egress" and self.wire is not None
        accepts = () if in_mangle else ("allow", "finish")
        accepted = {cause: one for cause, one in found.items() if cause.kind in accepts}
        self.end("accept", accepted)
        self.end("no-verdict", {cause: one for cause, one in found.items() if cause not in accepted})

    def workload_to_host(self, interface: str) -> None:
        """A workload's own policy, then the default action; no policy of a host endpoint."""
        self.take("accept", "Felix: ICMPv6 from workload", self.neighbours)
        found = self.workload_chain(interface, "egress", self.everyone())
        outcome, why = self.here.settings.to_host
        cause = self.chains.cause("none", why)
        self.end(outcome, {cause: self.space.union_all(found.values())})

    def workload_chain(self, interface: str, direction: Direction, packets: PacketSet) -> dict[Cause, PacketSet]:
        """A workload's normal chain; without a workload behind the interface the packets end."""
        if not packets:
            return {}
        chains = self.here.workload_chains(interface)
        if chains is None:
            known = self.here.inventory.pods_complete
            missing = f'the workload behind the interface "{interface}", which no manifest holds'
            gone = self.chains.cause("drop", f"no workload is known on {interface}")
            self.end("drop" if known else "unknown", {gone if known else Cause("unknown", missing): packets})
            return {}
        return self.visit(self.chains.selections.of(chains.endpoint), "normal", direction, packets)

    def forward_chain(self, interface: str, direction: Direction, last: Shares) -> dict[Cause, PacketSet]:
        """The forward chain of an interface's endpoint; without one the packets stay as they are."""
        packets = self.space.union_all(last.values())
        if not packets:
            return {}
        governor = self.governor(interface, packets)
        if governor is None:
            return {}
        if governor.endpoint is None:
            return dict(last)
        return self.visit(self.chains.selections.of(governor.endpoint), "forward", direction, packets)

    def governor(self, interface: str, packets: PacketSet) -> Governor | None:
        """The governor of an interface; where nobody knows it the way of the packets ends."""
        found = self.here.governance.of(interface)
        if found.unknown is None:
            return found
        self.end("unknown", {Cause("unknown", found.unknown): packets})
        return None

    def visit(
        self, selection: Selection, kind: Kind, direction: Direction, packets: PacketSet
    ) -> dict[Cause, PacketSet]:
        """What a chain says to some packets; those that it drops have ended."""
        shares = self.whole.of(selection, kind, direction, forwarded=self.is_forwarded)
        if self.wire is not None and kind in ("preDNAT", "untracked"):
            shares = {cause: self.on_the_wire(share, self.wire) for cause, share in shares.items()}
        left: dict[Cause, PacketSet] = {}
        for cause, part in within(shares, packets).items():
            if cause.kind == "drop" or cause.kind == "unknown":
                self.end(cause.kind, {cause: part})
            else:
                left[cause] = part
        return left

    def on_the_wire(self, packets: PacketSet, wire: Wire) -> PacketSet:
        """The packets, whatever their destination now, that were in the set before DNAT."""
        space = self.space
        with_ports = space.box(protocol=intervals.from_values(WITH_PORTS))
        sent = packets & space.box(destination=only(wire.destination))
        if wire.port is not None:
            sent &= ~with_ports | space.box(destination_port=only(wire.port))
        ported = {"destination", "destination_port"} if wire.port is not None else {"destination"}
        return space.union_all(
            space.box(**{name: side for name, side in box.items() if name not in gone}) & part
            for part, gone in ((with_ports, ported), (~with_ports, {"destination"}))
            for box in (sent & part).boxes()
        )

    # ends

    def everyone(self) -> PacketSet:
        """All packets that have not ended."""
        return self.plain | self.space.union_all(self.marked.values())

    def end(self, outcome: Outcome, shares: Shares) -> None:
        """The way of some packets ends."""
        add(self.ends.setdefault(outcome, {}), shares)

    def take(self, outcome: Outcome, reason: str, packets: PacketSet | None = None) -> None:
        """End the way of some packets, marked or not; of all that are left unless they are given."""
        packets = self.everyone() if packets is None else packets & self.everyone()
        self.end(outcome, {self.chains.cause(_KINDS.get(outcome, "none"), reason): packets})
        self.plain -= packets
        self.marked = within(self.marked, ~packets)
