"""BGP objects: configuration, peers and filters, as Calico's API types them (api/pkg/apis/projectcalico/v3/bgp*.go)."""

from __future__ import annotations

from typing import Any

from callint.finding import Path
from callint.objects import fields
from callint.objects.resource import Resource
from callint.record import NamedTuple


class Community(NamedTuple):
    """A named community of a BGPConfiguration."""

    name: str
    value: str
    path: Path


class PrefixAdvertisement(NamedTuple):
    """Communities for routes inside a CIDR; it never originates a route (`bgp_processor.go`, apply_communities)."""

    cidr: str
    communities: tuple[str, ...]
    path: Path


class BGPConfiguration(NamedTuple):
    """`default`, or `node.<name>` for one node; other names are never read (confd client.go updateBGPConfigCache)."""

    resource: Resource
    mesh: bool | None
    as_number: int | str | None
    mesh_password_secret: tuple[str, str] | None
    listen_port: int | None
    communities: tuple[Community, ...]
    prefix_advertisements: tuple[PrefixAdvertisement, ...]
    service_cluster_ips: tuple[str, ...]
    service_external_ips: tuple[str, ...]
    service_load_balancer_ips: tuple[str, ...]
    service_load_balancer_aggregation: str | None
    ignored_interfaces: tuple[str, ...]
    program_cluster_routes: str | None

    def __hash__(self) -> int:
        """That of the object: each of a thousand tags names the configuration that holds all of them."""
        return hash(self.resource)


class BGPPeer(NamedTuple):
    """One or more sessions: local nodes by `node` or `node_selector`, far ends by address or selector."""

    resource: Resource
    node: str | None
    node_selector: str | None
    peer_ip: str | None
    peer_selector: str | None
    local_workload_selector: str | None
    as_number: int | str | None
    local_as_number: int | str | None
    filters: tuple[tuple[int, str], ...]
    keep_original_next_hop: bool | None
    next_hop_mode: str | None
    source_address: str | None
    password_secret: tuple[str, str] | None
    ttl_security: int | None
    reachable_by: str | None
    reverse_peering: str | None
    allowed_local_as: int | None


class FilterRule(NamedTuple):
    """One rule of a BGPFilter; absent conditions match everything (`template_funcs.go` filterStatement)."""

    path: Path
    action: str | None
    cidr: str | None
    operator: str | None
    min_length: int | None
    max_length: int | None
    source: str | None
    interface: str | None
    peer_type: str | None
    communities: tuple[str, ...]
    as_path_prefix: tuple[int | str, ...]
    priority: int | None
    operations: tuple[dict[str, Any], ...]


class BGPFilter(NamedTuple):
    """Ordered rules per direction and family; what no rule matches goes on to the next filter, then to Calico's own."""

    resource: Resource
    export_v4: tuple[FilterRule, ...]
    import_v4: tuple[FilterRule, ...]
    export_v6: tuple[FilterRule, ...]
    import_v6: tuple[FilterRule, ...]

    def rules(self, direction: str, family: int) -> tuple[FilterRule, ...]:
        """The rules of one direction (`export`, `import`) and family (4, 6)."""
        if direction == "export":
            return self.export_v4 if family == 4 else self.export_v6
        return self.import_v4 if family == 4 else self.import_v6


def _port(spec: dict[str, Any], key: str) -> int | None:
    port = fields.integer(spec, key)
    return port if port is not None and 0 < port < 1 << 16 else None


def _secret(spec: dict[str, Any], key: str) -> tuple[str, str] | None:
    secret = fields.mapping(fields.mapping(spec, key), "secretKeyRef")
    return (fields.text(secret, "name") or "", fields.text(secret, "key") or "") if secret else None


def _number_or_text(plain: dict[str, Any], key: str) -> int | str | None:
    value = plain.get(key)
    return value if isinstance(value, (int, str)) and not isinstance(value, bool) else None


def _cidrs(spec: dict[str, Any], key: str) -> tuple[str, ...]:
    found = (fields.text(item, "cidr") for _, item in fields.items(spec, key) if isinstance(item, dict))
    return tuple(cidr for cidr in found if cidr is not None)


def bgp_configuration(resource: Resource) -> BGPConfiguration:
    """Read a BGPConfiguration."""
    spec = resource.spec
    communities = tuple(
        Community(fields.text(item, "name") or "", fields.text(item, "value") or "", ("spec", "communities", index))
        for index, item in fields.items(spec, "communities")
        if isinstance(item, dict)
    )
    advertisements = tuple(
        PrefixAdvertisement(
            fields.text(item, "cidr") or "",
            fields.texts(item, "communities"),
            ("spec", "prefixAdvertisements", index),
        )
        for index, item in fields.items(spec, "prefixAdvertisements")
        if isinstance(item, dict)
    )
    return BGPConfiguration(
        resource=resource,
        mesh=fields.flag(spec, "nodeToNodeMeshEnabled"),
        as_number=_number_or_text(spec, "asNumber"),
        mesh_password_secret=_secret(spec, "nodeMeshPassword"),
        listen_port=_port(spec, "listenPort"),
        communities=communities,
        prefix_advertisements=advertisements,
        service_cluster_ips=_cidrs(spec, "serviceClusterIPs"),
        service_external_ips=_cidrs(spec, "serviceExternalIPs"),
        service_load_balancer_ips=_cidrs(spec, "serviceLoadBalancerIPs"),
        service_load_balancer_aggregation=fields.text(spec, "serviceLoadBalancerAggregation"),
        ignored_interfaces=fields.texts(spec, "ignoredInterfaces"),
        program_cluster_routes=fields.text(spec, "programClusterRoutes"),
    )


def bgp_peer(resource: Resource) -> BGPPeer:
    """Read a BGPPeer."""
    spec = resource.spec
    return BGPPeer(
        resource=resource,
        node=fields.text(spec, "node") or None,
        node_selector=fields.text(spec, "nodeSelector") or None,
        peer_ip=fields.text(spec, "peerIP") or None,
        peer_selector=fields.text(spec, "peerSelector") or None,
        local_workload_selector=fields.text(spec, "localWorkloadSelector") or None,
        as_number=_number_or_text(spec, "asNumber"),
        local_as_number=_number_or_text(spec, "localASNumber"),
        filters=tuple(
            (index, found)
            for index, item in fields.items(spec, "filters")
            if (found := fields.as_text(item)) is not None
        ),
        keep_original_next_hop=fields.flag(spec, "keepOriginalNextHop"),
        next_hop_mode=fields.text(spec, "nextHopMode"),
        source_address=fields.text(spec, "sourceAddress"),
        password_secret=_secret(spec, "password"),
        ttl_security=fields.integer(spec, "ttlSecurity"),
        reachable_by=fields.text(spec, "reachableBy") or None,
        reverse_peering=fields.text(spec, "reversePeering"),
        allowed_local_as=fields.integer(spec, "numAllowedLocalASNumbers"),
    )


def _filter_rule(item: dict[str, Any], path: Path) -> FilterRule:
    lengths = fields.mapping(item, "prefixLength")
    prefix_asns = item.get("asPathPrefix")
    return FilterRule(
        path=path,
        action=fields.text(item, "action"),
        cidr=fields.text(item, "cidr") or None,
        operator=fields.text(item, "matchOperator") or None,
        min_length=fields.integer(lengths, "min"),
        max_length=fields.integer(lengths, "max"),
        source=fields.text(item, "source") or None,
        interface=fields.text(item, "interface") or None,
        peer_type=fields.text(item, "peerType") or None,
        communities=fields.texts(fields.mapping(item, "communities"), "values"),
        as_path_prefix=tuple(asn for asn in prefix_asns if isinstance(asn, (int, str)))
        if isinstance(prefix_asns, list)
        else (),
        priority=fields.integer(item, "priority"),
        operations=tuple(step for _, step in fields.items(item, "operations") if isinstance(step, dict)),
    )


def bgp_filter(resource: Resource) -> BGPFilter:
    """Read a BGPFilter."""

    def rules(key: str) -> tuple[FilterRule, ...]:
        return tuple(
            _filter_rule(item, ("spec", key, index))
            for index, item in fields.items(resource.spec, key)
            if isinstance(item, dict)
        )

    return BGPFilter(resource, rules("exportV4"), rules("importV4"), rules("exportV6"), rules("importV6"))
