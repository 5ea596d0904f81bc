"""IP pools: objects of their own (api/pkg/apis/projectcalico/v3/ippool.go), and those an Installation asks for.

The operator makes an IPPool of each pool in an Installation (tigera/operator api/v1/installation_types.go and
pkg/controller/ippool), so to the cluster both are alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from callint.calico.defaults import DEFAULT_POOLS, POOL_USES
from callint.finding import Path, Span
from callint.net.address import Prefix
from callint.net.read import network
from callint.objects import fields
from callint.objects.resource import Resource
from callint.record import NamedTuple

_INSTALLED: Path = ("spec", "calicoNetwork", "ipPools")
# encapsulation of an Installation's pool → ipipMode, vxlanMode
_MODES = {
    "None": ("Never", "Never"),
    "IPIP": ("Always", "Never"),
    "IPIPCrossSubnet": ("CrossSubnet", "Never"),
    "VXLAN": ("Never", "Always"),
    "VXLANCrossSubnet": ("Never", "CrossSubnet"),
}


class IPPool(NamedTuple):
    """A range for IPAM, NAT and BGP; absent modes are `Never`, absent uses are Workload and Tunnel.

    `base` leads to it from the root of `resource`: an IPPool, an Installation, or the DaemonSet of calico-node, where
    the variables for its fields stand at `places`.
    """

    resource: Resource
    name: str
    base: Path
    plain: dict[str, Any]
    cidr: str
    nat_outgoing: bool
    ipip_mode: str
    vxlan_mode: str
    node_selector: str
    disabled: bool = False
    disable_bgp_export: bool = False
    block_size: int | None = None
    namespace_selector: str | None = None
    allowed_uses: tuple[str, ...] = POOL_USES
    places: Mapping[str, Path] = {}

    @property
    def net(self) -> Prefix | None:
        """Its network, without host bits; None where that cannot be read."""
        return network(self.cidr)

    def path(self, field: str) -> Path:
        """Where a field of an IPPool stands in the resource."""
        if self.places:
            return self.places.get(field, self.base)
        if self.base != ("spec",):
            field = {"ipipMode": "encapsulation", "vxlanMode": "encapsulation"}.get(field, field)
        return (*self.base, field)

    def span(self, field: str) -> Span:
        """The place of that field, or of what would hold it."""
        return self.resource.span(*self.path(field))

    @property
    def for_pods(self) -> bool:
        """Whether pods get addresses from it."""
        return not self.disabled and "Workload" in self.allowed_uses

    @property
    def of_every_node(self) -> bool:
        """Whether its selector takes in every node."""
        return self.node_selector.replace(" ", "") == "all()"

    @property
    def of_no_node(self) -> bool:
        """Whether its selector leaves out every node, so that only pods that ask for it get addresses from it."""
        return self.node_selector.replace(" ", "") == "!all()"

    @property
    def by_hand(self) -> bool:
        """Whether it says that pods are to ask for it."""
        return self.plain.get("assignmentMode") == "Manual"

    @property
    def on_request(self) -> bool:
        """Whether pods get addresses from it only where they ask for it."""
        return self.of_no_node or self.by_hand

    @property
    def unreadable(self) -> bool:
        """Whether a value of it is a gap, or a word that the operator does not know."""
        word = self.plain.get("encapsulation") or "None"
        unknown = self.base != ("spec",) and (not isinstance(word, str) or word not in _MODES)
        return unknown or self.resource.unreadable(*self.base)

    @property
    def legible(self) -> bool:
        """Whether all of it could be read, and all of the document that it stands in."""
        return not self.unreadable and self.resource.document.complete

    @property
    def given(self) -> bool:
        """Whether it is sure that pods get addresses from it without asking for it."""
        return self.for_pods and self.legible and not self.on_request


def ip_pool(resource: Resource) -> IPPool:
    """Read an IPPool with the defaults of libcalico-go/lib/clientv3/ippool.go."""
    spec = resource.spec
    return IPPool(
        resource=resource,
        name=resource.name,
        base=("spec",),
        plain=spec,
        cidr=fields.text(spec, "cidr") or "",
        disabled=fields.flag(spec, "disabled") or False,
        nat_outgoing=fields.flag(spec, "natOutgoing") or False,
        disable_bgp_export=fields.flag(spec, "disableBGPExport") or False,
        block_size=fields.integer(spec, "blockSize"),
        ipip_mode=fields.text(spec, "ipipMode") or "Never",
        vxlan_mode=fields.text(spec, "vxlanMode") or "Never",
        node_selector=fields.text(spec, "nodeSelector") or "all()",
        namespace_selector=fields.text(spec, "namespaceSelector") or None,
        allowed_uses=fields.texts(spec, "allowedUses") or POOL_USES,
    )


def installed_pools(resource: Resource) -> Iterator[IPPool]:
    """The pools that an Installation names, with the defaults of the operator; which it takes for none is not known.

    IPv4 is masqueraded unless it says otherwise, and tunnelled by IPIP where the CNI plugin is Calico's.
    """
    cni = fields.text(fields.mapping(resource.spec, "cni"), "type") or "Calico"
    for index, plain in fields.items(fields.mapping(resource.spec, "calicoNetwork"), "ipPools"):
        if isinstance(plain, dict):
            yield _installed(resource, (*_INSTALLED, index), plain, tunnels=cni == "Calico")


def _installed(resource: Resource, base: Path, plain: dict[str, Any], *, tunnels: bool) -> IPPool:
    cidr = fields.text(plain, "cidr") or ""
    net = network(cidr)
    ipv6 = net is not None and net.family == 6
    encapsulation = str(plain.get("encapsulation") or ("IPIP" if tunnels and not ipv6 else "None"))
    # a word of no meaning must not pass for "no tunnel"
    ipip, vxlan = _MODES.get(encapsulation, (encapsulation, encapsulation))
    masqueraded = fields.text(plain, "natOutgoing") or ("Disabled" if ipv6 else "Enabled")
    return IPPool(
        resource=resource,
        name=fields.text(plain, "name") or DEFAULT_POOLS[6 if ipv6 else 4],
        base=base,
        plain=plain,
        cidr=cidr,
        disabled=fields.flag(plain, "disableNewAllocations") or False,
        nat_outgoing=masqueraded == "Enabled",
        disable_bgp_export=fields.flag(plain, "disableBGPExport") or False,
        block_size=fields.integer(plain, "blockSize"),
        ipip_mode=ipip,
        vxlan_mode=vxlan,
        node_selector=fields.text(plain, "nodeSelector") or "all()",
        allowed_uses=fields.texts(plain, "allowedUses") or POOL_USES,
    )


def pools(resources: Iterable[Resource], installations: Iterable[Resource]) -> tuple[IPPool, ...]:
    """All pools; one that is an IPPool of its own, too, is as that object says.

    The operator takes over an IPPool of the same CIDR only where it agrees with the Installation.
    """
    own = [ip_pool(resource) for resource in resources]
    known = {pool.net or pool.cidr for pool in own}
    # like other objects of one name: the last definition counts
    last = {resource.name: resource for resource in installations}
    found = [pool for resource in last.values() for pool in installed_pools(resource)]
    return (*own, *(pool for pool in found if (pool.net or pool.cidr) not in known))
