"""The environment of calico-node, where its DaemonSet is among the manifests (node/pkg/lifecycle/startup)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from callint.finding import Path, Span
from callint.objects import fields
from callint.objects.cluster import Cluster
from callint.objects.resource import Resource
from callint.record import NamedTuple

# api/pkg/apis/projectcalico/v3/felixconfig.go: fields that Felix itself calls otherwise (confignamev1)
_OTHER_NAMES = {
    "externalNodesList": "EXTERNALNODESCIDRLIST",
    "ipipEnabled": "IPINIPENABLED",
    "ipipMTU": "IPINIPMTU",
}


class Variable(NamedTuple):
    """A variable and where it stands; `value` is None where it comes from another object."""

    value: str | None
    resource: Resource
    path: Path

    @property
    def span(self) -> Span:
        """The place of its value, or of the variable."""
        return self.resource.span(*self.path, "value")


def daemon_sets(cluster: Cluster) -> list[Resource]:
    """The DaemonSets of calico-node: one in a whole cluster, none where an operator makes it."""
    return [one for one in cluster.kubernetes("DaemonSet", "apps/v1") if one.name == "calico-node"]


def environment(cluster: Cluster) -> dict[str, Variable]:
    """The variables of calico-node by name; none where no manifest holds the DaemonSet."""
    found: dict[str, Variable] = {}
    for resource in daemon_sets(cluster):
        pod = fields.mapping(fields.mapping(resource.spec, "template"), "spec")
        for number, container in fields.items(pod, "containers"):
            for index, plain in fields.items(container, "env") if isinstance(container, dict) else ():
                name = fields.text(plain, "name") if isinstance(plain, dict) else None
                if name is not None:
                    value = None if "valueFrom" in plain else fields.text(plain, "value") or ""
                    path: Path = ("spec", "template", "spec", "containers", number, "env", index)
                    found.setdefault(name, Variable(value, resource, path))
    return found


def felix_variable(field: str) -> str:
    """The variable that says what a field of FelixConfiguration says."""
    return f"FELIX_{_OTHER_NAMES.get(field, field.upper())}"


@lru_cache(maxsize=8)
def felix_environment(cluster: Cluster) -> Mapping[str, Variable]:
    """The variables by which Felix is set, before any FelixConfiguration is (felix/config/config_params.go).

    One that is empty counts for nothing, and where there are several DaemonSets nobody knows which one runs.
    """
    if len(daemon_sets(cluster)) != 1:
        return {}
    told = environment(cluster)
    return {name: one for name, one in told.items() if name.startswith("FELIX_") and one.value != ""}
