"""What IPPools and IPAM blocks mean for BGP: prefixes withheld, exported, and known to be blocks of nodes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from callint.calico.defaults import BLOCK_SIZES
from callint.net.address import Family, Prefix
from callint.net.prefixes import PrefixSet, union_all, within
from callint.net.read import network
from callint.objects import Cluster, fields
from callint.objects.calico_node import environment
from callint.objects.pool import IPPool
from callint.record import NamedTuple

_CONFIRMED = ("", "confirmed")
_ORIGINATED = (*_CONFIRMED, "pendingDeletion")


def block_length(pool: IPPool, inside: Prefix) -> int:
    """The length of the blocks of a pool with this network; that of a pool which is written wrong may be too long."""
    return max(pool.block_size or BLOCK_SIZES[inside.family], inside.length)


class Block(NamedTuple):
    """A block of addresses that belongs to a node; `settled` ones take part in the export filter."""

    network: Prefix
    settled: bool


class Pools(NamedTuple):
    """The pools of one family; `withheld` and `exported` are the prefixes inside those with and without export."""

    pools: tuple[tuple[IPPool, Prefix], ...]
    withheld: PrefixSet
    exported: PrefixSet


@lru_cache(maxsize=16)
def pools_of(cluster: Cluster, family: Family) -> Pools:
    """Disabled pools count like others, and neither selectors nor uses are looked at (bird_ipam.cfg.template)."""
    found = [(pool, net) for pool in cluster.pools if (net := pool.net) is not None and net.family == family]
    return Pools(
        tuple(found),
        inside_all((inside for pool, inside in found if pool.disable_bgp_export), family),
        inside_all((inside for pool, inside in found if not pool.disable_bgp_export), family),
    )


class Blocks(NamedTuple):
    """The blocks of nodes by name; `others` is what is known of a node that is not among them: None is nothing."""

    of_node: dict[str, tuple[Block, ...]]
    others: tuple[Block, ...] | None

    def of(self, node: str, family: Family) -> tuple[Block, ...] | None:
        """The blocks of one node and family; None where they are not known."""
        found = self.of_node.get(node, self.others)
        return None if found is None else tuple(one for one in found if one.network.family == family)


def known_blocks(cluster: Cluster) -> Blocks:
    """Blocks from BlockAffinity objects, of which manifests that people write have none.

    With host-local IPAM each node has its pod CIDRs instead (bird_aggr.cfg.template).
    """
    if host_local(cluster):
        cidrs = {node.name: [network(text) for text in node.pod_cidrs] for node in cluster.nodes.values()}
        blocks = {name: tuple(Block(one, True) for one in found if one) for name, found in cidrs.items() if found}
        return Blocks(blocks, None)
    affinities = cluster.of("BlockAffinity")
    if not affinities and "BlockAffinity" not in cluster.intent.complete:
        return Blocks({}, None)
    found: dict[str, list[Block]] = {}
    for one in affinities:
        state = fields.text(one.spec, "state") or ""
        node, inside = fields.text(one.spec, "node"), network(fields.text(one.spec, "cidr"))
        deleted = fields.text(one.spec, "deleted") == "true"
        if node and inside is not None and not deleted and state in _ORIGINATED:
            found.setdefault(node, []).append(Block(inside, state in _CONFIRMED))
    return Blocks({node: tuple(blocks) for node, blocks in found.items()}, ())


@lru_cache(maxsize=16)
def host_local(cluster: Cluster) -> bool:
    """Whether Kubernetes gives each node its addresses: the Installation says so, or the environment of calico-node."""
    for one in cluster.installations:
        if fields.text(fields.mapping(fields.mapping(one.spec, "cni"), "ipam"), "type") == "HostLocal":
            return True
    variable = environment(cluster).get("USE_POD_CIDR")
    return variable is not None and (variable.value or "").lower() == "true"


def inside_all(networks: Iterable[Prefix], family: Family) -> PrefixSet:
    """The prefixes inside any of the networks."""
    return union_all(family, map(within, networks))
