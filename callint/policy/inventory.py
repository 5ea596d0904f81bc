"""Who there is that selectors of policies and rules can match: endpoints and network sets, and their labels."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from callint.calico.defaults import ALLOW_ALL_PROFILE, INTERFACE_PREFIXES, NAMESPACE_LABEL
from callint.objects import Cluster, Resource
from callint.objects.endpoint import HostEndpoint, NetworkSet, Workload
from callint.objects.workload import Profile, host_interface, pod, profile, service_account, workload
from callint.policy.address_set import PORT_PROTOCOLS
from callint.policy.autohep import automatic_host_endpoints
from callint.policy.labels import Labels, Sources, inherit, unreadable
from callint.policy.selectable import Selectable
from callint.policy.settings import workload_prefixes
from callint.record import NamedTuple
from callint.steps import Answer


class HostMember(NamedTuple):
    """A host endpoint with the labels that selectors see."""

    about: HostEndpoint
    labels: Labels

    @property
    def written(self) -> Resource | None:
        """The object that it stands in."""
        return self.about.resource


class WorkloadMember(NamedTuple):
    """A workload with the labels that selectors see; `stands_for` describes one that no manifest holds, in a clause.

    Such a one has the `resource` of anything: nothing about it is written.
    """

    about: Workload
    labels: Labels
    stands_for: str = ""

    @property
    def written(self) -> Resource | None:
        """The object that it stands in; none for one that is assumed."""
        return None if self.stands_for else self.about.resource


Endpoint = HostMember | WorkloadMember


class Inventory:
    """The endpoints and network sets of a cluster, with the labels that selectors see."""

    def __init__(self, cluster: Cluster, assumed: tuple[WorkloadMember, ...] = ()) -> None:
        """Read nothing yet; `assumed` are workloads that no manifest holds (`callint.policy.representative`)."""
        self.cluster = cluster
        self._assumed = assumed

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """The profiles that are written down."""
        return {resource.name: profile(resource) for resource in self.cluster.of("Profile")}

    def unwritten(self, name: str) -> tuple[Literal["allow", "drop", "none"], str] | None:
        """What a profile does to all packets, and why, of which no object tells the rules; None where one does.

        That of a namespace allows them, that of a service account is empty (libcalico-go k8s/conversion), and a name
        that does not exist drops everything.
        """
        if name != ALLOW_ALL_PROFILE and name in self.profiles:
            return None
        if name == ALLOW_ALL_PROFILE or name.startswith("kns."):
            return "allow", f"profile {name}"
        return ("none", "") if name.startswith("ksa.") else ("drop", f"profile {name}, which does not exist")

    @cached_property
    def sources(self) -> Sources:
        """Where labels are inherited from."""
        accounts = map(service_account, self.cluster.kubernetes("ServiceAccount", "v1"))
        return Sources(
            {name: namespace.labels for name, namespace in self.cluster.namespaces.items()},
            {(account.namespace, account.name): account.labels for account in accounts},
            {name: profile.labels for name, profile in self.profiles.items()},
        )

    @cached_property
    def host_endpoints(self) -> tuple[HostMember, ...]:
        """The host endpoints that Felix accepts, automatic ones included, by name.

        One with a port whose protocol is not a word, or without interface and addresses, is treated as missing
        (typha/pkg/validator/v1 validateBackendEndpointPort). Raises TooManyStepsError.
        """
        return self._accepted.get()

    @cached_property
    def _accepted(self) -> Answer[tuple[HostMember, ...]]:
        return Answer(self._find_accepted)

    def _find_accepted(self) -> tuple[HostMember, ...]:
        written = (
            (one, self._own(one.resource, one.resource.labels)) for one in self.cluster.host_endpoints if _valid(one)
        )
        every = (*written, *automatic_host_endpoints(self.cluster))
        found = (HostMember(one, inherit(own, one.profiles, self.sources)) for one, own in every)
        return tuple(sorted(found, key=lambda endpoint: endpoint.about.name))

    @cached_property
    def hosts(self) -> Selectable[HostMember]:
        """The host endpoints, to be found by selectors."""
        return Selectable((one.labels, one) for one in self.host_endpoints)

    @cached_property
    def network_sets(self) -> Selectable[NetworkSet]:
        """The network sets, to be found by selectors."""
        return Selectable((self.set_labels(one), one) for one in self.cluster.network_sets)

    def hosts_of(self, node: str) -> list[HostMember]:
        """The host endpoints that are a node's, or may be for all that could be read of them, by name."""
        places = sorted({*self._placed.get(node, ()), *self._placed.get(None, ())})
        return [self.host_endpoints[place] for place in places]

    @cached_property
    def _placed(self) -> dict[str | None, list[int]]:
        """The places of the host endpoints by node; with None of those whose node may be any."""
        found: dict[str | None, list[int]] = {}
        for place, one in enumerate(self.host_endpoints):
            resource = one.about.resource
            hidden = resource.unreadable("spec", "node") or not (one.about.node or resource.document.complete)
            found.setdefault(None if hidden else one.about.node, []).append(place)
        return found

    @cached_property
    def workloads(self) -> tuple[WorkloadMember, ...]:
        """The workload endpoints that are written down, as such or as pods, and assumed ones."""
        pods = map(self._pod, self.cluster.kubernetes("Pod", "v1"))
        every = (*map(workload, self.cluster.of("WorkloadEndpoint")), *(one for one in pods if one))
        written = (
            WorkloadMember(one, inherit(self._own(one.resource, one.labels), one.profiles, self.sources))
            for one in every
        )
        return (*written, *self._assumed)

    def _pod(self, resource: Resource) -> Workload | None:
        found = pod(resource)
        prefixes = INTERFACE_PREFIXES if found is None else workload_prefixes(self.cluster, found.node)
        if found is None or prefixes == INTERFACE_PREFIXES:
            return found
        return found._replace(interface=host_interface(found.namespace, found.name, prefixes[0]))

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Everything that a policy can apply to."""
        return (*self.host_endpoints, *self.workloads)

    def _own(self, resource: Resource, own: dict[str, str]) -> Labels:
        if resource.document.complete and not resource.unreadable("metadata", "labels"):
            return Labels(own)
        return unreadable(f'the labels of {resource.kind} "{resource.name}", which could not be read')

    @cached_property
    def pods_complete(self) -> bool:
        """Whether every pod of the cluster is known."""
        return bool({"Pod", "WorkloadEndpoint"} & set(self.cluster.intent.complete))

    def set_labels(self, about: NetworkSet) -> Labels:
        """The labels of a network set, as selectors see them."""
        own = self._own(about.resource, about.labels)
        if about.namespace is None:
            return own
        scoped = own._replace(known={**own.known, NAMESPACE_LABEL: about.namespace})
        return inherit(scoped, (f"kns.{about.namespace}",), self.sources)


def _valid(endpoint: HostEndpoint) -> bool:
    named = bool(endpoint.interface or endpoint.expected_ips) or endpoint.resource.unreadable("spec")
    return named and all(port.protocol in PORT_PROTOCOLS for port in endpoint.ports)
