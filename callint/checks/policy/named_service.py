"""Services that rules of policies match by name, and that are called otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach, nobody
from callint.finding import Related
from callint.objects import Cluster, Resource
from callint.objects.service import endpoint_slice
from callint.schema.suggest import Words, distance, letters
from callint.source import placeholder

_SHORTEST = 5
"""Letters of a word of which another letter makes a slip, and not another word."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Names in `services` of rules that no Service of the namespace bears, where one is a letter away."""
    known: dict[str, _Services] | None = None
    for policy in cluster.policies if not cluster.incomplete else ():
        resource = policy.resource
        if policy.staged or not resource.whole:
            continue
        for side in policy.sides():
            said = side.services
            if said is None or not said.namespace:
                continue
            known = _by_namespace(cluster) if known is None else known
            meant = known[said.namespace].meant(said.name) if said.namespace in known else None
            if meant is None:
                continue
            yield Breach.at(
                resource,
                (*side.path, "services", "name"),
                f'a rule of {resource.kind} "{resource.name}" names Service "{said.namespace}/{said.name}", which '
                f'does not exist, so that it matches nothing; did you mean "{meant.name}"',
                (Related(meant.span("metadata", "name"), "the nearest name"),),
                nobody(f"Service/{said.namespace}/{said.name}", known[said.namespace].names),
            )


class _Services:
    """The Services of a namespace; some may be known by their endpoints alone."""

    def __init__(self, written: dict[str, Resource], others: set[str]) -> None:
        self._written = written
        self._others = others
        self._near = Words(written).slip
        self.names = sorted(written)

    def meant(self, name: str) -> Resource | None:
        """The one that a name surely means, which no other has."""
        if name in self._written or name in self._others:
            return None
        near = self._near(name)
        return self._written[near] if near is not None and _slip(name, near) else None


def _slip(name: str, meant: str) -> bool:
    """Whether a letter of a long word was mistyped; of two in singular and plural, or two numbers, both are meant."""
    if distance(name, meant, 1) != 1:
        return False
    words, others = name.split("-"), meant.split("-")
    pairs = [(one, two) for one, two in zip(words, others, strict=False) if one != two]
    if len(words) != len(others) or len(pairs) != 1:
        return False
    ((one, two),) = pairs
    plural = one.rstrip("s") == two.rstrip("s")
    return min(len(one), len(two)) >= _SHORTEST and not plural and letters(one) != letters(two)


def _by_namespace(cluster: Cluster) -> dict[str, _Services]:
    """The Services of each namespace; none where a variable may stand for any of them."""
    written: dict[str, dict[str, Resource]] = {}
    for one in cluster.kubernetes("Service", "v1"):
        if any(placeholder(text) is not None for text in (one.name, one.namespace or "")):
            return {}
        written.setdefault(one.namespace or "", {})[one.name] = one
    others: dict[str, set[str]] = {}
    for one in cluster.kubernetes("Endpoints", "v1"):
        others.setdefault(one.namespace or "", set()).add(one.name)
    for slice_ in map(endpoint_slice, cluster.kubernetes("EndpointSlice", "discovery.k8s.io/v1")):
        others.setdefault(slice_.namespace, set()).add(slice_.service)
    unplaced = others.get("", set()) | written.get("", {}).keys()
    return {
        namespace: _Services(services, others.get(namespace, set()) | unplaced)
        for namespace, services in written.items()
        if namespace
    }
