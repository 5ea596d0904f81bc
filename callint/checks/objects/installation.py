"""What the operator writes because of its Installation, against objects that say otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico.defaults import BLOCK_SIZES
from callint.checks.breach import Breach, Question, asked
from callint.finding import Path, Related, witness
from callint.net.address import Prefix
from callint.objects import Cluster, Resource, fields
from callint.objects.pool import IPPool, installed_pools, ip_pool

# The first releases whose operator keeps pools, and the switches of dataplanes, as the Installation has them
_KEEPS_POOLS = (3, 28)
_KEEPS_SWITCHES = (3, 26)
_DATAPLANE: Path = ("spec", "calicoNetwork", "linuxDataplane")


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Objects that contradict the Installation.

    Parameter `problem`: `pool` (an IPPool that the Installation makes otherwise: tigera/operator
    pkg/controller/ippool), `dataplane` (a FelixConfiguration that switches another dataplane on or off: tigera/operator
    pkg/controller/installation).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _installation(cluster: Cluster) -> Resource | None:
    """The one that there is; of several nothing tells which is meant."""
    found = cluster.installations
    return found[0] if len(found) == 1 and not found[0].unreadable("spec") else None


def _pool(cluster: Cluster) -> Iterator[Breach]:
    installation = _installation(cluster)
    if installation is None or cluster.target.release < _KEEPS_POOLS:
        return
    installed = [one for one in installed_pools(installation) if not one.unreadable]
    by_network: dict[Prefix | None, IPPool] = {one.net: one for one in installed if one.net}
    by_name = {name: one for one in installed if (name := fields.text(one.plain, "name"))}
    for pool in map(ip_pool, cluster.of("IPPool")):
        if not pool.legible:
            continue
        other = by_network.get(pool.net) or by_name.get(pool.name)
        if other is None:
            continue
        mine, theirs = _values(pool), _values(other)
        left_to_operator = () if other.plain.get("encapsulation") else ("ipipMode", "vxlanMode")
        differing = [field for field in mine if mine[field] != theirs[field] and field not in left_to_operator]
        if not differing:
            continue
        said = ", ".join(f"`{field}` {theirs[field]}" for field in differing)
        yield Breach.at(
            pool.resource,
            pool.path(differing[0]),
            f'IPPool "{pool.name}" is made by the operator, with {said} as the Installation "{installation.name}" has '
            "it: what is said here it writes over, or it stops because the pool is not its own",
            (Related(other.span(differing[0]), "what the operator writes"),),
            witness("reference", reference=f"Installation/{installation.name}", fields=tuple(differing)),
            "change the pool in the Installation",
        )


def _values(pool: IPPool) -> dict[str, str]:
    """What both forms of a pool say, with the defaults that both have."""
    net = pool.net
    size = pool.block_size or (BLOCK_SIZES[net.family] if net else None)
    return {
        "cidr": f'"{net or pool.cidr}"',
        "ipipMode": f'"{pool.ipip_mode}"',
        "vxlanMode": f'"{pool.vxlan_mode}"',
        "natOutgoing": str(pool.nat_outgoing).lower(),
        "blockSize": str(size),
        "nodeSelector": f'"{pool.node_selector}"',
        "disabled": str(pool.disabled).lower(),
        "disableBGPExport": str(pool.disable_bgp_export).lower(),
    }


def _dataplane(cluster: Cluster) -> Iterator[Breach]:
    installation = _installation(cluster)
    felix = cluster.find("FelixConfiguration", "default")
    if installation is None or felix is None or cluster.target.release < _KEEPS_SWITCHES:
        return
    chosen = fields.text(fields.mapping(installation.spec, "calicoNetwork"), "linuxDataplane") or "Iptables"
    switches = {
        "bpfEnabled": (fields.flag(felix.spec, "bpfEnabled"), chosen == "BPF"),
        "nftablesMode": (
            {"Enabled": True, "Disabled": False}.get(fields.text(felix.spec, "nftablesMode") or ""),
            chosen == "Nftables",
        ),
    }
    for field, (said, wanted) in switches.items():
        if said is None or said is wanted or felix.unreadable("spec", field):
            continue
        path: Path = ("spec", field)
        written = fields.as_text(felix.spec.get(field))
        yield Breach.at(
            felix,
            path,
            f"`{field}: {written}` does not last: the operator sets it by the Installation, where `linuxDataplane` is "
            f'"{chosen}", and stops when somebody else has changed it',
            (Related(installation.span(*_DATAPLANE), f"the dataplane is {chosen}"),),
            witness("reference", reference=f"Installation/{installation.name}", dataplane=chosen),
            "choose the dataplane in the Installation alone",
        )


QUESTIONS: dict[str, Question] = {"pool": _pool, "dataplane": _dataplane}
