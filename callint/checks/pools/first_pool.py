"""The pool that calico-node is told to make as it first starts, and that Calico does not take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach
from callint.finding import Related, witness
from callint.objects import Cluster
from callint.objects.calico_node import daemon_sets, environment, more_variables
from callint.objects.first_pools import tunnel_mode

_IPIP, _VXLAN = "CALICO_IPV4POOL_IPIP", "CALICO_IPV4POOL_VXLAN"


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Both tunnels at once, where no pool is there already (node/pkg/lifecycle/startup; validateIPPoolSpec).

    Takes no parameters.
    """
    told = environment(cluster) if len(daemon_sets(cluster)) == 1 and not cluster.pools else {}
    ipip, vxlan, none = (told.get(name) for name in (_IPIP, _VXLAN, "NO_DEFAULT_POOLS"))
    makes_none = none is not None and none.value in (None, "true")
    if ipip is None or vxlan is None or makes_none or cluster.incomplete or more_variables(cluster):
        return
    modes = tunnel_mode(ipip), tunnel_mode(vxlan)
    if None in modes or "Never" in modes:
        return
    yield Breach.at(
        vxlan.resource,
        vxlan.path,
        f'calico-node is to make its first IPv4 pool with {_VXLAN} "{vxlan.value}" and {_IPIP} "{ipip.value}", and no '
        "pool has both tunnels: it ends as it starts",
        (Related(ipip.span, "the other tunnel"),),
        witness("reference", reference="IPPool/default-ipv4-ippool", ipipMode=modes[0], vxlanMode=modes[1]),
        "set the one that is not wanted to Never",
    )
