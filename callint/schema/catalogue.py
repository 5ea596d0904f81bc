"""Which schema file describes which kind, and reading it when it is first needed."""

from __future__ import annotations

import json
import os
from functools import lru_cache

from callint.calico.kinds import CALICO_GROUPS, CANONICAL, NETWORKING, V1, V3, group_of
from callint.schema.history import APIS, Schema
from callint.shipped import directory
from callint.suggest import nearest

_TEMPLATED = ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")
KUBERNETES: dict[tuple[str, str], str] = {
    ("v1", "ConfigMap"): "ConfigMap",
    ("v1", "Namespace"): "Namespace",
    ("v1", "Node"): "Node",
    ("v1", "Pod"): "Pod",
    ("v1", "Service"): "Service",
    ("v1", "ServiceAccount"): "ServiceAccount",
    ("v1", "ReplicationController"): "PodTemplate",
    **{("apps/v1", kind): "PodTemplate" for kind in _TEMPLATED},
    ("batch/v1", "Job"): "PodTemplate",
    ("batch/v1", "CronJob"): "CronJob",
    ("discovery.k8s.io/v1", "EndpointSlice"): "EndpointSlice",
    (NETWORKING, "NetworkPolicy"): "NetworkPolicy",
    ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"): "AdminNetworkPolicy",
    ("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy"): "BaselineAdminNetworkPolicy",
    ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"): "ClusterNetworkPolicy",
    ("operator.tigera.io/v1", "Installation"): "Installation",
}
"""The kinds of other groups that the network model reads, and their files in `schemas/kubernetes/`."""

OWN = ("baseline", "callint", "facts", "report", "routes", "rule", "trace")
"""The schemas of what callint reads and writes beside manifests; `callint` is that of callint.yaml."""


@lru_cache(maxsize=1)
def calico_kinds() -> frozenset[str]:
    """The kinds that have a file of their own, by the name that projectcalico.org/v3 gives them.

    Files that begin with a small letter describe callint's own formats.
    """
    names = os.listdir(directory("schemas"))
    return frozenset(name[:-5] for name in names if name.endswith(".json") and name[0].isupper())


def meant_kind(kind: str) -> str | None:
    """The kind of Calico or Kubernetes that was probably meant by one that callint does not know; None if it does.

    With a word before it, it is a kind of somebody else: MetalLB's BFDProfile, NetNamespace of OpenShift.
    """
    near = nearest(kind, sorted(calico_kinds().union(known for _, known in KUBERNETES)))
    return None if near is None or kind.endswith(near) else near


def read_own(name: str) -> str:
    """The text of one of OWN."""
    with open(os.path.join(directory("schemas"), f"{name}.json"), encoding="utf-8") as stream:
        return stream.read()


@lru_cache(maxsize=128)
def read(name: str) -> Schema:
    """One schema file, by its path below `schemas/` without `.json`."""
    with open(os.path.join(directory("schemas"), *name.split("/")) + ".json", encoding="utf-8") as stream:
        schema: Schema = json.load(stream)
    reference = schema.get("properties", {}).get("metadata", {}).get("$ref")
    if reference is not None:
        metadata = read("kubernetes/" + reference.rpartition("/")[2].removesuffix(".json"))
        schema["properties"]["metadata"] = {key: value for key, value in metadata.items() if not key.startswith("$")}
    return schema


def find(api_version: str, kind: str) -> Schema | None:
    """The schema of a kind in exactly that API; None when callint knows no such kind."""
    if group_of(api_version) in CALICO_GROUPS:
        name = CANONICAL.get(kind, kind)
        if name not in calico_kinds():
            return None
    elif (api_version, kind) in KUBERNETES:
        name = f"kubernetes/{KUBERNETES[api_version, kind]}"
    else:
        return None
    schema = read(name)
    return schema if kind in schema[APIS].get(api_version, ()) else None


@lru_cache(maxsize=8)
def kinds_of(api_version: str) -> tuple[str, ...]:
    """The kinds of one of Calico's two APIs."""
    if api_version not in (V1, V3):
        return ()
    found = (read(name)[APIS].get(api_version, ()) for name in calico_kinds())
    return tuple(sorted(kind for kinds in found for kind in kinds))
