"""Services: the addresses of load balancers, and endpoints as rules match them (felix/serviceindex/serviceindex.go)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from callint.finding import Path
from callint.net.read import decimal
from callint.objects import fields
from callint.objects.resource import Resource
from callint.record import NamedTuple

_SERVICE_LABEL = "kubernetes.io/service-name"
_PROTOCOLS = ("tcp", "udp", "sctp")


class ServicePort(NamedTuple):
    """A port of a service, its protocol in lower case; the target is a number, or the name that containers give it.

    The service may have a `name` of its own for it.
    """

    protocol: str
    number: int
    target: int | str
    name: str | None


class EndpointSlice(NamedTuple):
    """Some endpoints of one service, ready or not, and the nodes of ready ones; ports without a number do not count."""

    namespace: str
    service: str
    addresses: tuple[str, ...]
    ports: tuple[tuple[str, int], ...]
    nodes: frozenset[str]


def balanced_by_calico(service: Resource) -> bool:
    """Whether it is Calico that gives a load balancer its address (kube-controllers/pkg/controllers/loadbalancer)."""
    ours = fields.text(service.spec, "loadBalancerClass") in (None, "calico")
    return ours and fields.text(service.spec, "type") == "LoadBalancer"


def balancers(service: Resource) -> list[tuple[int, Any]]:
    """What the status of a Service says of its load balancer, by place: each entry an address or a name."""
    return fields.items(fields.mapping(fields.mapping(service.plain, "status"), "loadBalancer"), "ingress")


def balancer_addresses(service: Resource) -> Iterator[tuple[Path, str]]:
    """The addresses among them, with their places."""
    for index, item in balancers(service):
        given = fields.text(item, "ip") if isinstance(item, dict) else None
        if given is not None:
            yield ("status", "loadBalancer", "ingress", index, "ip"), given


def service_ports(service: Resource) -> Iterator[ServicePort]:
    """The ports of a Service that can be read; without target they are those of the pods as well."""
    for _, item in fields.items(service.spec, "ports"):
        number = fields.integer(item, "port") if isinstance(item, dict) else None
        if number:
            protocol = (fields.text(item, "protocol") or "TCP").lower()
            target = fields.text(item, "targetPort")
            if protocol in _PROTOCOLS:
                meant = (decimal(target) or target) if target else number
                yield ServicePort(protocol, number, meant, fields.text(item, "name"))


def endpoint_slice(resource: Resource) -> EndpointSlice:
    """Read an EndpointSlice; protocols in lower case."""
    endpoints = [item for _, item in fields.items(resource.plain, "endpoints") if isinstance(item, dict)]
    addresses = tuple(address for item in endpoints for address in fields.texts(item, "addresses"))
    ready = (item for item in endpoints if fields.flag(fields.mapping(item, "conditions"), "ready") is not False)
    nodes = frozenset(name for item in ready if (name := fields.text(item, "nodeName")))
    ports = tuple(
        ((fields.text(item, "protocol") or "TCP").lower(), number)
        for _, item in fields.items(resource.plain, "ports")
        if isinstance(item, dict) and (number := fields.integer(item, "port"))
    )
    service = resource.labels.get(_SERVICE_LABEL, "")
    return EndpointSlice(resource.home, service, addresses, ports, nodes)
