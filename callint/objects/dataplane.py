"""The dataplane that manifests themselves show, by the switches of the operator and of Felix."""

from __future__ import annotations

from callint.calico import Dataplane
from callint.calico.defaults import FELIX_TRUE
from callint.objects import fields
from callint.objects.calico_node import felix_environment, felix_variable
from callint.objects.cluster import Cluster

_LINUX: dict[str, Dataplane] = {"BPF": "ebpf", "Iptables": "iptables", "Nftables": "nftables"}


def inferred_dataplane(cluster: Cluster) -> Dataplane | None:
    """The dataplane that an Installation, calico-node's environment or the default FelixConfiguration switches on.

    None when none says it. The environment counts before any FelixConfiguration (felix/config/config_params.go), where
    it can be read.
    """
    for one in cluster.installations:
        chosen = fields.text(fields.mapping(one.spec, "calicoNetwork"), "linuxDataplane")
        if chosen in _LINUX:
            return _LINUX[chosen]
    if _said(cluster, "bpfEnabled") in FELIX_TRUE:
        return "ebpf"
    return "nftables" if _said(cluster, "nftablesMode") == "enabled" else None


def _said(cluster: Cluster, field: str) -> str:
    variable = felix_environment(cluster).get(felix_variable(field))
    if variable is not None and variable.value is not None:
        return variable.value.lower()
    default = cluster.find("FelixConfiguration", "default")
    if default is None or default.unreadable("spec", field):
        return ""
    return (fields.as_text(default.spec.get(field)) or "").lower()
