"""Annotations that are nearly ones that Calico reads, and that nobody does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach, object_words
from callint.checks.pod_template import templates
from callint.checks.pools.request import ANNOTATIONS, BALANCED, BALANCER_ADDRESSES, FIXED, METADATA, annotations_of
from callint.finding import Path, witness
from callint.objects import Cluster, Resource
from callint.suggest import Words

_PREFIXES = ("cni.projectcalico.org", "projectcalico.org")
_OF_NODES = ("ASNumber", "IPv4Address", "IPv6Address", "RouteReflectorClusterID")
"""Of those that Calico reads of a Node the ones that people write (libcalico-go/lib/backend/k8s/resources/node.go)."""


class _Known:
    """The annotations that Calico reads of one kind of object, by the part of their names behind the prefix."""

    def __init__(self, *keys: str) -> None:
        self._keys = {key.partition("/")[2]: key for key in keys}
        self._words = Words(self._keys)

    def meant(self, key: str) -> str | None:
        """The one that another of Calico's prefixes, or a slip, makes of it; None for it itself and for all else."""
        prefix, _, name = key.partition("/")
        near = self._words.slip(name) if prefix in _PREFIXES else None
        meant = self._keys[near] if near is not None else None
        return None if meant == key else meant


_NAMESPACE = _Known(*ANNOTATIONS.values())
_POD = _Known(*ANNOTATIONS.values(), FIXED)
_SERVICE = _Known(*BALANCED.values(), BALANCER_ADDRESSES)
_NODE = _Known(*(f"projectcalico.org/{name}" for name in _OF_NODES))


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Annotations of pods, templates, namespaces, Services and Nodes of which a slip or a prefix makes others."""
    kinds = (("Pod", _POD), ("Namespace", _NAMESPACE), ("Service", _SERVICE), ("Node", _NODE))
    for kind, known in kinds:
        for resource in cluster.kubernetes(kind, "v1"):
            yield from _breaches(resource, METADATA, resource.annotations, known)
    for resource, path, template in templates(cluster):
        yield from _breaches(resource, (*path, *METADATA), annotations_of(template), _POD)


def _breaches(resource: Resource, path: Path, annotations: Iterable[str], known: _Known) -> Iterator[Breach]:
    for key in annotations:
        meant = known.meant(key)
        if meant is not None and meant not in annotations:
            yield Breach.at(
                resource,
                (*path, key),
                f'nobody reads the annotation "{key}" of {object_words(resource, resource.namespace)}: it is "{meant}" '
                "that Calico reads",
                (),
                witness("reference", reference=key, known=(meant,)),
                key=True,
            )
