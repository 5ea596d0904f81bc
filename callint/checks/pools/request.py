"""Annotations by which pods and load balancers ask for addresses of certain IP pools."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from callint.calico import Release
from callint.checks.pod_template import templates
from callint.finding import Path
from callint.net.address import FAMILIES, Family
from callint.objects import Cluster, Resource, fields
from callint.objects.service import balanced_by_calico, balancers
from callint.objects.workload import pod
from callint.record import NamedTuple
from callint.source import placeholder

ANNOTATIONS: dict[Family, str] = {family: f"cni.projectcalico.org/ipv{family}pools" for family in FAMILIES}
FIXED = "cni.projectcalico.org/ipAddrs"
BALANCED: dict[Family, str] = {family: f"projectcalico.org/ipv{family}pools" for family in FAMILIES}
BALANCER_ADDRESSES = "projectcalico.org/loadBalancerIPs"
_BALANCES: Release = (3, 30)
METADATA: Path = ("metadata", "annotations")


class Request(NamedTuple):
    """An annotation that asks for pools of one family or, without one, for addresses; and the object that has it."""

    resource: Resource
    path: Path
    text: str
    family: Family = 4

    @property
    def wanted(self) -> list[str] | None:
        """Names or networks of pools, of which any will do, or one address of each family; None if unreadable."""
        try:
            found = json.loads(self.text)
        except (ValueError, RecursionError):
            return None
        if found is None:
            return []
        return found if isinstance(found, list) and all(isinstance(one, str) for one in found) else None


def pod_requests(cluster: Cluster) -> Iterator[Request]:
    """What pods ask for; one on the network of its host asks for nothing, and one that has its address not again."""
    for resource in cluster.kubernetes("Namespace", "v1"):
        yield from written_requests(resource, METADATA, resource.annotations)
    for resource, path, found in _of_pods(cluster):
        yield from written_requests(resource, path, found)


def fixed_requests(cluster: Cluster) -> Iterator[Request]:
    """The addresses that pods ask for by name."""
    for resource, path, found in _of_pods(cluster):
        text = _written(found, FIXED)
        if text is not None:
            yield Request(resource, (*path, FIXED), text)


def _of_pods(cluster: Cluster) -> Iterator[tuple[Resource, Path, Mapping[str, Any]]]:
    """The annotations of pods without an address and of templates, and where they stand."""
    for resource in cluster.kubernetes("Pod", "v1"):
        if not resource.annotations.keys().isdisjoint((FIXED, *ANNOTATIONS.values())):
            endpoint = pod(resource)
            if endpoint is not None and not endpoint.addresses:
                yield resource, METADATA, resource.annotations
    for resource, path, template in templates(cluster):
        found = annotations_of(template)
        if found and not fields.flag(fields.mapping(template, "spec"), "hostNetwork"):
            yield resource, (*path, *METADATA), found


def annotations_of(plain: dict[str, Any]) -> dict[str, Any]:
    """The annotations of a template."""
    return fields.mapping(fields.mapping(plain, "metadata"), "annotations")


def written_requests(
    resource: Resource, path: Path, annotations: Mapping[str, Any], keys: Mapping[Family, str] = ANNOTATIONS
) -> Iterator[Request]:
    """Those among the annotations that stand at a path of an object."""
    for family, key in keys.items():
        text = _written(annotations, key)
        if text is not None:
            yield Request(resource, (*path, key), text, family)


def _written(annotations: Mapping[str, Any], key: str) -> str | None:
    """What an annotation asks for; None where that is nothing, or only a variable."""
    text = annotations.get(key)
    return text if isinstance(text, str) and text and placeholder(text) is None else None


def balancer_requests(cluster: Cluster) -> Iterator[Request]:
    """Services that ask Calico for an address of certain pools, and neither name nor have one."""
    for service in _balanced(cluster, BALANCED.values()):
        if not service.spec.get("loadBalancerIP") and BALANCER_ADDRESSES not in service.annotations:
            yield from written_requests(service, METADATA, service.annotations, BALANCED)


def address_requests(cluster: Cluster) -> Iterator[Request]:
    """Services that ask Calico for addresses by name, and have none."""
    for service in _balanced(cluster, (BALANCER_ADDRESSES,)):
        text = _written(service.annotations, BALANCER_ADDRESSES)
        if text is not None:
            yield Request(service, (*METADATA, BALANCER_ADDRESSES), text)


def _balanced(cluster: Cluster, keys: Iterable[str]) -> Iterator[Resource]:
    """Services with any of some annotations whose load balancer is Calico's and still without an address."""
    if cluster.target.release < _BALANCES:
        return
    for service in cluster.kubernetes("Service", "v1"):
        asks = not service.annotations.keys().isdisjoint(keys)
        if asks and balanced_by_calico(service) and not balancers(service):
            yield service
