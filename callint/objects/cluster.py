"""The objects that live together, indexed and typed; every later stage asks here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from callint.calico import Road, Target
from callint.calico.defaults import DEFAULT_TIER, TIERS_BY_NAME
from callint.calico.kinds import NETWORKING, POLICIES, is_calico
from callint.objects.resource import Resource
from callint.record import NamedTuple
from callint.source import Limits, placeholder

if TYPE_CHECKING:
    from callint.facts import NodeFacts
    from callint.finding import Span
    from callint.objects.bgp import BGPConfiguration, BGPFilter, BGPPeer
    from callint.objects.endpoint import HostEndpoint, NetworkSet
    from callint.objects.felix import FelixConfiguration
    from callint.objects.node import Namespace, Node
    from callint.objects.policy import Policy, Tier
    from callint.objects.pool import IPPool
    from callint.objects.service import EndpointSlice
    from callint.source import Document

T = TypeVar("T")
_LIMITS = Limits()
_PREFIX = f"{DEFAULT_TIER}."
_INSTALLATION = ("Installation", "operator.tigera.io/v1")
_APART = (_INSTALLATION, ("NetworkPolicy", NETWORKING), ("Service", "v1"))


class Intent(NamedTuple):
    """What the configuration says about a cluster and manifests cannot.

    `services`: node → interface (or `*`) → name → port if one is said; `masqueraded`: CIDRs and their places;
    `complete`: kinds of which every object of the cluster is given; `places`: where nodes, and interfaces of them, are
    named that services are asked of.
    """

    services: Mapping[str, Mapping[str, Mapping[str, int | None]]] = {}
    masqueraded: tuple[tuple[str, Span], ...] = ()
    api_server_port: int | None = None
    complete: tuple[str, ...] = ()
    places: Mapping[tuple[str, ...], Span] = {}


class Cluster:
    """All objects of one cluster, the facts about its nodes and its target.

    Computed views are made once, on demand, and so is the code imported that they need.
    """

    def __init__(
        self,
        resources: Iterable[Resource],
        target: Target | None = None,
        *,
        name: str = "default",
        facts: Iterable[NodeFacts] = (),
        intent: Intent | None = None,
        documents: Iterable[Document] = (),
        limits: Limits = _LIMITS,
    ) -> None:
        """`documents` are the documents read, for those that could be read only in part."""
        self.name = name
        self.target = target or Target()
        self.intent = intent or Intent()
        self.limits = limits
        self.facts = {one.node: one for one in facts}
        self.incomplete = tuple(document for document in documents if not document.complete)
        self.all = tuple(resources)
        self._of: dict[tuple[str, ...], tuple[Resource, ...]] = {}
        self._named: dict[str, dict[str, Resource]] = {}
        self._kinds: dict[str, list[Resource]] = {}
        for resource in self.all:
            self._kinds.setdefault(resource.kind, []).append(resource)
        kind = _INSTALLATION[0]
        if any(one.of_chart for one in self._kinds.get(kind, ())):
            self._kinds[kind] = self._meant(self._kinds[kind])

    def _meant(self, installations: list[Resource]) -> list[Resource]:
        """Those that are written down or, without any, that of the chart, if there is one: several may be of clusters.

        A second one whose values are not known counts, too.
        """
        from callint.objects.chart_values import CHARTS, INSTALLERS, releases

        installers = (one for kind in INSTALLERS for one in self._kinds.get(kind, ()))
        charts = [release for one in installers for release in releases(one.plain) if release.chart in CHARTS]
        written = [one for one in installations if not one.of_chart]
        return written or (installations if len(charts) == 1 else [])

    @cached_property
    def duplicates(self) -> tuple[tuple[Resource, Resource], ...]:
        """Pairs (later, first) of Calico's resources that are the same stored object."""
        return tuple(_again((self._stored(one), one) for one in self.all if one.name and is_calico(one.api_version)))

    def _stored(self, resource: Resource) -> tuple[str, str, str, str]:
        """What makes two resources one stored object: a policy may be written with its tier before its name."""
        identity = resource.identity
        if not identity[3].startswith(_PREFIX) or resource.kind not in POLICIES:
            return identity
        if self.target.release > TIERS_BY_NAME[1] or resource.spec.get("tier") not in (None, "", DEFAULT_TIER):
            return identity
        return (*identity[:3], identity[3].removeprefix(_PREFIX))

    @cached_property
    def apart(self) -> tuple[tuple[Resource, Resource], ...]:
        """Duplicates in two folders: these may be clusters, variants or stages of their own, and nothing tells.

        Of Kubernetes' own, that is said where they say their namespace, and not of what each part of one cluster may
        bring along, such as a Namespace. Names that still hold a placeholder are no names yet.
        """
        others = (
            (one.identity, one)
            for kind, api_version in _APART
            for one in self.kubernetes(kind, api_version)
            if one.name and (one.namespace or kind == _INSTALLATION[0])
        )
        return tuple(
            (later, first)
            for later, first in (*self.duplicates, *_again(others))
            if later.folder != first.folder and all(placeholder(text) is None for text in later.identity)
        )

    def of(self, *kinds: str) -> tuple[Resource, ...]:
        """Calico resources of the kinds, in the order given; of an object defined twice the last definition counts."""
        known = self._of.get(kinds)
        if known is None:
            found = {
                self._stored(resource): resource
                for kind in kinds
                for resource in self._kinds.get(kind, ())
                if is_calico(resource.api_version)
            }
            known = self._of[kinds] = tuple(found.values())
        return known

    def holds(self, *kinds: str) -> bool:
        """Whether there is any object of one of the kinds, whatever its API group."""
        return not self._kinds.keys().isdisjoint(kinds)

    def kubernetes(self, kind: str, *api_versions: str) -> tuple[Resource, ...]:
        """Resources of a kind outside Calico's groups, of the given apiVersions."""
        return tuple(resource for resource in self._kinds.get(kind, ()) if resource.api_version in api_versions)

    def find(self, kind: str, name: str) -> Resource | None:
        """A cluster-scoped Calico resource by name."""
        if kind not in self._named:
            self._named[kind] = {resource.name: resource for resource in reversed(self.of(kind))}
        return self._named[kind].get(name)

    def _typed(self, read: Callable[[Resource], T], *kinds: str) -> tuple[T, ...]:
        return tuple(read(resource) for resource in self.of(*kinds))

    @cached_property
    def bgp_configurations(self) -> tuple[BGPConfiguration, ...]:
        """All BGPConfigurations."""
        from callint.objects.bgp import bgp_configuration

        return self._typed(bgp_configuration, "BGPConfiguration")

    @cached_property
    def bgp_peers(self) -> tuple[BGPPeer, ...]:
        """All BGPPeers."""
        from callint.objects.bgp import bgp_peer

        return self._typed(bgp_peer, "BGPPeer")

    @cached_property
    def bgp_filters(self) -> dict[str, BGPFilter]:
        """BGPFilters by name."""
        from callint.objects.bgp import bgp_filter

        return {resource.name: bgp_filter(resource) for resource in self.of("BGPFilter")}

    @cached_property
    def pools(self) -> tuple[IPPool, ...]:
        """All IPPools, disabled ones and those of an operator's Installation included."""
        from callint.objects.pool import pools

        return pools(self.of("IPPool"), self.installations)

    @property
    def installations(self) -> tuple[Resource, ...]:
        """What the operator is told to install."""
        return self.kubernetes(*_INSTALLATION)

    @cached_property
    def host_endpoints(self) -> tuple[HostEndpoint, ...]:
        """All HostEndpoints."""
        from callint.objects.endpoint import host_endpoint

        return self._typed(host_endpoint, "HostEndpoint")

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        """Calico policies of every kind but the Kubernetes ones, staged included; `types` filled in by road."""
        from callint.objects.calico_policy import policy

        return tuple(policy(resource, self.road(resource)) for resource in self.of(*POLICIES))

    @cached_property
    def tiers(self) -> tuple[Tier, ...]:
        """The tiers that are written down; built-in ones are added by the policy stage."""
        from callint.objects.calico_policy import tier

        return tuple(tier(resource, self.road(resource)) for resource in self.of("Tier"))

    @cached_property
    def network_sets(self) -> tuple[NetworkSet, ...]:
        """NetworkSets and GlobalNetworkSets."""
        from callint.objects.endpoint import network_set

        return self._typed(network_set, "NetworkSet", "GlobalNetworkSet")

    @cached_property
    def felix(self) -> tuple[FelixConfiguration, ...]:
        """All FelixConfigurations."""
        from callint.objects.felix import felix_configuration

        return self._typed(felix_configuration, "FelixConfiguration")

    @cached_property
    def endpoint_slices(self) -> tuple[EndpointSlice, ...]:
        """Where the endpoints of Services are."""
        from callint.objects.service import endpoint_slice

        return tuple(map(endpoint_slice, self.kubernetes("EndpointSlice", "discovery.k8s.io/v1")))

    @cached_property
    def namespaces(self) -> dict[str, Namespace]:
        """Kubernetes namespaces by name."""
        from callint.objects.node import namespace

        return {resource.name: namespace(resource) for resource in self.kubernetes("Namespace", "v1")}

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """Nodes that an object or a facts file describes, by name; a mere mention makes no node."""
        from callint.objects.node import node

        found: dict[str, list[Resource]] = {name: [] for name in self.facts}
        for resource in (*self.kubernetes("Node", "v1"), *self.of("Node")):
            found.setdefault(resource.name, []).append(resource)
        return {name: node(name, tuple(resources)) for name, resources in sorted(found.items())}

    @property
    def described_nodes(self) -> list[Node]:
        """Those that an object describes, by name; of others facts alone tell."""
        return [node for node in self.nodes.values() if node.resources]

    @cached_property
    def nodes_complete(self) -> bool:
        """Whether the Node objects are all there are: the configuration says so, or the API server printed them.

        What the name of one will be that holds a variable is not known.
        """
        if any(placeholder(name) is not None for name in self.nodes):
            return False
        resources = [resource for node in self.described_nodes for resource in node.resources]
        return "Node" in self.intent.complete or (bool(resources) and all(one.printed for one in resources))

    def road(self, resource: Resource) -> Road:
        """The road on which one object travels."""
        return self.target.road_of(resource.api_version)


def _again(identified: Iterable[tuple[tuple[str, ...], Resource]]) -> Iterator[tuple[Resource, Resource]]:
    """Pairs (later, first) of resources that have one identity."""
    first: dict[tuple[str, ...], Resource] = {}
    for identity, resource in identified:
        known = first.setdefault(identity, resource)
        if known is not resource:
            yield resource, known
