"""IP pools over addresses of the Internet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from callint.checks.breach import Breach
from callint.finding import Path, witness
from callint.net import intervals
from callint.net.internet import INTERNET
from callint.objects import Cluster, Resource, fields
from callint.policy.nodes import prefixes


class _Given(NamedTuple):
    """A network from which pods are given masqueraded addresses, and where that is written."""

    name: str
    cidr: str
    resource: Resource
    path: Path


def check(cluster: Cluster, _: Mapping[str, Any]) -> Iterator[Breach]:
    """Pools that hold public IPv4 addresses and masquerade, which whoever owns the addresses has no need of.

    The pools of the operator's Installation count too (tigera/operator api/v1/installation_types.go). Not IPv6, where
    public addresses are what pods usually have.
    """
    for name, cidr, resource, path in (*_pools(cluster), *_installed(cluster)):
        for net in prefixes((cidr,)):
            public = intervals.intersection(((net.first, net.last),), INTERNET[0]) if net.family == 4 else ()
            if not public:
                continue
            first = next(iter(intervals.to_prefixes(public, 4))).address
            yield Breach(
                f'IPPool "{name}" gives pods addresses of the Internet out of "{cidr}" and masquerades them, but not '
                "towards the same addresses: the hosts that really have them never answer a pod",
                resource.span(*path),
                resource.ref,
                path,
                (),
                witness("address", address=str(first), pool=cidr),
                "take a private network, such as one in 10.0.0.0/8; for addresses of your own switch natOutgoing off",
            )


def _pools(cluster: Cluster) -> Iterator[_Given]:
    for pool in cluster.pools:
        resource = pool.resource
        if resource.unreadable("spec") or not resource.document.complete:
            continue
        if pool.nat_outgoing and not pool.disabled and "Workload" in pool.allowed_uses:
            yield _Given(resource.name, pool.cidr, resource, ("spec", "cidr"))


def _installed(cluster: Cluster) -> Iterator[_Given]:
    for resource in cluster.kubernetes("Installation", "operator.tigera.io/v1"):
        network = fields.mapping(resource.spec, "calicoNetwork")
        for place, pool in fields.items(network, "ipPools"):
            if isinstance(pool, dict) and (fields.text(pool, "natOutgoing") or "Enabled") == "Enabled":
                name = fields.text(pool, "name") or "default-ipv4-ippool"
                path = ("spec", "calicoNetwork", "ipPools", place, "cidr")
                yield _Given(name, fields.text(pool, "cidr") or "", resource, path)
