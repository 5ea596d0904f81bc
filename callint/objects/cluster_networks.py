"""The networks that a cluster was set up with, one for pods and one for services, and the port of its API server.

As its installer names them: kubeadm and kind configurations, those of k0s, k3s, k3d, RKE2, Talos, OpenShift and
kube-proxy, and the flags of the control plane's own pods.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from callint.calico.kinds import NETWORKING
from callint.finding import Path, Span
from callint.net.address import Prefix
from callint.net.read import address, decimal, network
from callint.objects import fields
from callint.objects.calico_node import API_SERVER_CONFIG
from callint.objects.cluster import Cluster
from callint.objects.resource import Resource
from callint.record import NamedTuple

KUBEADM = tuple(f"kubeadm.k8s.io/v1beta{number}" for number in (1, 2, 3, 4))
"""The versions of kubeadm's own kinds."""
_PROXY = ("kubeproxy.config.k8s.io/v1alpha1",)
_KIND = ("kind.x-k8s.io/v1alpha4",)
_K0S = ("k0s.k0sproject.io/v1beta1",)
_K3D = tuple(f"k3d.io/v1alpha{number}" for number in (3, 4, 5))
_OPERATOR = ("operator.tigera.io/v1",)


_METALLB = ("metallb.io/v1beta1",)


class _Place(NamedTuple):
    """A kind that tells of networks, and where: a text, with commas between several, or a list.

    The configurations of k3s, RKE2 and Talos have neither kind nor version (`unpack`).
    """

    kind: str
    api_versions: tuple[str, ...]
    path: Path


_PODS = (
    _Place("ClusterConfiguration", KUBEADM, ("networking", "podSubnet")),
    _Place("Cluster", _KIND, ("networking", "podSubnet")),
    _Place("KubeProxyConfiguration", _PROXY, ("clusterCIDR",)),
    _Place("ClusterConfig", _K0S, ("spec", "network", "podCIDR")),
    _Place("", ("",), ("cluster-cidr",)),
    _Place("", ("",), ("cluster", "network", "podSubnets")),
    _Place("Network", ("config.openshift.io/v1",), ("spec", "clusterNetwork")),
)
_SERVICES = (
    _Place("ClusterConfiguration", KUBEADM, ("networking", "serviceSubnet")),
    _Place("Cluster", _KIND, ("networking", "serviceSubnet")),
    _Place("ClusterConfig", _K0S, ("spec", "network", "serviceCIDR")),
    _Place("", ("",), ("service-cidr",)),
    _Place("", ("",), ("cluster", "network", "serviceSubnets")),
    _Place("Network", ("config.openshift.io/v1",), ("spec", "serviceNetwork")),
    _Place("ServiceCIDR", (NETWORKING, "networking.k8s.io/v1beta1"), ("spec", "cidrs")),
    _Place("Installation", _OPERATOR, ("spec", "serviceCIDRs")),
)
_OTHER_MODES = ("NodeCIDR", "BridgeInterface", "InterfaceNamePrefix")
# what says that kube-proxy knows pods by other means, or that there is none
_OTHERWISE: tuple[tuple[_Place, tuple[Any, ...]], ...] = (
    (_Place("KubeProxyConfiguration", _PROXY, ("detectLocalMode",)), _OTHER_MODES),
    (_Place("InitConfiguration", KUBEADM, ("skipPhases",)), ("addon/kube-proxy", "addon")),
    (_Place("ClusterConfiguration", KUBEADM, ("proxy", "disabled")), (True,)),
    (_Place("Cluster", _KIND, ("networking", "kubeProxyMode")), ("none",)),
    (_Place("ClusterConfig", _K0S, ("spec", "network", "kubeProxy", "disabled")), (True,)),
    (_Place("", ("",), ("disable-kube-proxy",)), (True,)),
    (_Place("", ("",), ("kube-proxy-arg",)), tuple(f"detect-local-mode={mode}" for mode in _OTHER_MODES)),
    (_Place("", ("",), ("cluster", "proxy", "disabled")), (True,)),
)
_POD_FLAG, _SERVICE_FLAG = "--cluster-cidr", "--service-cluster-ip-range"
_PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-proxy")


class ClusterNetwork(NamedTuple):
    """A network of pods or services, and where it is said."""

    prefix: Prefix
    resource: Resource
    path: Path

    @property
    def span(self) -> Span:
        """The place of the text that names it."""
        return self.resource.span(*self.path)


def pod_networks(cluster: Cluster) -> tuple[ClusterNetwork, ...]:
    """The networks that kube-proxy and the control plane take for the pods'."""
    return tuple(_named(cluster, _PODS, _POD_FLAG))


def known_by_network(cluster: Cluster) -> bool:
    """Whether kube-proxy tells pods from strangers by the network of pods, unless somebody says otherwise.

    Source: kubernetes cmd/kube-proxy/app/server_linux.go, getLocalDetectors.
    """
    if any(word == "--disable-kube-proxy" for one in cluster.kubernetes("Simple", *_K3D) for _, word in _of_k3d(one)):
        return False
    for place, values in _OTHERWISE:
        for one in cluster.kubernetes(place.kind, *place.api_versions):
            said = fields.at(one.plain, place.path)
            if any(item in values for item in (said if isinstance(said, list) else [said])):
                return False
    return True


def service_networks(cluster: Cluster) -> tuple[ClusterNetwork, ...]:
    """The networks out of which Services get addresses."""
    return tuple(_named(cluster, _SERVICES, _SERVICE_FLAG))


def of_services(cluster: Cluster) -> Iterator[ClusterNetwork]:
    """The networks out of which services get addresses, and the addresses that they have."""
    yield from service_networks(cluster)
    for service in cluster.kubernetes("Service", "v1"):
        listed = fields.texts(service.spec, "clusterIPs")
        path: Path = ("spec", "clusterIPs") if listed else ("spec", "clusterIP")
        for text in listed or (fields.text(service.spec, "clusterIP") or "",):
            if found := address(text):
                yield ClusterNetwork(found.prefix(), service, path)


def _named(cluster: Cluster, places: tuple[_Place, ...], flag: str) -> Iterator[ClusterNetwork]:
    """Objects of one kind that name different networks belong to several clusters, and nothing tells which is meant."""
    for place in places:
        said = {one: tuple(_read(one, place.path)) for one in cluster.kubernetes(place.kind, *place.api_versions)}
        networks = {frozenset(one.prefix for one in found) for found in said.values() if found}
        if len(networks) == 1 or place.kind == "ServiceCIDR":
            yield from (one for found in said.values() for one in found)
    for pod in cluster.kubernetes("Pod", "v1"):
        if pod.name.startswith(_PROGRAMS):
            for path, text in _flags(_of_pod(pod), flag):
                yield from _written(pod, path, text)
    for one in cluster.kubernetes("Simple", *_K3D):
        for path, text in _flags(_of_k3d(one), flag if flag == _POD_FLAG else "--service-cidr"):
            yield from _written(one, path, text)


def _read(resource: Resource, path: Path) -> Iterator[ClusterNetwork]:
    value = fields.at(resource.plain, path)
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield from _written(resource, (*path, index, "cidr"), item.get("cidr"))
            else:
                yield from _written(resource, (*path, index), item)
    else:
        yield from _written(resource, path, value)


def api_server_port(cluster: Cluster) -> int | None:
    """The port at which the API server listens on its nodes; None where nothing says it, or two say different ones."""
    pods = (pod for pod in cluster.kubernetes("Pod", "v1") if pod.name.startswith(_PROGRAMS[0]))
    said = [text for pod in pods for _, text in _flags(_of_pod(pod), "--secure-port")]
    endpoints = (
        fields.mapping(one.plain, "localAPIEndpoint") for one in cluster.kubernetes("InitConfiguration", *KUBEADM)
    )
    said += [text for one in endpoints if (text := fields.text(one, "bindPort"))]
    ports = set(map(decimal, said))
    port = ports.pop() if len(ports) == 1 else None
    return port if port and port < 1 << 16 else None


class ApiEndpoint(NamedTuple):
    """Where nodes ask the API server, by a name or an address, and what says so."""

    host: str
    port: int
    resource: Resource
    path: Path


@lru_cache(maxsize=8)
def api_endpoints(cluster: Cluster) -> tuple[ApiEndpoint, ...]:
    """What kubeadm and the operator's ConfigMap for calico-node name, a load balancer as a rule.

    Not one of a node's own: there something on the node passes on what it is asked (k3s, RKE2, kubespray).
    """
    found: list[tuple[str, str, Resource, Path]] = []
    for one in cluster.kubernetes("ClusterConfiguration", *KUBEADM):
        host, _, port = (fields.text(one.plain, "controlPlaneEndpoint") or "").rpartition(":")
        found.append((host.strip("[]"), port, one, ("controlPlaneEndpoint",)))
    for one in cluster.kubernetes("ConfigMap", "v1"):
        if one.name == API_SERVER_CONFIG:
            data = fields.mapping(one.plain, "data")
            host, port = (fields.text(data, f"KUBERNETES_SERVICE_{part}") or "" for part in ("HOST", "PORT"))
            found.append((host, port, one, ("data", "KUBERNETES_SERVICE_PORT")))
    return tuple(
        ApiEndpoint(host, number, resource, path)
        for host, text, resource, path in found
        if host and host != "localhost" and not host.startswith("127.") and 0 < (number := decimal(text) or 0) < 1 << 16
    )


def _flags(words: Iterator[tuple[Path, str]], flag: str) -> Iterator[tuple[Path, str]]:
    """The values of a flag."""
    for path, word in words:
        name, _, value = word.partition("=")
        if name == flag:
            yield path, value


def _of_pod(pod: Resource) -> Iterator[tuple[Path, str]]:
    """The words of its commands."""
    for number, container in fields.items(pod.spec, "containers"):
        for key in ("command", "args") if isinstance(container, dict) else ():
            for index, word in fields.items(container, key):
                if isinstance(word, str):
                    yield ("spec", "containers", number, key, index), word


def _of_k3d(resource: Resource) -> Iterator[tuple[Path, str]]:
    """The flags that k3d hands to k3s."""
    told = fields.mapping(fields.mapping(resource.plain, "options"), "k3s")
    for index, item in fields.items(told, "extraArgs"):
        if isinstance(item, dict) and (word := fields.text(item, "arg")):
            yield ("options", "k3s", "extraArgs", index, "arg"), word


def _written(resource: Resource, path: Path, text: Any) -> Iterator[ClusterNetwork]:
    for part in text.split(",") if isinstance(text, str) else ():
        if (prefix := network(part.strip())) is not None:
            yield ClusterNetwork(prefix, resource, path)


def balancer_ends(cluster: Cluster) -> Iterator[ClusterNetwork]:
    """Both ends of each range out of which MetalLB gives addresses to load balancers."""
    for pool in cluster.kubernetes("IPAddressPool", *_METALLB):
        for index, text in fields.items(pool.spec, "addresses"):
            for end in text.split("-") if isinstance(text, str) else ():
                if (found := network(end.strip())) is not None:
                    yield ClusterNetwork(found, pool, ("spec", "addresses", index))
