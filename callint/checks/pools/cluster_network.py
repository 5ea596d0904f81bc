"""IP pools against the networks that the cluster was set up with."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach, Question, asked, object_words
from callint.finding import Path, Related, witness
from callint.nat.host_networks import hosts_in
from callint.net.address import FAMILIES, Prefix
from callint.net.enclosing import Enclosing
from callint.net.read import address
from callint.objects import Cluster, Resource, fields
from callint.objects.cluster_networks import ClusterNetwork, balancer_ends, known_by_network, of_services, pod_networks
from callint.objects.first_pools import pools_from_start
from callint.objects.reservations import reserved
from callint.objects.service import balancer_addresses
from callint.record import NamedTuple

_MOST_SHOWN = 3
# tigera/operator pkg/controller/ippool asks the kubeadm configuration, which kind writes as well, and OpenShift's
_READ_BY_OPERATOR = ("ClusterConfiguration", "Cluster", "Network")
_MISTAKEN = (
    "kube-proxy takes its pods for strangers and gives what they send to services the address of their node, so that "
    "policy does not know them any more"
)


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Pools for pods that do not go together with how the cluster was set up.

    Parameter `problem`: `services` (a pool holds addresses of services), `outside` (a pool is outside of the network of
    pods: tigera/operator pkg/controller/ippool, and kube-proxy's `clusterCIDR`).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


class _Pool(NamedTuple):
    """A network out of which pods get addresses, in words and at its place; `by_hand`: only those that ask for it."""

    words: str
    net: Prefix
    resource: Resource
    path: Path
    by_hand: bool = False


def _for_pods(cluster: Cluster) -> Iterator[_Pool]:
    """Those of the manifests, or where there are none the first ones, which calico-node makes as it starts."""
    for pool in pools_from_start(cluster):
        net, by_hand = pool.net, pool.on_request
        if pool.for_pods and pool.legible and net is not None:
            yield _Pool(f'IPPool "{pool.name}"', net, pool.resource, pool.path("cidr"), by_hand)


def _of_balancers(cluster: Cluster) -> Iterator[ClusterNetwork]:
    """Addresses by which services are reached from outside, and both ends of the ranges that MetalLB gives them.

    Out of a pool that is for load balancers as well IPAM gives an address to one of both, a pod or a service.
    """
    shared = {net for pool in cluster.pools if "LoadBalancer" in pool.allowed_uses and (net := pool.net)}
    balancing = Enclosing((net, net) for net in shared)
    for service in cluster.kubernetes("Service", "v1"):
        outside = ((("spec", "externalIPs", index), text) for index, text in fields.items(service.spec, "externalIPs"))
        asked = (("spec", "loadBalancerIP"), fields.text(service.spec, "loadBalancerIP"))
        for path, text in (*outside, asked, *balancer_addresses(service)):
            found = address(text) if isinstance(text, str) else None
            if found and (path[1] == "externalIPs" or not balancing.of(found.prefix())):
                yield ClusterNetwork(found.prefix(), service, path)
    yield from balancer_ends(cluster)


def _words(one: ClusterNetwork) -> str:
    """A network of services, or the address of one."""
    if one.resource.kind == "IPAddressPool":
        return f'MetalLB gives them those of IPAddressPool "{one.resource.name}"'
    if one.resource.kind != "Service":
        return f"services get their addresses out of {one.prefix}"
    return f"{one.prefix.address} is the address of {object_words(one.resource, one.resource.home)}"


class _Known:
    """Networks and addresses of services that are not kept from pods by a reservation, each once."""

    def __init__(self, cluster: Cluster, known: Iterable[ClusterNetwork]) -> None:
        """Sort them."""
        first: dict[Prefix, ClusterNetwork] = {}
        for one in known:
            if not reserved(cluster, one.prefix):
                first.setdefault(one.prefix, one)
        self._every = sorted(first.values(), key=lambda one: (one.prefix.family, one.prefix.value, one.prefix.length))
        self._starts = [(one.prefix.family, one.prefix.value) for one in self._every]
        self._around = Enclosing((one.prefix, one) for one in self._every)

    def sharing(self, net: Prefix) -> list[ClusterNetwork]:
        """Some of those that share addresses with a network."""
        place = bisect_left(self._starts, (net.family, net.first))
        inside = [one for one in self._every[place : place + _MOST_SHOWN] if net.contains(one.prefix)]
        return [one for _, one in self._around.of(net)][:_MOST_SHOWN] or inside


def _holds_services(cluster: Cluster) -> Iterator[Breach]:
    """Of what services are reached by from outside no more is said where the network of nodes is the pods' as well."""
    kinds = [_Known(cluster, of_services(cluster)), _Known(cluster, _of_balancers(cluster))]
    for pool in _for_pods(cluster):
        net = pool.net
        inner, outer = (one.sharing(net) for one in kinds)
        found = inner or ([] if outer and hosts_in(cluster, net) else outer)
        if not found or reserved(cluster, net):
            continue
        both = max(net, found[0].prefix, key=lambda one: one.length)
        yield Breach.at(
            pool.resource,
            pool.path,
            f"{pool.words} gives pods addresses of services: {_words(found[0])}, and kube-proxy catches what is sent "
            "there on every node",
            tuple(Related(span, "addresses of services") for span in dict.fromkeys(one.span for one in found)),
            witness("address", address=str(both.address), pool=str(net)),
        )


def _outside(cluster: Cluster) -> Iterator[Breach]:
    """Pools for pods that ask for them may lie elsewhere on purpose; with eBPF there is no kube-proxy to mind."""
    unminded = cluster.target.dataplane == "ebpf" or not known_by_network(cluster)
    said = pod_networks(cluster)
    around = Enclosing((one.prefix, one) for one in said)
    by_family = {family: [one for one in said if one.prefix.family == family] for family in FAMILIES}
    minded = {one.prefix.family for one in said if one.resource.kind in _READ_BY_OPERATOR}
    for pool in _for_pods(cluster) if said else ():
        net = pool.net
        own = by_family[net.family]
        if not own or around.of(net):
            continue
        refused = pool.resource.kind == "Installation" and net.family in minded
        if not refused and (pool.by_hand or unminded):
            continue
        what = "the operator refuses the Installation" if refused else _MISTAKEN
        networks = " and ".join(dict.fromkeys(str(one.prefix) for one in own[:_MOST_SHOWN]))
        yield Breach.at(
            pool.resource,
            pool.path,
            f"{pool.words} is not inside the network of pods, {networks}: {what}",
            tuple(Related(one.span, "the network of pods") for one in own[:_MOST_SHOWN]),
            witness("address", address=str(net.address), pool=str(net)),
        )


QUESTIONS: dict[str, Question] = {"services": _holds_services, "outside": _outside}
