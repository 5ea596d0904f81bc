"""One packet's way through the node: which chains it meets, and what they make of it (felix/rules/static.go)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from callint.finding import Path
from callint.net import intervals
from callint.net.ports import ICMPV6, UDP
from callint.objects import Resource
from callint.policy.chains import Chain, Decision, Direction, EndpointChains, Kind, through_tiers
from callint.policy.doubt import Doubts, UndecidedError, explore
from callint.policy.failsafes import Failsafe
from callint.policy.inventory import HostMember
from callint.policy.model import NodePolicy
from callint.policy.packet import Conntrack, Flow, Outcome, Packet, Step, Verdict, read
from callint.policy.ranges import PLACE
from callint.policy.tunnels import IPIP

NEIGHBOUR_TYPES = (130, 131, 132, 133, 135, 136)
"""ICMPv6 types that Felix lets in from workloads, and in eBPF mode everywhere (static.go ICMPv6Filter, tc.c)."""

_LINK_LOCAL = (0xFE80 << 112, (0xFEC0 << 112) - 1)
WILDCARD_NAME = "any-interface-at-all"
CHAIN_PREFIXES: dict[tuple[Kind, Direction], str] = {
    ("normal", "ingress"): "fh",
    ("normal", "egress"): "th",
    ("forward", "ingress"): "fhfw",
    ("forward", "egress"): "thfw",
    ("preDNAT", "ingress"): "fh-mangle",
    ("untracked", "ingress"): "fh-raw",
    ("untracked", "egress"): "th-raw",
}
"""How the names of a host endpoint's chains begin; what follows is the interface, or WILDCARD_NAME."""


class EndError(Exception):
    """The packet's way ends here."""

    def __init__(self, outcome: Outcome, reason: str, policy: Resource | None = None, path: Path = ()) -> None:
        """As in a Verdict."""
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason
        self.policy = policy
        self.path = path


def evaluate(here: NodePolicy, packet: Packet, spend: Callable[[], None] | None = None) -> Verdict:
    """What Calico does with a packet at a node; raises ValueError for a packet that cannot exist.

    `spend` is called before each way through the rules, of which there are several where something is not known.
    """
    if packet.in_interface is None and packet.out_interface is None:
        raise ValueError("the packet has neither an incoming nor an outgoing interface")
    read(packet)
    read(packet, pre_dnat=True)
    return explore(lambda doubts: Walk(here, packet, doubts).verdict(), spend)


class Walk:
    """One packet under one set of answers to what nobody knows."""

    def __init__(self, here: NodePolicy, packet: Packet, doubts: Doubts) -> None:
        """`packet` must be valid."""
        self._here = here
        self._packet = packet
        self._doubts = doubts
        self._flow = read(packet)
        self._wire = read(packet, pre_dnat=True)
        self._conntrack: Conntrack = packet.conntrack
        self._mark: Decision | None = None
        self._last = Decision("none", "no policy concerns the packet")
        self._steps: list[Step] = []

    def verdict(self) -> Verdict:
        """Go the whole way; raises UndecidedError."""
        try:
            self._go(self._packet.in_interface, self._packet.out_interface)
        except EndError as end:
            outcome, reason = end.outcome, end.reason
            if outcome == "accept" and not self._here.settings.accepts:
                outcome, reason = "no-verdict", f"{reason}, left to the host by {self._here.settings.allow_action_key}"
            if outcome == "no-verdict" and self._here.settings.ebpf:
                outcome, reason = "accept", f"{reason}, which eBPF allows"
            return Verdict(outcome, reason, end.policy, end.path, tuple(self._steps))

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
        if self._mark is None:
            chains, name = self._pre_dnat(interface)
            if chains is not None:
                decision = self._chain(chains, "preDNAT", "ingress", name, self._wire)
                self._mark = decision if decision.kind == "allow" else None

    def _check_source(self, interface: str) -> None:
        """Strict reverse path check: an address comes from its own workload (raw PREROUTING, rpfilter)."""
        allowed = self._here.sources_of(interface)
        index = PLACE[self._flow.family]
        link_local = self._flow.family == 6 and _LINK_LOCAL[0] <= self._flow.source <= _LINK_LOCAL[1]
        if allowed is None or link_local or intervals.contains(allowed[index], self._flow.source):
            return
        self._stop("drop", f"reverse path check: {self._packet.source} is no address of the workload on {interface}")

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

    def _pre_dnat(self, interface: str) -> tuple[EndpointChains | None, str]:
        """The chains whose preDNAT policy applies: a named endpoint without any falls back to the wildcard's."""
        governor = self._here.governor(interface)
        wildcard = self._here.governance.wildcard
        candidates: list[tuple[HostMember, str]] = []
        if governor.endpoint is not None:
            candidates.append((governor.endpoint, WILDCARD_NAME if governor.wildcard else interface))
            if wildcard is not None and not governor.wildcard and not self._here.settings.ebpf:
                candidates.append((wildcard, WILDCARD_NAME))
        for endpoint, name in candidates:
            chains = self._here.chains(endpoint)
            if chains.has("preDNAT", self._doubts):
                return chains, name
        return None, ""

    # the three ways

    def _to_host(self, interface: str) -> NoReturn:
        tunnel = self._here.tunnels.incoming(self._flow, self._doubts)
        if tunnel is not None:
            self._stop("accept" if tunnel[0] else "drop", tunnel[1])
        if self._here.governance.is_workload(interface):
            self._workload_to_host(interface)
        if self._mark is not None:
            self._finish(self._mark)
        governor = self._here.governor(interface)
        if governor.endpoint is None:
            self._stop("no-verdict", governor.reason)
        self._allow_neighbours()
        self._finish(self._host_chain(interface, "normal", "ingress"))

    def _workload_to_host(self, interface: str) -> NoReturn:
        """Workloads meet their own egress policy, then the default action; no policy of a host endpoint."""
        if self._is_neighbour():
            self._stop("accept", "Felix: ICMPv6 from workload")
        self._mark = self._workload_chain(interface, "egress")
        if self._mark.kind == "none":
            self._finish(self._mark)
        self._stop(*self._here.settings.to_host)

    def _from_host(self, interface: str) -> NoReturn:
        workload = self._here.governance.is_workload(interface)
        if not workload:
            self._untracked(interface, "egress")
            if self._mark is not None:
                self._finish(self._mark)
        if workload:
            self._stop("no-verdict", "host to local workload")
        tunnel = self._here.tunnels.outgoing(self._flow, self._doubts)
        if tunnel is not None:
            self._stop("accept", tunnel)
        governor = self._here.governor(interface)
        if governor.endpoint is None:
            self._stop("no-verdict", governor.reason)
        self._allow_neighbours()
        decision = self._host_chain(interface, "normal", "egress")
        if self._packet.translated and decision.kind != "drop":
            # policy for packets that DNAT sent elsewhere is in mangle POSTROUTING, where accepting settles nothing
            self._stop("no-verdict", decision.reason, decision)
        self._finish(decision)

    def _forwarded(self, arriving: str, leaving: str) -> NoReturn:
        is_workload = self._here.governance.is_workload
        met = False
        if self._mark is None:
            met = self._forward_chain(arriving, "ingress") or met
        else:
            self._last = self._mark
        for interface, direction in ((arriving, "egress"), (leaving, "ingress")):
            if is_workload(interface):
                met = True
                self._last = self._workload_chain(interface, "egress" if direction == "egress" else "ingress")
                self._mark = self._last if self._last.kind == "allow" else None
        met = self._forward_chain(leaving, "egress") or met
        if self._here.loops(self._flow):
            self._stop("drop", "service loop prevention")
        if self._mark is not None:
            self._finish(self._mark)
        if not met and self._last.kind == "none":
            reasons = (self._here.governor(name).reason for name in (arriving, leaving))
            self._stop("no-verdict", "; ".join(dict.fromkeys(reasons)))
        self._finish(self._last)

    def _forward_chain(self, interface: str, direction: Direction) -> bool:
        """Visit the forward chain of an interface's endpoint, if it has one."""
        if self._here.governor(interface).endpoint is None:
            return False
        self._last = self._host_chain(interface, "forward", direction)
        self._mark = self._last if self._last.kind == "allow" else None
        return True

    # single chains

    def _host_chain(self, interface: str, kind: Kind, direction: Direction) -> Decision:
        governor = self._here.governor(interface)
        assert governor.endpoint is not None
        name = WILDCARD_NAME if governor.wildcard else interface
        return self._chain(self._here.chains(governor.endpoint), kind, direction, name, self._flow)

    def _workload_chain(self, interface: str, direction: Direction) -> Decision:
        chains = self._here.workload_chains(interface)
        if chains is None:
            if not self._here.inventory.pods_complete:
                raise UndecidedError(f'the workload behind the interface "{interface}", which no manifest holds')
            self._stop("drop", f"no workload is known on {interface}")
        return self._chain(chains, "normal", direction, interface, self._flow)

    def _chain(self, chains: EndpointChains, kind: Kind, direction: Direction, name: str, flow: Flow) -> Decision:
        """Visit one chain; drops and accepts that end the packet's way do so here."""
        prefix = CHAIN_PREFIXES[kind, direction] if chains.host else ("tw" if direction == "ingress" else "fw")
        chain = Chain(chains, kind, direction, f"{prefix}-{name}")
        tracked = kind != "untracked"
        if tracked and self._conntrack in ("established", "related"):
            if kind == "preDNAT":
                return Decision("finish", "conntrack")
            outcome: Outcome = "no-verdict" if self._in_mangle(chains, kind, direction) else "accept"
            self._stop(outcome, "conntrack", chain=chain)
        if tracked and self._conntrack == "invalid" and self._here.checks_invalid:
            self._stop("drop", "conntrack INVALID", chain=chain)
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
            raise EndError("drop", decision.reason, decision.policy, decision.path)
        return decision

    def _profiles(self, chain: Chain, flow: Flow) -> Decision:
        endpoint = chain.chains.endpoint
        decision = self._here.profiles.decide(
            endpoint.about.profiles, chain.direction, flow, self._doubts, ebpf=self._here.settings.ebpf
        )
        if decision is None:
            reason = f"no profile matched ({chain.direction}, {chain.name})"
            decision = Decision("drop", reason, endpoint.written, ("spec", "profiles"))
        elif decision.policy is None:
            decision = decision._replace(policy=endpoint.written, path=("spec", "profiles"))
        self._steps.append(chain.step(decision.kind, decision.reason, decision=decision))
        return decision

    def _failsafe(self, kind: Kind, direction: Direction, flow: Flow) -> Decision | None:
        """A port that no policy can close; in raw also the answers of the opposite list's ports.

        An unknown source port is taken for none of those.
        """
        if self._here.settings.ebpf and self._packet.in_interface and self._packet.out_interface:
            return None
        lists = self._here.failsafes
        peer = flow.source if direction == "ingress" else flow.destination
        there = lists["Inbound" if direction == "ingress" else "Outbound"]
        found = _first(there, flow, flow.destination_port, peer)
        if found is None and kind == "untracked":
            back = lists["Outbound" if direction == "ingress" else "Inbound"]
            found = _first(back, flow, flow.source_port, peer)
        if found is None:
            return None
        return Decision("finish", found.reason, found.resource, found.path)

    def _check_encapsulation(self, chain: Chain, flow: Flow) -> None:
        settings = self._here.settings
        vxlan = flow.protocol == UDP and flow.destination_port == self._here.tunnels.vxlan_port
        if vxlan and not settings.flag("allowVXLANPacketsFromWorkloads", default=False):
            self._stop("drop", "Felix: VXLAN from workload", chain=chain)
        if flow.protocol == IPIP and not settings.flag("allowIPIPPacketsFromWorkloads", default=False):
            self._stop("drop", "Felix: IPIP from workload", chain=chain)

    def _is_neighbour(self) -> bool:
        flow = self._flow
        return flow.family == 6 and flow.protocol == ICMPV6 and flow.icmp_type in NEIGHBOUR_TYPES

    def _allow_neighbours(self) -> None:
        if self._here.settings.ebpf and self._is_neighbour():
            self._stop("accept", "Felix: eBPF allows ICMPv6 of neighbours")

    def _in_mangle(self, chains: EndpointChains, kind: Kind, direction: Direction) -> bool:
        return chains.host and kind == "normal" and direction == "egress" and self._packet.translated

    # ends

    def _finish(self, decision: Decision) -> NoReturn:
        outcome: Outcome = "accept" if decision.kind in ("allow", "finish") else "no-verdict"
        raise EndError(outcome, decision.reason, decision.policy, decision.path)

    def _stop(
        self, outcome: Outcome, reason: str, decision: Decision | None = None, *, chain: Chain | None = None
    ) -> NoReturn:
        if decision is None:
            self._steps.append(chain.step(outcome, reason) if chain else Step("", outcome, reason))
        policy, path = (decision.policy, decision.path) if decision else (None, ())
        raise EndError(outcome, reason, policy, path)


def _first(failsafes: tuple[Failsafe, ...], flow: Flow, port: int | None, peer: int) -> Failsafe | None:
    """The first entry for a port of the packet, and for the far end."""
    return next((one for one in failsafes if one.meets(flow.protocol, port, flow.family, peer)), None)
