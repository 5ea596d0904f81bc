"""The whole chains of endpoints at a node: what Felix puts first, then policy."""

from __future__ import annotations

from collections.abc import Iterable

from callint.net.packets import PacketSet
from callint.net.ports import UDP
from callint.policy.chains import Kind
from callint.policy.doubt import UndecidedError
from callint.policy.failsafes import Failsafe
from callint.policy.model import NodePolicy
from callint.policy.packet import Direction, protocol_number
from callint.policy.symbolic.block import Cause, Shares, add, within
from callint.policy.symbolic.chain import Chains
from callint.policy.symbolic.selection import Selection
from callint.policy.symbolic.sets import only
from callint.policy.tunnels import IPIP


class WholeChains:
    """What the chains at one node make of packets."""

    def __init__(self, here: NodePolicy, chains: Chains) -> None:
        """`here` knows the node's settings, `chains` what is the same at all nodes of a dataplane."""
        self.here = here
        self.chains = chains
        self.space = chains.space
        self._known: dict[tuple[Selection, Kind, Direction, bool], Shares] = {}

    def of(self, selection: Selection, kind: Kind, direction: Direction, *, forwarded: bool) -> Shares:
        """The chain of an endpoint; `forwarded` packets of eBPF meet no failsafe ports."""
        forwarded = forwarded and kind in ("preDNAT", "untracked") and self.here.settings.ebpf
        key = (selection, kind, direction, forwarded)
        found = self._known.get(key)
        if found is None:
            first, rest = self._before_policy(kind, direction, host=selection.host, forwarded=forwarded)
            shares = dict(first)
            if rest:
                add(shares, within(self.chains.shares(selection, kind, direction), rest))
            found = self._known[key] = shares
        return found

    def leaves(self, direction: Direction) -> bool:
        """Whether Felix leaves any of the node's own packets to the normal policy of a host endpoint."""
        try:
            return bool(self._before_policy("normal", direction, host=True, forwarded=False)[1])
        except UndecidedError:
            return True

    def met(self, direction: Direction) -> object:
        """What the node's own packets meet beside policy: equal at nodes where it is the same; raises UndecidedError.

        What early policy meets is not in it, for which more failsafe ports count than those of one direction.
        """
        settings = self.here.settings
        first, _ = self._before_policy("normal", direction, host=True, forwarded=False)
        return settings.ebpf, settings.accepts, self.here.tunnels.told, frozenset(first.items())

    def _before_policy(
        self, kind: Kind, direction: Direction, *, host: bool, forwarded: bool
    ) -> tuple[Shares, PacketSet]:
        """What Felix puts first, the same at all nodes of equal settings, and the packets that are left for policy."""
        key = (self.here.settings.sources, kind, direction, host, forwarded)
        found = self.chains.first.get(key)
        if found is None:
            asked = host and kind != "forward" and not forwarded
            failsafes = tuple(self.here.failsafes(kind, direction)) if asked else ()
            from_workload = not host and direction == "egress"
            same = (direction, failsafes, self.here.settings.sources if from_workload else None)
            found = self.chains.first.get(same)
            if found is None:
                peer = "source" if direction == "ingress" else "destination"
                first = self._first(failsafes, peer, from_workload=from_workload)
                rest = self.space.everything - self.space.union_all(first.values())
                found = self.chains.first[same] = (first, rest)
            self.chains.first[key] = found
        return found

    def _first(self, failsafes: Iterable[tuple[Failsafe, str]], peer: str, *, from_workload: bool) -> Shares:
        """Failsafe ports, and encapsulated packets of workloads."""
        found: dict[Cause, PacketSet] = {}
        left = self.space.everything

        def take(cause: Cause, packets: PacketSet) -> None:
            nonlocal left
            add(found, {cause: packets & left})
            left -= packets

        for failsafe, field in failsafes:
            cause = self.chains.cause("finish", failsafe.reason, None, failsafe.resource, failsafe.path)
            take(cause, self._failsafe_box(failsafe, field, peer))
        if from_workload:
            vxlan = self.space.box(protocol=only(UDP), destination_port=only(self.here.tunnels.vxlan_port))
            for name, packets in (("VXLAN", vxlan), ("IPIP", self.space.box(protocol=only(IPIP)))):
                try:
                    allowed = self.here.settings.flag(f"allow{name}PacketsFromWorkloads", default=False)
                except UndecidedError as error:
                    take(Cause("unknown", error.missing), packets)
                    continue
                if not allowed:
                    take(self.chains.cause("drop", f"Felix: {name} from workload"), packets)
        return found

    def _failsafe_box(self, failsafe: Failsafe, field: str, peer: str) -> PacketSet:
        """The packets of an entry, which is mostly that of many nodes."""
        net, port = failsafe.net, failsafe.port.port
        if (net is not None and net.family != self.space.family) or not 0 <= port <= 65535:
            return self.space.nothing
        ends = None if net is None else ((net.first, net.last),)
        key = (failsafe.port.protocol, port, field, ends, peer)
        found = self.chains.failsafes.get(key)
        if found is None:
            protocol = only(protocol_number(failsafe.port.protocol))
            found = self.space.box(**{"protocol": protocol, field: only(port), peer: ends})
            self.chains.failsafes[key] = found
        return found
