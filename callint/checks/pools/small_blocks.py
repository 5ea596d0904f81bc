"""IP pools whose blocks are so small that a node needs many of them for its pods, or more than it gets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico.defaults import BLOCK_SIZES, MAX_PODS
from callint.calico.kinds import KUBELET
from callint.checks.breach import Breach
from callint.finding import Related, counted, witness
from callint.net.address import BITS, FAMILIES, Family
from callint.objects import Cluster, Resource, fields
from callint.objects.pool import IPPool

_SMALL = 4
_MANY = 24
"""Blocks of a node that are told of, where they are of so few addresses."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Pools that alone serve all nodes, with blocks of at most four addresses, or of too few for `maxBlocksPerHost`.

    A node is taken to run as many pods as kubelet's `maxPods` says, else 110. Nothing is said of a pool that has not so
    many addresses for each of the nodes that are known, or for two. Takes no parameters.
    """
    limit, configuration = _limit(cluster)
    pods = _pods(cluster)
    most = pods * max(2, len(cluster.nodes))
    for family in FAMILIES:
        pool = _only(cluster, family)
        net = pool.net if pool is not None else None
        if pool is None or net is None or 1 << (BITS[family] - net.length) < most:
            continue
        size = pool.block_size or BLOCK_SIZES[family]
        if size > BITS[family]:  # which OBJ052 says
            continue
        addresses = 1 << (BITS[family] - size)
        blocks = -(-pods // addresses)
        field = pool.path("blockSize" if pool.block_size else "cidr")
        proof = witness("address", address=str(net), blocks=blocks, pods=pods)
        if configuration is not None and addresses * limit < pods:
            yield Breach.at(
                configuration,
                ("spec", "maxBlocksPerHost"),
                f'IPAM gives a node {counted(limit, "block")} of IPPool "{pool.name}" at most, for '
                f"{addresses * limit} addresses, and a node may have {pods} pods",
                (Related(pool.resource.span(*field), f"blocks of {addresses} addresses"),),
                proof,
                f"allow {blocks} blocks, or replace the pool by one with larger blocks",
            )
        elif addresses <= _SMALL and blocks >= _MANY:
            yield Breach.at(
                pool.resource,
                field,
                f'blocks of IPPool "{pool.name}" hold {addresses} of its addresses each: for {pods} pods a node takes '
                f"{blocks} blocks, and each is a route of its own on all other nodes",
                (),
                proof,
                f"replace the pool by one with blockSize {BLOCK_SIZES[family]}, for that of a pool cannot be changed",
            )


def _only(cluster: Cluster, family: Family) -> IPPool | None:
    """The pool that gives all nodes their addresses, if no other one does."""
    given = [one for one in cluster.pools if one.given and one.net is not None and one.net.family == family]
    pool = given[0] if len(given) == 1 else None
    if pool is None or not pool.of_every_node or pool.plain.get("namespaceSelector"):
        return None
    return pool


def _limit(cluster: Cluster) -> tuple[int, Resource | None]:
    for resource in cluster.of("IPAMConfiguration", "IPAMConfig"):
        limit = fields.integer(resource.spec, "maxBlocksPerHost") or 0
        if limit > 0 and resource.name == "default":
            return limit, resource
    return 0, None


def _pods(cluster: Cluster) -> int:
    """The most pods of a node; of several kinds of nodes the smallest."""
    said = (fields.integer(one.plain, "maxPods") or 0 for one in cluster.kubernetes("KubeletConfiguration", KUBELET))
    return min((one for one in said if one > 0), default=MAX_PODS)
