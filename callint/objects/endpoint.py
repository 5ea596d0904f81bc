"""Endpoints: host endpoints, the workloads that pods are, and the sets of networks that selectors can name."""

from __future__ import annotations

from callint.objects import fields
from callint.objects.resource import Resource
from callint.record import NamedTuple


class EndpointPort(NamedTuple):
    """A named port of an endpoint; the protocol in lower case, or its number as text."""

    name: str
    protocol: str
    port: int


class HostEndpoint(NamedTuple):
    """An interface of a node, or with `*` all of them (api/pkg/apis/projectcalico/v3/hostendpoint.go)."""

    resource: Resource
    name: str
    node: str
    interface: str
    expected_ips: tuple[str, ...]
    profiles: tuple[str, ...]
    ports: tuple[EndpointPort, ...]


class Workload(NamedTuple):
    """A pod's endpoint, from a WorkloadEndpoint or a Pod; host-networked pods are none (conversion.go)."""

    resource: Resource
    name: str
    namespace: str
    node: str
    interface: str
    addresses: tuple[str, ...]
    labels: dict[str, str]
    profiles: tuple[str, ...]
    ports: tuple[EndpointPort, ...]


class NetworkSet(NamedTuple):
    """A NetworkSet, or with `namespace` None a GlobalNetworkSet."""

    resource: Resource
    namespace: str | None
    labels: dict[str, str]
    nets: tuple[str, ...]


def endpoint_ports(resource: Resource) -> tuple[EndpointPort, ...]:
    """The named ports of a HostEndpoint or a WorkloadEndpoint."""
    return tuple(
        EndpointPort(
            fields.text(item, "name") or "",
            (fields.text(item, "protocol") or "").lower(),
            fields.integer(item, "port") or 0,
        )
        for _, item in fields.items(resource.spec, "ports")
        if isinstance(item, dict)
    )


def host_endpoint(resource: Resource) -> HostEndpoint:
    """Read a HostEndpoint."""
    spec = resource.spec
    return HostEndpoint(
        resource=resource,
        name=resource.name,
        node=fields.text(spec, "node") or "",
        interface=fields.text(spec, "interfaceName") or "",
        expected_ips=fields.texts(spec, "expectedIPs"),
        profiles=fields.texts(spec, "profiles"),
        ports=endpoint_ports(resource),
    )


def network_set(resource: Resource) -> NetworkSet:
    """Read a NetworkSet or GlobalNetworkSet."""
    return NetworkSet(resource, resource.namespace, resource.labels, fields.texts(resource.spec, "nets"))
