"""Pods that something makes of a template, as far as the template tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from callint.calico.defaults import NAMESPACE_LABEL
from callint.finding import Path
from callint.objects import Cluster, Resource, fields
from callint.objects.endpoint import EndpointPort
from callint.objects.workload import container_ports
from callint.policy.labels import Labels
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
INHERITED = (NAMESPACE_LABEL, "pcns.", "pcsa.", "projectcalico.org/")
"""What labels of pods begin with that no template tells."""


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
            template: Any = resource.plain
            for step in path:
                template = fields.mapping(template, step)
            yield resource, path, template


def pod_templates(cluster: Cluster) -> Iterator[PodTemplate]:
    """The templates of all kinds; none says where, as whom and with which inherited labels its pods will run."""
    for resource, _, template in templates(cluster):
        own = fields.labels(fields.mapping(template, "metadata"))
        spec = fields.mapping(template, "spec")
        yield PodTemplate(
            resource,
            Labels(own, INHERITED, frozenset((NAMESPACE_LABEL,))),
            container_ports(spec),
            fields.flag(spec, "hostNetwork") or False,
        )


def declared_ports(spec: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    """The ports that the containers of a pod declare: protocol in lower case, name if there is one, and number."""
    for kind in ("containers", "initContainers"):
        for _, container in fields.items(spec, kind):
            for _, port in fields.items(container, "ports") if isinstance(container, dict) else ():
                number = fields.integer(port, "containerPort") if isinstance(port, dict) else None
                if number:
                    protocol = (fields.text(port, "protocol") or "TCP").lower()
                    yield protocol, fields.text(port, "name") or "", number
