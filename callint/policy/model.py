"""The policy of a cluster and of its nodes: everything that packets have in common is made once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache, partial

from callint.net import intervals
from callint.net.address import Family
from callint.objects import Cluster, Resource
from callint.policy.address_inventory import AddressInventory
from callint.policy.chains import EndpointChains, Kind, Profiles
from callint.policy.compiled import CompiledPolicy
from callint.policy.doubt import UndecidedError
from callint.policy.failsafes import Failsafe, Failsafes
from callint.policy.interfaces import Governance, Governor
from callint.policy.inventory import Endpoint, HostMember, WorkloadMember
from callint.policy.match import policy_selectors
from callint.policy.nodes import Interfaces, node_interfaces, read_interfaces, with_nameless
from callint.policy.packet import Direction, Flow
from callint.policy.ranges import PLACE, Ranges, ranges
from callint.policy.settings import Settings
from callint.policy.tiers import PlacedPolicy, PlacedTier, selecting, tiers_of
from callint.policy.tunnels import Tunnels
from callint.selector import Selector
from callint.selector.index import SelectorIndex

GivenInterfaces = Mapping[str, "Sequence[str] | None"]
"""Name of an interface to its addresses as text; None where they are not known."""

_SOURCES_ANNOTATION = "cni.projectcalico.org/allowedSourcePrefixes"


class Model:
    """The policy of one cluster, the same for all its nodes."""

    def __init__(self, cluster: Cluster, assumed: tuple[WorkloadMember, ...] = (), *, staged: bool = False) -> None:
        """Compile nothing yet; `assumed` are workloads that no manifest holds.

        With `staged` it is as if staged policies were enforced.
        """
        self.cluster = cluster
        self._assumed = assumed
        self._staged = staged
        self.inventory = AddressInventory(cluster, assumed, self._asked)
        self.profiles = Profiles(self.inventory)
        self.at = cache(partial(NodePolicy, self))
        """The policy of a node with the interfaces that facts or objects tell."""
        self.closing = cache(self._closing)
        self._compiled = cache(self._compile)
        self._chains: dict[int, EndpointChains] = {}
        self._tunnels: dict[tuple[Resource, ...], Tunnels] = {}

    @cached_property
    def tiers(self) -> tuple[PlacedTier, ...]:
        """All tiers with their policies, in order."""
        return tiers_of(self.cluster, staged=self._staged)

    def enforced(self, family: Family) -> Model | None:
        """The same with what iptables and nftables enforce for packets of a family; None where that is all."""
        from callint.policy.enforced import enforced

        tiers = enforced(self.tiers, family)
        if tiers is None:
            return None
        found = Model(self.cluster, self._assumed, staged=self._staged)
        found.tiers = tiers
        return found

    @cached_property
    def policies(self) -> tuple[tuple[PlacedTier, PlacedPolicy], ...]:
        """All policies in order, each with its tier."""
        return tuple((tier, placed) for tier in self.tiers for placed in tier.policies)

    def _closing(self, direction: str) -> Sequence[tuple[PlacedTier, PlacedPolicy]]:
        """Those by which what no rule allows of a direction is surely dropped."""
        return [one for one in self.policies if one[0].shuts_in(one[1].policy, direction)]

    def _asked(self) -> set[Selector]:
        """What selects the ends of rules, as far as it can be read."""
        pairs = (pair for _, placed in self.policies for pair in policy_selectors(placed.policy))
        return {one for pair in pairs for one in pair if one is not None}

    @cached_property
    def selecting(self) -> SelectorIndex[tuple[int, int]]:
        """Every policy in order, by the places of its tier and its own, to be found by labels."""
        return selecting(self.tiers)

    def chains(self, endpoint: Endpoint) -> EndpointChains:
        """The chains of an endpoint, which must be one of the inventory's."""
        found = self._chains.get(id(endpoint))
        if found is None:
            tiers: dict[int, tuple[PlacedTier, list[CompiledPolicy]]] = {}
            for number, place in self.selecting.candidates(*endpoint.labels.seen):
                tiers.setdefault(number, (self.tiers[number], []))[1].append(self._compiled(number, place))
            found = self._chains[id(endpoint)] = EndpointChains(endpoint, list(tiers.values()))
        return found

    def _compile(self, number: int, place: int) -> CompiledPolicy:
        return CompiledPolicy(self.tiers[number].policies[place], self.inventory)

    def tunnels(self, settings: Settings) -> Tunnels:
        """Felix's own rules for tunnels, the same at all nodes of equal settings."""
        found = self._tunnels.get(settings.sources)
        if found is None:
            found = self._tunnels[settings.sources] = Tunnels(self.cluster, settings)
        return found


class NodePolicy:
    """One node: its settings, its interfaces and their host endpoints."""

    def __init__(self, model: Model | Cluster, node: str, interfaces: GivenInterfaces | None = None) -> None:
        """`interfaces` as they are; without them those of the node's facts, or what host endpoints let infer."""
        self.model = model if isinstance(model, Model) else Model(model)
        self.node = node
        self.inventory = self.model.inventory
        self.profiles = self.model.profiles
        self.interfaces = self._known() if interfaces is None else read_interfaces(interfaces)

    def _known(self) -> Interfaces:
        cluster = self.model.cluster
        found, facts = node_interfaces(cluster, self.node), cluster.facts.get(self.node)
        if facts is not None and facts.interfaces is not None:
            return found
        mine = (one.about for one in self.inventory.hosts_of(self.node))
        return with_nameless(found, (one for one in mine if one.node == self.node))

    @cached_property
    def settings(self) -> Settings:
        """What Felix is set to here."""
        return Settings(self.model.cluster, self.node)

    @cached_property
    def governance(self) -> Governance:
        """The host endpoints of the interfaces."""
        return Governance(self.inventory, self.node, self.settings, self.interfaces)

    @cached_property
    def tunnels(self) -> Tunnels:
        """Felix's own rules."""
        return self.model.tunnels(self.settings)

    @cached_property
    def _failsafes(self) -> dict[Direction, Failsafes]:
        return {"ingress": self.settings.failsafe("Inbound"), "egress": self.settings.failsafe("Outbound")}

    def failsafes(self, kind: Kind, direction: Direction) -> list[tuple[Failsafe, str]]:
        """The failsafe ports of a chain, each with the field of packets that it is about.

        In raw those of the opposite direction let their answers by.
        """
        return [(one, field) for several, field in self._sides(kind, direction) for one in several]

    def _sides(self, kind: Kind, direction: Direction) -> Iterator[tuple[Failsafes, str]]:
        yield self._failsafes[direction], "destination_port"
        if kind == "untracked":
            yield self._failsafes["egress" if direction == "ingress" else "ingress"], "source_port"

    def failsafes_at(
        self, kind: Kind, direction: Direction, source_port: int | None, destination_port: int | None
    ) -> Iterator[Failsafe]:
        """Those for packets of such ports; the port that is not known is none."""
        for one, field in self._sides(kind, direction):
            port = source_port if field == "source_port" else destination_port
            yield from one.by_port.get(port, ()) if port is not None else ()

    def governor(self, interface: str) -> Governor:
        """The host endpoint of an interface; raises UndecidedError where another one may be it."""
        found = self.governance.of(interface)
        if found.unknown is not None:
            raise UndecidedError(found.unknown)
        return found

    def asked_before_dnat(self, interface: str) -> Iterator[HostMember]:
        """Of these the first with preDNAT policy is asked: a named endpoint without any falls back to the wildcard.

        Raises UndecidedError.
        """
        governor, wildcard = self.governor(interface), self.governance.wildcard
        if governor.endpoint is not None:
            yield governor.endpoint
            if wildcard is not None and not governor.wildcard and not self.settings.ebpf:
                yield wildcard

    def chains(self, endpoint: HostMember) -> EndpointChains:
        """The chains of a host endpoint."""
        return self.model.chains(endpoint)

    @cached_property
    def _workloads(self) -> dict[str, WorkloadMember]:
        return {one.about.interface: one for one in self.inventory.workloads if one.about.node in (self.node, "")}

    def workload_chains(self, interface: str) -> EndpointChains | None:
        """The chains of the workload behind an interface; None if none is known."""
        found = self._workloads.get(interface)
        return None if found is None else self.model.chains(found)

    def sources_of(self, interface: str) -> Ranges | None:
        """The addresses from which the workload behind an interface may send; None if that is not known."""
        found = self._workloads.get(interface)
        if found is None or not found.about.addresses:
            return None
        spoofed: Sequence[str] = ()
        written = found.written.annotations.get(_SOURCES_ANNOTATION) if found.written else None
        if written and self.settings.word("workloadSourceSpoofing", "Disabled") == "any":
            spoofed = written.strip("[] ").replace('"', "").replace(" ", "").split(",")
        return ranges((*found.about.addresses, *spoofed))

    @cached_property
    def service_ranges(self) -> Ranges:
        """What loop prevention drops: the service networks of the default BGPConfiguration (service_loop_mgr.go)."""
        if self.settings.word("serviceLoopPrevention", "Drop") == "disabled":
            return (), ()
        default = next((one for one in self.model.cluster.bgp_configurations if one.resource.name == "default"), None)
        if default is None:
            return (), ()
        lists = (default.service_cluster_ips, default.service_external_ips, default.service_load_balancer_ips)
        return ranges(cidr for cidrs in lists for cidr in cidrs)

    def loops(self, flow: Flow) -> bool:
        """Whether a forwarded packet goes to a service network, from which no route leads on."""
        return intervals.contains(self.service_ranges[PLACE[flow.family]], flow.destination)


@lru_cache(maxsize=8)
def model_of(cluster: Cluster) -> Model:
    """The model of a cluster, made once."""
    return Model(cluster)
