"""Addresses of services that nodes announce (confd routes.go, client.go); only BGPConfiguration `default` counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from callint.net.address import BITS, FAMILIES, Address, Family, Prefix
from callint.net.enclosing import Enclosing
from callint.net.prefixes import PrefixSet, exactly, nothing, union_all, within
from callint.net.read import address, networks
from callint.objects import Cluster, Resource, fields
from callint.objects.bgp import BGPConfiguration
from callint.objects.calico_node import CLUSTER_IPS, environment
from callint.objects.service import balancer_addresses
from callint.record import NamedTuple

EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"


class Ranges(NamedTuple):
    """The service networks of a cluster in one family: announced by every node and kept from the kernel, reflected."""

    announced: tuple[Prefix, ...]
    load_balancer: tuple[Prefix, ...]
    external: tuple[Prefix, ...]


class Listed(NamedTuple):
    """The networks of services that nodes are to announce, as text; those of load balancers whole if `aggregated`."""

    cluster: tuple[str, ...] = ()
    external: tuple[str, ...] = ()
    load_balancer: tuple[str, ...] = ()
    aggregated: bool = True


class HostRoute(NamedTuple):
    """The address of a Service and the nodes that announce it; None: its endpoints are not known, and they decide."""

    prefix: Prefix
    nodes: frozenset[str] | None
    everywhere: bool = False


def listed(cluster: Cluster, configuration: BGPConfiguration | None) -> Listed:
    """What BGPConfiguration `default` lists, or calico-node's environment in place of serviceClusterIPs (client.go)."""
    told = environment(cluster).get(CLUSTER_IPS)
    inside = tuple(text.strip() for text in told.value.split(",")) if told is not None and told.value else None
    if configuration is None:
        return Listed(inside or ())
    return Listed(
        configuration.service_cluster_ips if inside is None else inside,
        configuration.service_external_ips,
        configuration.service_load_balancer_ips,
        configuration.service_load_balancer_aggregation != "Disabled",
    )


def ranges(wanted: Listed, family: Family) -> Ranges:
    """The ranges that are announced as such; single addresses are announced by the Service that has them."""
    cluster, external = networks(wanted.cluster, family), networks(wanted.external, family)
    balancer = networks(wanted.load_balancer, family)
    aggregated = balancer if wanted.aggregated else ()
    wide = tuple(net for net in (*external, *aggregated) if net.length < BITS[family])
    return Ranges((*cluster, *wide), balancer, external)


def alone(cluster: Cluster, wanted: Listed, family: Family) -> PrefixSet:
    """Single addresses that nodes may announce of Services that no manifest holds: those in the ranges that are free.

    Ranges are announced as such beside them, if at all; with externalTrafficPolicy Local, an address stands alone.
    """
    if "Service" in cluster.intent.complete:
        return nothing(family)
    texts = (*wanted.cluster, *wanted.external, *wanted.load_balancer)
    inside = union_all(family, (within(net, BITS[family], BITS[family]) for net in networks(texts, family)))
    if not inside:
        return inside
    taken = (one for service in cluster.kubernetes("Service", "v1") for one in _addresses(_own(service)))
    return inside - union_all(family, (exactly(one.prefix()) for one in taken if one.family == family))


def _own(service: Resource) -> tuple[str, ...]:
    """The addresses of a Service, as far as its manifest tells."""
    spec = service.spec
    inner = (fields.text(spec, "clusterIP") or "", *fields.texts(spec, "clusterIPs"))
    return (*inner, *fields.texts(spec, "externalIPs"), *(text for _, text in balancer_addresses(service)))


def excluded(labels: Mapping[str, str] | None) -> bool:
    """Whether a node announces no service: only the value "true" counts, not the empty one that kubeadm sets."""
    return (labels or {}).get(EXCLUDE_LABEL) == "true"


def host_routes(cluster: Cluster, wanted: Listed, family: Family) -> tuple[HostRoute, ...]:
    """The addresses of Services that are announced one by one; one of either family takes those of both along.

    A Service without clusterIP in its manifest gets one from the API server. spec.loadBalancerIP is never announced
    itself (calico issue 7921), and counts as a single address all the same.
    """
    external, balancer = _enclosing(wanted.external), _enclosing(wanted.load_balancer)
    found = []
    ready = _ready_nodes(cluster)
    for service in cluster.kubernetes("Service", "v1"):
        spec, key = service.spec, (service.home, service.name)
        kind = fields.text(spec, "type") or "ClusterIP"
        cluster_ip = fields.text(spec, "clusterIP") or ""
        if kind not in ("ClusterIP", "NodePort", "LoadBalancer") or cluster_ip == "None":
            continue
        outside = [ip for ip in _addresses(fields.texts(spec, "externalIPs")) if external.of(ip.prefix())]
        balanced = [
            ip for ip in _addresses(text for _, text in balancer_addresses(service)) if balancer.of(ip.prefix())
        ]
        own = _addresses(fields.texts(spec, "clusterIPs") or (cluster_ip,))
        addresses = [*(own if wanted.cluster else ()), *outside, *balanced]
        wished = _addresses((fields.text(spec, "loadBalancerIP") or "",))
        single = any(_single(ip, external) for ip in outside)
        if kind == "LoadBalancer":
            single = single or any(_single(ip, balancer) for ip in (*balanced, *wished))
        if fields.text(spec, "externalTrafficPolicy") == "Local":
            nodes, everywhere = ready.get(key), False
        elif single:
            nodes, everywhere = frozenset[str](), True
        elif not wanted.aggregated:
            nodes, everywhere = (frozenset[str](), bool(ready[key])) if key in ready else (None, False)
        else:
            continue
        if everywhere or nodes is None or nodes:
            found += [HostRoute(ip.prefix(), nodes, everywhere) for ip in addresses if ip.family == family]
    return tuple(found)


def _addresses(texts: Iterable[str]) -> list[Address]:
    return [found for text in texts if (found := address(text)) is not None]


def _enclosing(texts: tuple[str, ...]) -> Enclosing[None]:
    return Enclosing((net, None) for family in FAMILIES for net in networks(texts, family))


def _single(one: Address, nets: Enclosing[None]) -> bool:
    return any(net.length == BITS[one.family] for net, _ in nets.of(one.prefix()))


def _ready_nodes(cluster: Cluster) -> dict[tuple[str, str], frozenset[str]]:
    """The nodes with a ready endpoint of each Service, for those whose Endpoints or EndpointSlices are given."""
    found: dict[tuple[str, str], set[str]] = {}
    for one in cluster.kubernetes("Endpoints", "v1"):
        nodes = found.setdefault((one.home, one.name), set())
        for _, subset in fields.items(one.plain, "subsets"):
            for _, item in fields.items(subset, "addresses") if isinstance(subset, dict) else ():
                if isinstance(item, dict) and (name := fields.text(item, "nodeName")):
                    nodes.add(name)
    for some in cluster.endpoint_slices:
        if some.service:
            found.setdefault((some.namespace, some.service), set()).update(some.nodes)
    return {key: frozenset(nodes) for key, nodes in found.items()}
