"""Pods that something makes of a template, as far as the template tells."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, reduce
from typing import Any

from callint.calico.defaults import NAMESPACE_LABEL, ORCHESTRATOR_LABEL
from callint.finding import Path
from callint.objects import Cluster, Resource, fields
from callint.objects.endpoint import EndpointPort
from callint.objects.workload import container_ports
from callint.policy import model_of
from callint.policy.labels import ADDED, Labels
from callint.policy.selectable import Selectable
from callint.record import NamedTuple

_PLACES: dict[str, tuple[str, ...]] = {
    "Deployment": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
_VERSIONS = ("apps/v1", "batch/v1")


class PodTemplate(NamedTuple):
    """The object, the labels of its pods and their named ports; on the network of their host, they are no endpoints."""

    resource: Resource
    labels: Labels
    ports: tuple[EndpointPort, ...]
    host_network: bool


def templates(cluster: Cluster) -> Iterator[tuple[Resource, Path, dict[str, Any]]]:
    """The templates of all kinds as they are written, each with the object and the place that it stands in."""
    for kind, path in _PLACES.items():
        for resource in cluster.kubernetes(kind, *_VERSIONS):
            yield resource, path, reduce(fields.mapping, path, resource.plain)


def written_pods(cluster: Cluster) -> Iterator[tuple[Resource, dict[str, Any]]]:
    """Pods and what they are made of, as they are written: metadata and spec, each with the object it stands in."""
    yield from ((resource, resource.plain) for resource in cluster.kubernetes("Pod", "v1"))
    yield from ((resource, template) for resource, _, template in templates(cluster))


def pod_templates(cluster: Cluster) -> Iterator[PodTemplate]:
    """The templates of all kinds; none says where, as whom and with which inherited labels its pods will run."""
    for resource, _, template in templates(cluster):
        own = fields.labels(fields.mapping(template, "metadata"))
        spec = fields.mapping(template, "spec")
        on_host = fields.flag(spec, "hostNetwork") or False
        known = own if on_host else {**own, ORCHESTRATOR_LABEL: "k8s"}
        yield PodTemplate(resource, Labels(known, ADDED, frozenset((NAMESPACE_LABEL,))), container_ports(spec), on_host)


def all_pods(cluster: Cluster) -> Iterator[tuple[Labels, Resource]]:
    """The pods that are endpoints, those that something makes of templates included, with their labels."""
    yield from ((one.labels, one.about.resource) for one in model_of(cluster).inventory.workloads)
    yield from ((one.labels, one.resource) for one in pod_templates(cluster) if not one.host_network)


@lru_cache(maxsize=2)
def known_pods(cluster: Cluster) -> Selectable[Resource]:
    """The same, to be found by selectors."""
    return Selectable(all_pods(cluster))
