"""IP pools (api/pkg/apis/projectcalico/v3/ippool.go)."""

from __future__ import annotations

from typing import NamedTuple

from callint.objects import fields
from callint.objects.resource import Resource


class IPPool(NamedTuple):
    """A range for IPAM, NAT and BGP; absent modes are `Never`, absent uses are Workload and Tunnel."""

    resource: Resource
    cidr: str
    disabled: bool
    nat_outgoing: bool
    disable_bgp_export: bool
    block_size: int | None
    ipip_mode: str
    vxlan_mode: str
    node_selector: str
    namespace_selector: str | None
    allowed_uses: tuple[str, ...]


def ip_pool(resource: Resource) -> IPPool:
    """Read an IPPool with the defaults of libcalico-go/lib/clientv3/ippool.go."""
    spec = resource.spec
    return IPPool(
        resource=resource,
        cidr=fields.text(spec, "cidr") or "",
        disabled=fields.flag(spec, "disabled") or False,
        nat_outgoing=fields.flag(spec, "natOutgoing") or False,
        disable_bgp_export=fields.flag(spec, "disableBGPExport") or False,
        block_size=fields.integer(spec, "blockSize"),
        ipip_mode=fields.text(spec, "ipipMode") or "Never",
        vxlan_mode=fields.text(spec, "vxlanMode") or "Never",
        node_selector=fields.text(spec, "nodeSelector") or "all()",
        namespace_selector=fields.text(spec, "namespaceSelector") or None,
        allowed_uses=fields.texts(spec, "allowedUses") or ("Workload", "Tunnel"),
    )
