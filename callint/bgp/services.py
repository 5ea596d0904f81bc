"""Addresses of services that nodes announce (confd routes.go, client.go); only BGPConfiguration `default` counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from callint.bgp.read import address, networks
from callint.net.address import BITS, Address, Family, Prefix
from callint.objects import Cluster, Resource, fields
from callint.objects.bgp import BGPConfiguration

EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"


class Ranges(NamedTuple):
    """The service networks of a cluster in one family: announced by every node, refused to the kernel, reflected."""

    announced: tuple[Prefix, ...]
    refused: tuple[Prefix, ...]
    load_balancer: tuple[Prefix, ...]
    external: tuple[Prefix, ...]


class HostRoute(NamedTuple):
    """The address of a Service and the nodes that announce it; None: those with a ready endpoint, who are unknown."""

    prefix: Prefix
    nodes: frozenset[str] | None
    everywhere: bool = False


def ranges(configuration: BGPConfiguration | None, family: Family) -> Ranges:
    """The ranges of BGPConfiguration `default`; single addresses are announced by the Service that has them."""
    if configuration is None:
        return Ranges((), (), (), ())
    cluster = networks(configuration.service_cluster_ips, family)
    external = networks(configuration.service_external_ips, family)
    balancer = networks(configuration.service_load_balancer_ips, family)
    aggregated = balancer if configuration.service_load_balancer_aggregation != "Disabled" else ()
    wide = tuple(net for net in (*external, *aggregated) if net.length < BITS[family])
    return Ranges((*cluster, *wide), (*cluster, *wide), balancer, external)


def excluded(labels: Mapping[str, str] | None) -> bool:
    """Whether a node announces no service: only the value "true" counts, not the empty one that kubeadm sets."""
    return (labels or {}).get(EXCLUDE_LABEL) == "true"


def host_routes(cluster: Cluster, configuration: BGPConfiguration | None, family: Family) -> tuple[HostRoute, ...]:
    """The addresses of Services that are announced one by one."""
    if configuration is None:
        return ()
    limits = ranges(configuration, family)
    disabled = configuration.service_load_balancer_aggregation == "Disabled"
    found = []
    ready = _ready_nodes(cluster)
    for service in cluster.kubernetes("Service", "v1"):
        spec, key = service.spec, (service.namespace or "default", service.name)
        kind = fields.text(spec, "type") or "ClusterIP"
        cluster_ip = fields.text(spec, "clusterIP")
        if kind not in ("ClusterIP", "NodePort", "LoadBalancer") or cluster_ip in (None, "", "None"):
            continue
        external = [ip for ip in _addresses(fields.texts(spec, "externalIPs"), family) if _inside(ip, limits.external)]
        balancer = [ip for ip in _addresses(_ingress(service), family) if _inside(ip, limits.load_balancer)]
        own = _addresses(fields.texts(spec, "clusterIPs") or (cluster_ip or "",), family)
        addresses = [*(own if limits.announced or configuration.service_cluster_ips else ()), *external, *balancer]
        single = [ip for ip in (*external, *balancer) if _single(ip, (*limits.external, *limits.load_balancer))]
        local = fields.text(spec, "externalTrafficPolicy") == "Local"
        if local:
            nodes, everywhere = ready.get(key), False
        elif single and (kind == "LoadBalancer" or any(ip in external for ip in single)):
            nodes, everywhere = frozenset[str](), True
        elif disabled:
            nodes, everywhere = frozenset[str](), ready.get(key) != frozenset()
        else:
            continue
        if everywhere or nodes is None or nodes:
            found += [HostRoute(ip.prefix(), nodes, everywhere) for ip in addresses]
    return tuple(found)


def _addresses(texts: Iterable[str], family: Family) -> list[Address]:
    return [found for text in texts if (found := address(text, family)) is not None]


def _ingress(service: Resource) -> tuple[str, ...]:
    """Only what the status says: spec.loadBalancerIP alone announces nothing (calico issue 7921)."""
    balancer = fields.mapping(fields.mapping(service.plain, "status"), "loadBalancer")
    entries = (item for _, item in fields.items(balancer, "ingress") if isinstance(item, dict))
    return tuple(ip for item in entries if (ip := fields.text(item, "ip")) is not None)


def _inside(one: Address, nets: Iterable[Prefix]) -> bool:
    return any(net.contains(one) for net in nets)


def _single(one: Address, nets: Iterable[Prefix]) -> bool:
    return any(net.length == BITS[one.family] and net.value == one.value for net in nets)


def _ready_nodes(cluster: Cluster) -> dict[tuple[str, str], frozenset[str]]:
    """The nodes with a ready endpoint of each Service, for those whose Endpoints or EndpointSlices are given."""
    found: dict[tuple[str, str], set[str]] = {}
    for one in cluster.kubernetes("Endpoints", "v1"):
        nodes = found.setdefault((one.namespace or "default", one.name), set())
        for _, subset in fields.items(one.plain, "subsets"):
            for _, item in fields.items(subset, "addresses") if isinstance(subset, dict) else ():
                if isinstance(item, dict) and (name := fields.text(item, "nodeName")):
                    nodes.add(name)
    for one in cluster.kubernetes("EndpointSlice", "discovery.k8s.io/v1"):
        service = one.labels.get("kubernetes.io/service-name")
        if service is None:
            continue
        nodes = found.setdefault((one.namespace or "default", service), set())
        for _, endpoint in fields.items(one.plain, "endpoints"):
            if isinstance(endpoint, dict) and fields.flag(fields.mapping(endpoint, "conditions"), "ready") is not False:
                name = fields.text(endpoint, "nodeName")
                if name:
                    nodes.add(name)
    return {key: frozenset(nodes) for key, nodes in found.items()}
