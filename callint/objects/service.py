"""The endpoints of services, as rules match them by a service's name (felix/serviceindex/serviceindex.go)."""

from __future__ import annotations

from callint.objects import fields
from callint.objects.resource import Resource
from callint.record import NamedTuple

_SERVICE_LABEL = "kubernetes.io/service-name"


class EndpointSlice(NamedTuple):
    """Some endpoints of one service; whether they are ready is not looked at, ports without a number do not count."""

    resource: Resource
    namespace: str
    service: str
    addresses: tuple[str, ...]
    ports: tuple[tuple[str, int], ...]


def endpoint_slice(resource: Resource) -> EndpointSlice:
    """Read an EndpointSlice; protocols in lower case."""
    addresses = tuple(
        address
        for _, item in fields.items(resource.plain, "endpoints")
        if isinstance(item, dict)
        for address in fields.texts(item, "addresses")
    )
    ports = tuple(
        ((fields.text(item, "protocol") or "TCP").lower(), number)
        for _, item in fields.items(resource.plain, "ports")
        if isinstance(item, dict) and (number := fields.integer(item, "port"))
    )
    service = resource.labels.get(_SERVICE_LABEL, "")
    return EndpointSlice(resource, resource.home, service, addresses, ports)
