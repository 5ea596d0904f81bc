"""What nodes are to announce of services, and what of it others find without BGP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from callint.bgp.network import network
from callint.checks.pools.request import address_requests
from callint.finding import Path, Witness, witness
from callint.nat.host_networks import HostAddress, host_addresses
from callint.net.address import BITS, Family, Prefix
from callint.net.enclosing import Enclosing
from callint.net.read import address
from callint.net.read import network as network_of
from callint.objects import Cluster, Resource, fields
from callint.objects.cluster_networks import ClusterNetwork, balancer_ends
from callint.objects.service import balanced_by_calico, balancer_addresses
from callint.record import NamedTuple

FOR_OUTSIDE = ("serviceExternalIPs", "serviceLoadBalancerIPs")
LISTS = ("serviceClusterIPs", *FOR_OUTSIDE)
"""The lists of BGPConfiguration that ranges of services stand in; what is in the last two is there for others."""
# No wider is a network of nodes taken to be whose length nobody tells
_WIDEST: dict[Family, int] = {4: 16, 6: 64}
# kinds by which others than Calico announce addresses of load balancers: MetalLB, OpenELB, PureLB, Cilium
_ANNOUNCING = (
    ("L2Advertisement", "metallb.io/v1beta1"),
    ("BGPAdvertisement", "metallb.io/v1beta1"),
    ("Eip", "network.kubesphere.io/v1alpha2"),
    ("ServiceGroup", "purelb.io/v1"),
    ("CiliumL2AnnouncementPolicy", "cilium.io/v2alpha1"),
)
_KUBE_VIP = "kube-vip.io/"


class Announceable(NamedTuple):
    """What nodes are to announce, in which list its range belongs, and where it stands."""

    words: str
    network: Prefix
    wanted: str
    resource: Resource
    path: Path
    proof: Witness


def announceable(cluster: Cluster) -> Iterator[Announceable]:
    """Addresses of services, and pools of which Calico gives those of load balancers, or MetalLB without a speaker."""
    for service, kind, wanted, path, text in _addresses(cluster):
        found, name = address(text), f"{service.home}/{service.name}"
        if found is not None:
            words, proof = f'{kind} {text} of Service "{name}"', witness("address", address=text, service=name)
            yield Announceable(words, found.prefix(), wanted, service, path, proof)
    for pool in cluster.pools:
        net = pool.net
        if net is not None and "LoadBalancer" in pool.allowed_uses and not pool.disabled and not pool.unreadable:
            words, proof = f'what IPPool "{pool.name}" gives load balancers', witness("address", address=str(net))
            yield Announceable(words, net, "serviceLoadBalancerIPs", pool.resource, pool.path("cidr"), proof)
    ends = () if balanced(cluster) else balancer_ends(cluster)
    for resource, path, (first, *others) in _by_range(ends):
        net = first
        for other in others:
            while not net.contains(other):
                net = net._replace(length=net.length - 1).masked()
        words = f'what IPAddressPool "{resource.name}" of MetalLB gives load balancers'
        proof = witness("address", address=str(first.address))
        yield Announceable(words, net, "serviceLoadBalancerIPs", resource, path, proof)


def _by_range(ends: Iterable[ClusterNetwork]) -> Iterator[tuple[Resource, Path, list[Prefix]]]:
    """Ends of one family that stand at one place."""
    for (_, path), several in groupby(ends, key=lambda one: (id(one.resource), one.path)):
        found = list(several)
        if len({one.prefix.family for one in found}) == 1:
            yield found[0].resource, path, [one.prefix for one in found]


def announced_ranges(cluster: Cluster, *lists: str) -> list[ClusterNetwork]:
    """The ranges in some lists of BGPConfiguration `default`, as far as they can be read."""
    default = network(cluster).settings.default
    if default is None:
        return []
    found = []
    for key in lists:
        for index, item in fields.items(default.resource.spec, key):
            inside = network_of(fields.text(item, "cidr")) if isinstance(item, dict) else None
            if inside is not None:
                found.append(ClusterNetwork(inside, default.resource, ("spec", key, index, "cidr")))
    return found


def balanced(cluster: Cluster) -> bool:
    """Whether another than Calico announces addresses of load balancers."""
    return any(cluster.kubernetes(kind, version) for kind, version in _ANNOUNCING)


class Reached:
    """What others find without BGP: what a node answers for in its own network, and what another balancer announces."""

    def __init__(self, cluster: Cluster) -> None:
        held = host_addresses(cluster)
        subnets = [net for one in network(cluster).speakers.values() for net in one.networks.values() if net]
        known = dict.fromkeys(net.masked() for net in (*(one.prefix for one in held), *subnets))
        self._near = Enclosing((net, None) for net in known)
        wide = Enclosing((net, None) for net in known if net.length < BITS[net.family])
        perhaps: dict[Prefix, HostAddress] = {}
        for one in held:
            if not wide.of(one.address):
                perhaps.setdefault(one.prefix._replace(length=_WIDEST[one.prefix.family]).masked(), one)
        self._perhaps = Enclosing(perhaps.items())
        self._balanced = balanced(cluster)

    def otherwise(self, one: Announceable, *, crossed: bool) -> bool:
        """Whether the address of a service may be reached so; in the list of another kind it was meant for Calico."""
        if next(iter(self._near.of(one.network)), None) is not None:
            return True
        by_others = self._balanced or any(key.startswith(_KUBE_VIP) for key in one.resource.annotations)
        return by_others and not crossed and one.wanted == "serviceLoadBalancerIPs"

    def neighbour(self, network: Prefix) -> HostAddress | None:
        """A node that may have an address in one network with these, for the length of its own is not known."""
        return next((one for _, one in self._perhaps.of(network)), None)


def _addresses(cluster: Cluster) -> Iterator[tuple[Resource, str, str, Path, str]]:
    """Those that Services have or ask for: (Service, kind in words, list in which its range belongs, path, text)."""
    for service in cluster.kubernetes("Service", "v1"):
        for kind, wanted, path, text in _written(service):
            yield service, kind, wanted, path, text
    for request in address_requests(cluster):
        for text in request.wanted or ():
            yield request.resource, "the load balancer's address", "serviceLoadBalancerIPs", request.path, text


def _written(service: Resource) -> Iterator[tuple[str, str, Path, str]]:
    for index, text in enumerate(fields.texts(service.spec, "externalIPs")):
        yield "the external address", "serviceExternalIPs", ("spec", "externalIPs", index), text
    asked = fields.text(service.spec, "loadBalancerIP")
    if asked is not None and balanced_by_calico(service):
        yield "the load balancer's address", "serviceLoadBalancerIPs", ("spec", "loadBalancerIP"), asked
    for path, given in balancer_addresses(service):
        if given != asked:
            yield "the load balancer's address", "serviceLoadBalancerIPs", path, given
