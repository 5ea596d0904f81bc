"""Addresses of machines that the installer of a cluster names: of the API server, and of nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from callint.finding import Path, Step
from callint.net.read import address
from callint.objects import fields
from callint.objects.cluster import Cluster
from callint.objects.cluster_networks import KUBEADM, ClusterNetwork, api_endpoints
from callint.objects.resource import Resource

_REGISTRATION, _ARGUMENTS = "nodeRegistration", "kubeletExtraArgs"
_HOSTS: dict[Step, Step] = {"KUBERNETES_SERVICE_PORT": "KUBERNETES_SERVICE_HOST"}
_ADDRESSES: tuple[tuple[str, tuple[str, ...], Path], ...] = (
    ("InitConfiguration", KUBEADM, ("localAPIEndpoint", "advertiseAddress")),
    ("JoinConfiguration", KUBEADM, ("controlPlane", "localAPIEndpoint", "advertiseAddress")),
    ("InitConfiguration", KUBEADM, (_REGISTRATION, _ARGUMENTS, "node-ip")),
    ("JoinConfiguration", KUBEADM, (_REGISTRATION, _ARGUMENTS, "node-ip")),
    ("", ("",), ("node-ip",)),
    ("", ("",), ("advertise-address",)),
)


def machine_addresses(cluster: Cluster) -> Iterator[ClusterNetwork]:
    """What kubeadm, k3s and RKE2 are told, and calico-node of where the API server is; none of several clusters."""
    if len(cluster.kubernetes("ClusterConfiguration", *KUBEADM)) > 1:
        return
    for kind, api_versions, path in _ADDRESSES:
        for one in cluster.kubernetes(kind, *api_versions):
            yield from _written(one, path, fields.at(one.plain, path))
    for kind in ("InitConfiguration", "JoinConfiguration"):  # since v1beta4 arguments are a list
        for one in cluster.kubernetes(kind, *KUBEADM):
            for index, item in fields.items(fields.mapping(one.plain, _REGISTRATION), _ARGUMENTS):
                if isinstance(item, dict) and item.get("name") == "node-ip":
                    yield from _written(one, (_REGISTRATION, _ARGUMENTS, index, "value"), item.get("value"))
    for endpoint in api_endpoints(cluster):
        *above, last = endpoint.path
        yield from _written(endpoint.resource, (*above, _HOSTS.get(last, last)), endpoint.host)


def _written(resource: Resource, path: Path, value: Any) -> Iterator[ClusterNetwork]:
    written = value if isinstance(value, list) else [value]
    for text in (part for item in written if isinstance(item, str) for part in item.split(",")):
        if (found := address(text.strip())) is not None:
            yield ClusterNetwork(found.prefix(), resource, path)
