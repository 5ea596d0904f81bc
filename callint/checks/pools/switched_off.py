"""What Felix is told to leave off, and pools for pods that need it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from callint.calico.defaults import FELIX_FALSE
from callint.checks.breach import Breach
from callint.finding import Path, Related, witness
from callint.objects import Cluster, Resource
from callint.objects.calico_node import felix_environment, felix_variable
from callint.objects.first_pools import pools_from_start
from callint.objects.pool import IPPool
from callint.record import NamedTuple
from callint.selector import parse_or_none
from callint.steps import Steps, counted


class _Switch(NamedTuple):
    """A field of FelixConfiguration, which pools need it, and by which field of theirs."""

    field: str
    needs: Callable[[IPPool], bool]
    where: str
    consequence: str


def _of_ipv6(pool: IPPool) -> bool:
    return pool.net is not None and pool.net.family == 6


_TUNNEL = "Felix makes no device for it, so that nothing gets to pods on other nodes"
_SWITCHES = (
    _Switch("ipv6Support", _of_ipv6, "cidr", "Felix leaves IPv6 alone, the policy of it included"),
    _Switch("ipipEnabled", lambda pool: not _of_ipv6(pool) and pool.ipip_mode == "Always", "ipipMode", _TUNNEL),
    _Switch("vxlanEnabled", lambda pool: not _of_ipv6(pool) and pool.vxlan_mode == "Always", "vxlanMode", _TUNNEL),
)


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Switches of Felix that stand at off, for all nodes, where a pool for pods is of IPv6 or always tunnels.

    What is said for some nodes alone may be meant for those of other pools, and a pool that selects none of the nodes
    that are known may be of no node. Between nodes of one network no tunnel of `CrossSubnet` is needed, and none at all
    where there is but one node. Source: the descriptions of these fields in Calico's CRDs;
    felix/config/config_params.go, where the environment comes first. Takes no parameters.
    """
    alone = cluster.nodes_complete and len(cluster.nodes) == 1
    steps = Steps(cluster, "selectors of IPPools with nodes")
    for switch in _SWITCHES[:1] if alone else _SWITCHES:
        off = _off(cluster, switch)
        pools = (one for one in pools_from_start(cluster) if one.given and switch.needs(one)) if off else ()
        pool = next((one for one in pools if _of_a_node(one, cluster, steps)), None)
        if off is None or pool is None:
            continue
        resource, path, words = off
        what = "gives pods addresses of IPv6" if switch.where == "cidr" else "tunnels to other nodes"
        yield Breach.at(
            resource,
            path,
            f'IPPool "{pool.name}" {what}, and {words} switches that off: {switch.consequence}',
            (Related(pool.span(switch.where), "needs it"),),
            witness("reference", reference=f"IPPool/{pool.name}", fields=(switch.where,)),
            "take the setting away, or turn it on",
        )


def _of_a_node(pool: IPPool, cluster: Cluster, steps: Steps) -> bool:
    """Whether it is for a node that is known, or may be for one of which no manifest tells the labels."""
    selector, nodes = parse_or_none(pool.node_selector), cluster.nodes.values()
    if selector is None:
        return False
    if not nodes or any(selector.matches(node.labels) for node in counted(nodes, steps, 1)):
        return True
    return not all(node.legible for node in nodes)


def _off(cluster: Cluster, switch: _Switch) -> tuple[Resource, Path, str] | None:
    """Where it is switched off on all nodes, if it is."""
    name = felix_variable(switch.field)
    variable = felix_environment(cluster).get(name)
    if variable is not None:
        off = (variable.value or "").lower() in FELIX_FALSE
        return (variable.resource, variable.path, f"{name} of calico-node") if off else None
    said = [one for one in cluster.felix if switch.field in one.values]
    if len(said) != 1 or said[0].name != "default" or said[0].values[switch.field] is not False:
        return None
    return said[0].resource, ("spec", switch.field), f"`{switch.field}: false`"
