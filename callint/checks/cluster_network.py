"""IP pools against the networks that the cluster was set up with."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any

from callint.bgp.read import address, network
from callint.checks.breach import Breach
from callint.checks.dispatch import Question, asked
from callint.finding import Path, Related, witness
from callint.net.address import FAMILIES, Prefix
from callint.net.enclosing import Enclosing
from callint.objects import Cluster, Resource, fields
from callint.objects.cluster_networks import pod_networks, service_networks
from callint.objects.pool import IPPool
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
    yield from asked("cluster_network", _QUESTIONS, parameters)(cluster)


def _for_pods(cluster: Cluster) -> Iterator[tuple[IPPool, Prefix]]:
    for pool in cluster.pools:
        usable = not pool.disabled and "Workload" in pool.allowed_uses
        if not usable or pool.unreadable or not pool.resource.document.complete:
            continue
        net = network(pool.cidr)
        if net is not None:
            yield pool, net


class _Services(NamedTuple):
    """A network or an address of services, whose it is, and where that is said."""

    prefix: Prefix
    resource: Resource
    path: Path

    @property
    def words(self) -> str:
        if self.resource.kind != "Service":
            return f"services get their addresses out of {self.prefix}"
        name = f"{self.resource.namespace or 'default'}/{self.resource.name}"
        return f'{self.prefix.address} is the address of Service "{name}"'


def _services(cluster: Cluster) -> Iterator[_Services]:
    for one in service_networks(cluster):
        yield _Services(*one)
    for service in cluster.kubernetes("Service", "v1"):
        listed = fields.texts(service.spec, "clusterIPs")
        path: Path = ("spec", "clusterIPs") if listed else ("spec", "clusterIP")
        for text in listed or (fields.text(service.spec, "clusterIP") or "",):
            if found := address(text):
                yield _Services(found.prefix(), service, path)


def _holds_services(cluster: Cluster) -> Iterator[Breach]:
    every = sorted(_services(cluster), key=lambda one: (one.prefix.family, one.prefix.value, one.prefix.length))
    starts = [(one.prefix.family, one.prefix.value) for one in every]
    around = Enclosing((one.prefix, one) for one in every)
    for pool, net in _for_pods(cluster) if every else ():
        place = bisect_left(starts, (net.family, net.first))
        inside = [one for one in every[place : place + _MOST_SHOWN] if net.contains(one.prefix)]
        found = [one for _, one in around.of(net)][:_MOST_SHOWN] or inside
        if not found:
            continue
        both = max(net, found[0].prefix, key=lambda one: one.length)
        yield Breach(
            f'IPPool "{pool.name}" gives pods addresses of services: {found[0].words}, and kube-proxy '
            "catches what is sent there on every node",
            pool.span("cidr"),
            pool.resource.ref,
            pool.path("cidr"),
            tuple(Related(one.resource.span(*one.path), "addresses of services") for one in found),
            witness("address", address=str(both.address), pool=pool.cidr),
        )


def _outside(cluster: Cluster) -> Iterator[Breach]:
    """Pools for pods that ask for them may lie elsewhere on purpose; with eBPF there is no kube-proxy to mind."""
    said = pod_networks(cluster)
    around = Enclosing((one.prefix, one) for one in said)
    by_family = {family: [one for one in said if one.prefix.family == family] for family in FAMILIES}
    minded = {one.prefix.family for one in said if one.resource.kind in _READ_BY_OPERATOR}
    for pool, net in _for_pods(cluster) if said else ():
        own = by_family[net.family]
        if not own or around.of(net):
            continue
        refused = pool.resource.kind == "Installation" and net.family in minded
        asked_for = pool.node_selector.replace(" ", "") == "!all()" or pool.plain.get("assignmentMode") == "Manual"
        if not refused and (asked_for or cluster.target.dataplane == "ebpf"):
            continue
        what = "the operator refuses the Installation" if refused else _MISTAKEN
        networks = " and ".join(dict.fromkeys(str(one.prefix) for one in own[:_MOST_SHOWN]))
        yield Breach(
            f'IPPool "{pool.name}" is not inside the network of pods, {networks}: {what}',
            pool.span("cidr"),
            pool.resource.ref,
            pool.path("cidr"),
            tuple(Related(one.span, "the network of pods") for one in own[:_MOST_SHOWN]),
            witness("address", address=str(net.address), pool=pool.cidr),
        )


_QUESTIONS: dict[str, Question] = {"services": _holds_services, "outside": _outside}
