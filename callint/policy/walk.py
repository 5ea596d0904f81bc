"""One packet's way through the node: which chains it meets, and what they make of it (felix/rules/static.go)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from callint.net import intervals
from callint.net.ports import ICMPV6, UDP
from callint.policy.chains import Chain, Decision, EndpointChains, Kind, through_tiers
from callint.policy.doubt import Doubts, UndecidedError, explore
from callint.policy.model import NodePolicy
from callint.policy.packet import Conntrack, Direction, Flow, Outcome, Packet, Step, Verdict, read
from callint.policy.ranges import PLACE
from callint.policy.tunnels import IPIP

NEIGHBOUR_TYPES = (130, 131, 132, 133, 135, 136)
"""ICMPv6 types that Felix lets in from workloads, and in eBPF mode everywhere (static.go ICMPv6Filter, tc.c)."""

LINK_LOCAL = ((0xFE80 << 112, (0xFEC0 << 112) - 1),)
"""Where workloads may send from besides their own addresses, in IPv6."""


class EndError(Exception):
    """The packet's way ends here."""

    def __init__(self, verdict: Verdict) -> None:
        """Before it is seen what accepting means at the node."""
        super().__init__(verdict.decided_by)
        self.verdict = verdict


def evaluate(here: NodePolicy, packet: Packet, spend: Callable[[], None] | None = None) -> Verdict:
    """What Calico does with a packet at a node; raises ValueError for a packet that cannot exist.

    `spend` is called before each way through the rules, of which there are several where something is not known.
    """
    if packet.in_interface is None and packet.out_interface is None:
        raise ValueError("the packet has neither an incoming nor an outgoing interface")
    flow, wire = read(packet), read(packet, pre_dnat=True)
    return explore(lambda doubts: _Walk(here, packet, flow, wire, doubts).verdict(), spend)


class _Walk:
    """One packet under one set of answers to what nobody knows; `wire` is it before DNAT."""

    def __init__(self, here: NodePolicy, packet: Packet, flow: Flow, wire: Flow, doubts: Doubts) -> None:
        self._here = here
        self._packet = packet
        self._doubts = doubts
        self._flow = flow
        self._wire = wire
        self._conntrack: Conntrack = packet.conntrack
        self._mark: Decision | None = None
        self._last = Decision("none", "no policy concerns the packet")
        self._steps: list[Step] = []

    def verdict(self) -> Verdict:
        """Go the whole way; raises UndecidedError."""
        settings = self._here.settings
        try:
            self._go(self._packet.in_interface, self._packet.out_interface)
        except EndError as end:
            outcome, reason = end.verdict.outcome, end.verdict.decided_by
            if outcome == "accept" and not settings.accepts:
                outcome, reason = "no-verdict", f"{reason}, left to the host by {settings.allow_action_key}"
            if outcome == "no-verdict" and settings.ebpf:
                outcome, reason = "accept", f"{reason}, which eBPF allows"
            return end.verdict._replace(outcome=outcome, decided_by=reason, steps=tuple(self._steps))

    def _go(self, arriving: str | None, leaving: str | None) -> NoReturn:
        if arriving is not None:
            self._before_routing(arriving)
            if leaving is not None:
                self._forwarded(arriving, leaving)
            self._to_host(arriving)
        assert leaving is not None
        self._from_host(leaving)

    # what every arriving packet meets: raw, then mangle

    def _before_routing(self, interface: str) -> None:
        if self._here.governance.is_workload(interface):
            self._check_source(interface)
        else:
            self._untracked(interface, "ingress")
        for endpoint in self._here.asked_before_dnat(interface) if self._mark is None else ():
            chains = self._here.chains(endpoint)
            if chains.has("preDNAT", self._doubts):
                decision = self._chain(chains, "preDNAT", "ingress", interface, self._wire)
                self._mark = decision if decision.kind == "allow" else None
                return

    def _check_source(self, interface: str) -> None:
        """Strict reverse path check: an address comes from its own workload (raw PREROUTING, rpfilter)."""
        allowed, family = self._here.sources_of(interface), self._flow.family
        if allowed is None or intervals.contains(allowed[PLACE[family]], self._flow.source):
            return
        if family == 4 or not intervals.contains(LINK_LOCAL, self._flow.source):
            source = self._packet.source
            self._stop("drop", f"reverse path check: {source} is no address of the workload on {interface}")

    def _untracked(self, interface: str, direction: Direction) -> None:
        """Policy without connection tracking; a wildcard endpoint has none, whatever is written."""
        governor = self._here.governor(interface)
        if governor.endpoint is None or governor.wildcard:
            return
        chains = self._here.chains(governor.endpoint)
        if chains.has("untracked", self._doubts):
            decision = self._chain(chains, "untracked", direction, interface, self._wire)
            if decision.kind == "allow":
                self._mark, self._conntrack = decision, "untracked"

    # the three ways

    def _to_host(self, interface: str) -> NoReturn:
        tunnel = self._here.tunnels.incoming(self._flow, self._doubts)
        if tunnel is not None:
            self._stop("accept" if tunnel[0] else "drop", tunnel[1])
        if self._here.governance.is_workload(interface):
            self._workload_to_host(interface)
        self._finish(self._mark or self._own(interface, "ingress"))

    def _workload_to_host(self, interface: str) -> NoReturn:
        """Workloads meet their own egress policy, then the default action; no policy of a host endpoint."""
        if self._is_neighbour():
            self._stop("accept", "Felix: ICMPv6 from workload")
        decision = self._workload_chain(interface, "egress")
        if decision.kind == "none":
            self._finish(decision)
        self._stop(*self._here.settings.to_host)

    def _from_host(self, interface: str) -> NoReturn:
        if self._here.governance.is_workload(interface):
            self._stop("no-verdict", "host to local workload")
        self._untracked(interface, "egress")
        if self._mark is not None:
            self._finish(self._mark)
        tunnel = self._here.tunnels.outgoing(self._flow, self._doubts)
        if tunnel is not None:
            self._stop("accept", tunnel)
        decision = self._own(interface, "egress")
        if self._packet.translated:
            # policy for packets that DNAT sent elsewhere is in mangle POSTROUTING, where accepting settles nothing
            decision = decision._replace(kind="none")
        self._finish(decision)

    def _own(self, interface: str, direction: Direction) -> Decision:
        """What the endpoint of an interface says of the node's own packets."""
        governor = self._here.governor(interface)
        if governor.endpoint is None:
            self._stop("no-verdict", governor.reason)
        if self._here.settings.ebpf and self._is_neighbour():
            self._stop("accept", "Felix: eBPF allows ICMPv6 of neighbours")
        return self._chain(self._here.chains(governor.endpoint), "normal", direction, interface, self._flow)

    def _forwarded(self, arriving: str, leaving: str) -> NoReturn:
        met = False
        if self._mark is None:
            met = self._forward_chain(arriving, "ingress")
        else:
            self._last = self._mark
        ways: tuple[tuple[str, Direction], ...] = ((arriving, "egress"), (leaving, "ingress"))
        for interface, direction in ways:
            if self._here.governance.is_workload(interface):
                met = True
                self._settle(self._workload_chain(interface, direction))
        met = self._forward_chain(leaving, "egress") or met
        if self._here.loops(self._flow):
            self._stop("drop", "service loop prevention")
        if self._mark is None and not met and self._last.kind == "none":
            reasons = (self._here.governor(name).reason for name in (arriving, leaving))
            self._stop("no-verdict", "; ".join(dict.fromkeys(reasons)))
        self._finish(self._mark or self._last)

    def _forward_chain(self, interface: str, direction: Direction) -> bool:
        """Visit the forward chain of an interface's endpoint, if it has one."""
        endpoint = self._here.governor(interface).endpoint
        if endpoint is not None:
            self._settle(self._chain(self._here.chains(endpoint), "forward", direction, interface, self._flow))
        return endpoint is not None

    def _settle(self, decision: Decision) -> None:
        """Take what a chain says of a forwarded packet, which goes on."""
        self._last = decision
        self._mark = decision if decision.kind == "allow" else None

    # single chains

    def _workload_chain(self, interface: str, direction: Direction) -> Decision:
        chains = self._here.workload_chains(interface)
        if chains is None:
            if not self._here.inventory.pods_complete:
                raise UndecidedError(f'the workload behind the interface "{interface}", which no manifest holds')
            self._stop("drop", f"no workload is known on {interface}")
        return self._chain(chains, "normal", direction, interface, self._flow)

    def _chain(self, chains: EndpointChains, kind: Kind, direction: Direction, interface: str, flow: Flow) -> Decision:
        """Visit one chain; drops and accepts that end the packet's way do so here."""
        chain = Chain.at(interface, chains, kind, direction)
        tracked = kind != "untracked"
        if tracked and self._conntrack in ("established", "related"):
            if kind == "preDNAT":
                return Decision("finish", "conntrack")
            in_mangle = chains.host and kind == "normal" and direction == "egress" and self._packet.translated
            self._stop("no-verdict" if in_mangle else "accept", "conntrack", chain)
        if tracked and self._conntrack == "invalid":
            self._check_valid(chain)
        if chains.host and kind != "forward":
            failsafe = self._failsafe(kind, direction, flow)
            if failsafe is not None:
                self._steps.append(chain.step(failsafe.kind, failsafe.reason, decision=failsafe))
                return failsafe
        if not chains.host and direction == "egress":
            self._check_encapsulation(chain, flow)
        decision = through_tiers(chain, flow, self._doubts, self._steps)
        if decision is None and kind == "normal":
            decision = self._profiles(chain, flow)
        if decision is None:
            decision = Decision("none", f"no policy decides ({direction}, {chain.name})")
            self._steps.append(chain.step("none", decision.reason))
        if decision.kind == "drop":
            self._finish(decision)
        return decision

    def _profiles(self, chain: Chain, flow: Flow) -> Decision:
        endpoint, ebpf = chain.chains.endpoint, self._here.settings.ebpf
        decision = self._here.profiles.decide(
            endpoint.about.profiles, chain.direction, flow, self._doubts, ebpf=ebpf
        ) or Decision("drop", f"no profile matched ({chain.direction}, {chain.name})")
        if decision.policy is None:
            decision = decision._replace(policy=endpoint.written, path=("spec", "profiles"))
        self._steps.append(chain.step(decision.kind, decision.reason, decision=decision))
        return decision

    def _failsafe(self, kind: Kind, direction: Direction, flow: Flow) -> Decision | None:
        """A port that no policy can close; an unknown source port is taken for none."""
        if self._here.settings.ebpf and self._packet.in_interface and self._packet.out_interface:
            return None
        peer = flow.source if direction == "ingress" else flow.destination
        for one in self._here.failsafes_at(kind, direction, flow.source_port, flow.destination_port):
            if one.meets(flow.protocol, flow.family, peer):
                return Decision("finish", one.reason, one.resource, one.path)
        return None

    def _check_valid(self, chain: Chain) -> None:
        if not self._here.settings.flag("disableConntrackInvalidCheck", default=False):
            self._stop("drop", "conntrack INVALID", chain)

    def _check_encapsulation(self, chain: Chain, flow: Flow) -> None:
        vxlan = flow.protocol == UDP and flow.destination_port == self._here.tunnels.vxlan_port
        for name, wrapped in (("VXLAN", vxlan), ("IPIP", flow.protocol == IPIP)):
            if wrapped and not self._here.settings.flag(f"allow{name}PacketsFromWorkloads", default=False):
                self._stop("drop", f"Felix: {name} from workload", chain)

    def _is_neighbour(self) -> bool:
        flow = self._flow
        return flow.family == 6 and flow.protocol == ICMPV6 and flow.icmp_type in NEIGHBOUR_TYPES

    # ends

    def _finish(self, decision: Decision) -> NoReturn:
        raise EndError(Verdict(decision.outcome, *decision[1:]))

    def _stop(self, outcome: Outcome, reason: str, chain: Chain | None = None) -> NoReturn:
        self._steps.append(chain.step(outcome, reason) if chain else Step("", outcome, reason))
        raise EndError(Verdict(outcome, reason))
