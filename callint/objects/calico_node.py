"""The environment of calico-node, where its DaemonSet is among the manifests (node/pkg/lifecycle/startup)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

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

# manifests/calico.yaml: what says where the API server is, and nothing else; it is there for the eBPF dataplane alone
API_SERVER_CONFIG = "kubernetes-services-endpoint"
CONFIG = "calico-config"
CLUSTER_IPS = "CALICO_ADVERTISE_CLUSTER_IPS"
"""The variable with the networks of services that nodes announce, in place of those of the BGPConfiguration."""
_MOST_TAKEN = 1 << 16
"""Variables from ConfigMaps; of one that is taken with many prefixes there would be more without end."""


class Variable(NamedTuple):
    """A variable and where its value stands; `value` is None where that is not known."""

    value: str | None
    resource: Resource
    path: Path

    @property
    def span(self) -> Span:
        """The place of its value, or of the variable."""
        return self.resource.span(*self.path)


def daemon_sets(cluster: Cluster) -> list[Resource]:
    """The DaemonSets of calico-node: one in a whole cluster, none where an operator makes it."""
    return [one for one in cluster.kubernetes("DaemonSet", "apps/v1") if one.name == "calico-node"]


def environment(cluster: Cluster) -> Mapping[str, Variable]:
    """The variables of calico-node by name; none where no manifest holds the DaemonSet.

    Of two with one name the later counts, and each counts more than what `envFrom` takes from a ConfigMap. What
    `$(NAME)` stands for is not looked for (kubernetes pkg/kubelet/kubelet_pods.go makeEnvironmentVariables).
    """
    return _variables(cluster)[0]


def more_variables(cluster: Cluster) -> bool:
    """Whether calico-node takes variables from what no manifest shows, so that none is known to be missing."""
    return _variables(cluster)[1]


@lru_cache(maxsize=8)
def _variables(cluster: Cluster) -> tuple[Mapping[str, Variable], bool]:
    found: dict[str, Variable] = {}
    taken, more = 0, False
    for resource, path, container in containers(cluster):
        told: dict[str, Variable] = {}
        for source, prefix in _sources(cluster, resource, container):
            taken += len(fields.mapping(source.plain, "data")) if source is not None else 0
            if source is None or taken > _MOST_TAKEN:
                told.clear()  # it may hold each of those before it
                more = True
            else:
                texts = fields.labels(source.plain, "data")
                told |= {prefix + key: Variable(text, source, ("data", key)) for key, text in texts.items()}
        for index, plain in fields.items(container, "env"):
            name = fields.text(plain, "name") if isinstance(plain, dict) else None
            if name is not None:
                told[name] = _told(cluster, resource, (*path, "env", index), plain)
        for name, variable in told.items():
            found.setdefault(name, variable)
    return found, more


def _told(cluster: Cluster, resource: Resource, path: Path, plain: dict[str, Any]) -> Variable:
    """One of `env`: its text, or that of a ConfigMap that it names."""
    here = Variable(None, resource, (*path, "value"))
    if "valueFrom" not in plain:
        text = fields.as_text("" if plain.get("value") is None else plain["value"])
        return here if text is None or "$(" in text else here._replace(value=text)
    named = fields.mapping(fields.mapping(plain, "valueFrom"), "configMapKeyRef")
    source, key = _config_map(cluster, resource, named), fields.text(named, "key") or ""
    found = fields.text(fields.mapping(source.plain, "data"), key) if source is not None else None
    return here if source is None or found is None else Variable(found, source, ("data", key))


def _sources(cluster: Cluster, resource: Resource, container: dict[str, Any]) -> Iterator[tuple[Resource | None, str]]:
    """The ConfigMaps of `envFrom`, None for what no manifest shows, with what the names in them are preceded by."""
    for _, plain in fields.items(container, "envFrom"):
        if isinstance(plain, dict):
            named = fields.mapping(plain, "configMapRef")
            if fields.text(named, "name") != API_SERVER_CONFIG:
                source = _config_map(cluster, resource, named)
                yield source if source and source.whole else None, fields.text(plain, "prefix") or ""


def configs(cluster: Cluster) -> list[Resource]:
    """The ConfigMaps of the installation by manifest (manifests/calico.yaml): one in a whole cluster."""
    return [one for one in cluster.kubernetes("ConfigMap", "v1") if one.name == CONFIG]


def _config_map(cluster: Cluster, resource: Resource, named: dict[str, Any]) -> Resource | None:
    """The ConfigMap of a reference; None where none is among the manifests, or several are."""
    found = _config_maps(cluster).get((resource.home, fields.text(named, "name") or ""), ())
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=8)
def _config_maps(cluster: Cluster) -> Mapping[tuple[str, str], list[Resource]]:
    found: dict[tuple[str, str], list[Resource]] = {}
    for one in cluster.kubernetes("ConfigMap", "v1"):
        if one.name:
            found.setdefault((one.home, one.name), []).append(one)
    return found


def containers(cluster: Cluster) -> Iterator[tuple[Resource, Path, dict[str, Any]]]:
    """The containers of the DaemonSets of calico-node, with their places."""
    for resource in daemon_sets(cluster):
        pod = fields.mapping(fields.mapping(resource.spec, "template"), "spec")
        for number, container in fields.items(pod, "containers"):
            if isinstance(container, dict):
                yield resource, ("spec", "template", "spec", "containers", number), container


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
