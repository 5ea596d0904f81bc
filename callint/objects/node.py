"""Nodes and namespaces: one node is what its Kubernetes Node, its Calico Node and the facts about it say together."""

from __future__ import annotations

from typing import Any

from callint.calico.defaults import CONTROL_PLANE_LABELS, HOSTNAME_LABEL, KUBERNETES_NAME_LABEL, SYSTEM_LABELS
from callint.calico.kinds import is_calico
from callint.finding import Path
from callint.objects import fields
from callint.objects.resource import Resource
from callint.record import NamedTuple

_ANNOTATION = "projectcalico.org/"
_TUNNELS = ("TunnelAddr", "WireguardInterfaceAddr")
"""How annotations end that hold the address of a tunnel (libcalico-go/lib/backend/k8s/resources/node.go)."""


class NodeBGP(NamedTuple):
    """BGP facts of a node; addresses as written, with the prefix length where there is one."""

    ipv4_address: str | None
    ipv6_address: str | None
    as_number: str | None
    cluster_id: str | None


class Node(NamedTuple):
    """A node as objects describe it; `tunnels` are addresses of its tunnels, `resources` the objects that spoke."""

    name: str
    labels: dict[str, str]
    bgp: NodeBGP
    addresses: tuple[tuple[str, str], ...]
    tunnels: tuple[str, ...]
    pod_cidrs: tuple[str, ...]
    resources: tuple[Resource, ...]

    @property
    def control_plane(self) -> bool:
        """Whether a role label says that the API server runs here."""
        return any(label in self.labels for label in CONTROL_PLANE_LABELS)


class Namespace(NamedTuple):
    """A Kubernetes namespace."""

    resource: Resource
    name: str
    labels: dict[str, str]


def node(name: str, resources: tuple[Resource, ...]) -> Node:
    """Merge the objects about one node: Kubernetes labels win over Calico's (k8s/resources/node.go)."""
    labels: dict[str, str] = {}
    addresses: list[tuple[str, str]] = []
    tunnels: list[str | None] = []
    pod_cidrs: tuple[str, ...] = ()
    bgp: dict[str, str | None] = {}
    for resource in sorted(resources, key=lambda one: not is_calico(one.api_version)):
        labels.update(_labels(resource))
        spec = resource.spec
        if is_calico(resource.api_version):
            section = fields.mapping(spec, "bgp")
            found = {
                "ipv4_address": fields.text(section, "ipv4Address"),
                "ipv6_address": fields.text(section, "ipv6Address"),
                "as_number": fields.text(section, "asNumber"),
                "cluster_id": fields.text(section, "routeReflectorClusterID"),
            }
            wireguard = fields.mapping(spec, "wireguard")
            tunnels.append(fields.text(section, "ipv4IPIPTunnelAddr"))
            tunnels += [fields.text(spec, f"{version}VXLANTunnelAddr") for version in ("ipv4", "ipv6")]
            tunnels += [fields.text(wireguard, f"interface{version}Address") for version in ("IPv4", "IPv6")]
            source, key = spec, "addresses"
        else:
            found = {
                "ipv4_address": resource.annotations.get(_ANNOTATION + "IPv4Address"),
                "ipv6_address": resource.annotations.get(_ANNOTATION + "IPv6Address"),
                "as_number": resource.annotations.get(_ANNOTATION + "ASNumber"),
                "cluster_id": resource.annotations.get(_ANNOTATION + "RouteReflectorClusterID"),
            }
            tunnels += [text for name, text in resource.annotations.items() if name.endswith(_TUNNELS)]
            source, key = fields.mapping(resource.plain, "status"), "addresses"
            pod_cidrs = fields.texts(spec, "podCIDRs") or pod_cidrs
        bgp.update({name: value for name, value in found.items() if value})
        addresses.extend(
            (fields.text(item, "type") or "", fields.text(item, "address") or "")
            for _, item in fields.items(source, key)
            if isinstance(item, dict)
        )
    return Node(
        name=name,
        labels=labels,
        bgp=NodeBGP(bgp.get("ipv4_address"), bgp.get("ipv6_address"), bgp.get("as_number"), bgp.get("cluster_id")),
        addresses=tuple(dict.fromkeys(addresses)),
        tunnels=tuple(filter(None, tunnels)),
        pod_cidrs=pod_cidrs,
        resources=resources,
    )


def _labels(resource: Resource) -> dict[str, str]:
    """The labels of a node, those that the kubelet gives it among them, which nobody writes into a manifest."""
    written = resource.labels
    if is_calico(resource.api_version) or resource.printed:
        return written
    system = next((written[key] for key in SYSTEM_LABELS if key in written), "linux")
    return {HOSTNAME_LABEL: resource.name, **dict.fromkeys(SYSTEM_LABELS, system), **written}


def bgp_path(resource: Resource, field: str) -> Path:
    """Where a BGP fact of a node object stands; `field` is the Calico name such as `ipv4Address`."""
    if is_calico(resource.api_version):
        return ("spec", "bgp", field)
    annotation = {
        "ipv4Address": "IPv4Address",
        "ipv6Address": "IPv6Address",
        "asNumber": "ASNumber",
        "routeReflectorClusterID": "RouteReflectorClusterID",
    }[field]
    return ("metadata", "annotations", _ANNOTATION + annotation)


def bgp_value(resource: Resource, field: str) -> Any:
    """What a node object says there; None if it says nothing."""
    value: Any = resource.plain
    for step in bgp_path(resource, field):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def namespace(resource: Resource) -> Namespace:
    """Read a Namespace; Kubernetes adds the label of its own name (kubernetes.io/metadata.name)."""
    return Namespace(resource, resource.name, {KUBERNETES_NAME_LABEL: resource.name, **resource.labels})
