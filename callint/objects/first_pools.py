"""The pools that calico-node makes as it starts where there is none (node/pkg/lifecycle/startup configureIPPools)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from callint.calico.defaults import DEFAULT_POOLS
from callint.finding import Path
from callint.net.address import FAMILIES, Family, Prefix
from callint.net.read import network
from callint.objects.calico_node import Variable, environment, more_variables
from callint.objects.cluster import Cluster
from callint.objects.cluster_networks import pod_networks
from callint.objects.pool import IPPool

_MODES = {"": "Never", "off": "Never", "never": "Never", "always": "Always", "crosssubnet": "CrossSubnet"}
_FLAGS = {"true": True, "false": False}
_FIELDS = {
    "cidr": "CIDR",
    "ipipMode": "IPIP",
    "vxlanMode": "VXLAN",
    "natOutgoing": "NAT_OUTGOING",
    "nodeSelector": "NODE_SELECTOR",
}


def pools_from_start(cluster: Cluster) -> tuple[IPPool, ...]:
    """The pools of the manifests or, where there are none, the first ones."""
    return cluster.pools or tuple(_first(cluster))


def networks_of_pods(cluster: Cluster) -> list[Prefix]:
    """The networks of these pools or, without any that can be read, those that the installer of the cluster names."""
    pools = [net for pool in pools_from_start(cluster) if (net := pool.net) is not None]
    return pools or [one.prefix for one in pod_networks(cluster)]


def _first(cluster: Cluster) -> Iterator[IPPool]:
    """Those whose network its environment names; without that it is one that kubeadm may have been told."""
    told = {} if cluster.incomplete or more_variables(cluster) else environment(cluster)
    makes_none = told.get("NO_DEFAULT_POOLS")
    for family in FAMILIES if makes_none is None or makes_none.value not in (None, "true") else ():
        names = {field: f"CALICO_IPV{family}POOL_{name}" for field, name in _FIELDS.items()}
        variables = {field: told[name] for field, name in names.items() if name in told}
        cidr = variables.get("cidr")
        if cidr is not None and network(cidr.value, family) is not None:
            yield _pool(family, cidr, variables)


def _pool(family: Family, cidr: Variable, variables: Mapping[str, Variable]) -> IPPool:
    modes = {field: tunnel_mode(variables.get(field)) for field in ("ipipMode", "vxlanMode")}
    written = variables.get("natOutgoing")
    masqueraded = _FLAGS.get((written.value or "").lower()) if written is not None else family == 4
    chosen = variables.get("nodeSelector")
    nodes = "" if chosen is None else chosen.value
    places: dict[str, Path] = {field: one.path for field, one in variables.items() if one.resource is cidr.resource}
    return IPPool(
        resource=cidr.resource,
        name=DEFAULT_POOLS[family],
        base=places["cidr"],
        plain={"encapsulation": "?"} if None in (masqueraded, nodes, *modes.values()) else {},
        cidr=cidr.value or "",
        nat_outgoing=bool(masqueraded),
        ipip_mode=modes["ipipMode"] or "?",
        vxlan_mode=modes["vxlanMode"] or "?",
        node_selector=nodes or "all()",
        places=places,
    )


def tunnel_mode(variable: Variable | None) -> str | None:
    """Whether a pool tunnels, as a variable says; None where nothing tells."""
    text = "" if variable is None else variable.value
    return None if text is None else _MODES.get(text.lower().replace("-", ""))
