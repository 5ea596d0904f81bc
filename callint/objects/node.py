"""Nodes and namespaces: one node is what its Kubernetes Node, its Calico Node and the facts about it say together."""

from __future__ import annotations

from typing import Any

from callint.calico.defaults import CONTROL_PLANE_LABELS, HOSTNAME_LABEL, KUBERNETES_NAME_LABEL, SYSTEM_LABELS
from callint.calico.kinds import is_calico
from callint.finding import Path
from callint.objects import fields
from callint.objects.resource import Resource
from callint.record import NamedTuple

_BGP = {
    "ipv4Address": "projectcalico.org/IPv4Address",
    "ipv6Address": "projectcalico.org/IPv6Address",
    "asNumber": "projectcalico.org/ASNumber",
    "routeReflectorClusterID": "projectcalico.org/RouteReflectorClusterID",
}
"""Fields of `spec.bgp` and, on a Node of Kubernetes, the annotations for them."""
_TUNNELS = ("TunnelAddr", "WireguardInterfaceAddr")
"""How annotations end that hold the address of a tunnel (libcalico-go/lib/backend/k8s/resources/node.go)."""


class NodeBGP(NamedTuple):
    """BGP facts of a node, in the order of `_BGP`; addresses as written, with the prefix length where there is one."""

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
    def legible(self) -> bool:
        """Whether objects describe it, and all their labels can be read."""
        return bool(self.resources) and not any(one.unreadable("metadata") for one in self.resources)

    @property
    def internal_addresses(self) -> tuple[str, ...]:
        """Those by which Kubernetes knows the node, as written."""
        return tuple(text for kind, text in self.addresses if kind == "InternalIP")

    @property
    def control_plane(self) -> bool:
        """Whether a role label says that the API server runs here."""
        return any(label in self.labels for label in CONTROL_PLANE_LABELS)

    def saying(self, field: str) -> tuple[Resource, Path]:
        """The object that says a BGP fact, or the first one where none does, and where; for `field` see `bgp_path`."""
        saying = (one for one in self.resources if bgp_value(one, field) is not None)
        resource = min(saying, key=_precedence, default=self.resources[0])
        return resource, bgp_path(resource, field)


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
    bgp: dict[str, str] = {}
    for resource in sorted(resources, key=_precedence, reverse=True):
        labels.update(_labels(resource))
        spec = resource.spec
        if is_calico(resource.api_version):
            wireguard = fields.mapping(spec, "wireguard")
            tunnels.append(fields.text(fields.mapping(spec, "bgp"), "ipv4IPIPTunnelAddr"))
            tunnels += [fields.text(spec, f"{version}VXLANTunnelAddr") for version in ("ipv4", "ipv6")]
            tunnels += [fields.text(wireguard, f"interface{version}Address") for version in ("IPv4", "IPv6")]
            source = spec
        else:
            tunnels += [text for name, text in resource.annotations.items() if name.endswith(_TUNNELS)]
            source = fields.mapping(resource.plain, "status")
            pod_cidrs = fields.texts(spec, "podCIDRs") or pod_cidrs
        bgp.update({field: text for field in _BGP if (text := fields.as_text(bgp_value(resource, field)))})
        addresses.extend(
            (fields.text(item, "type") or "", fields.text(item, "address") or "")
            for _, item in fields.items(source, "addresses")
            if isinstance(item, dict)
        )
    return Node(
        name=name,
        labels=labels,
        bgp=NodeBGP(*map(bgp.get, _BGP)),
        addresses=tuple(dict.fromkeys(addresses)),
        tunnels=tuple(filter(None, tunnels)),
        pod_cidrs=pod_cidrs,
        resources=resources,
    )


def _precedence(resource: Resource) -> bool:
    """What a Node of Kubernetes says comes before what Calico's own says."""
    return is_calico(resource.api_version)


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
    return ("metadata", "annotations", _BGP[field])


def bgp_value(resource: Resource, field: str) -> Any:
    """What a node object says there; None if it says nothing."""
    return fields.at(resource.plain, bgp_path(resource, field))


def namespace(resource: Resource) -> Namespace:
    """Read a Namespace; Kubernetes adds the label of its own name (kubernetes.io/metadata.name)."""
    return Namespace(resource, resource.name, {KUBERNETES_NAME_LABEL: resource.name, **resource.labels})
