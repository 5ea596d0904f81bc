"""Services that rules of policies match by name, and that are called otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach, nobody
from callint.finding import Path, Related
from callint.objects import Cluster, Resource
from callint.source import placeholder
from callint.suggest import Words, distance, letters

_SHORTEST = 5
"""Letters of a word of which another letter makes a slip, and not another word."""
_API_SERVER, _API_SERVER_HOME = "kubernetes", "default"


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Names in `services` of rules that no Service of the namespace bears, where one is a letter away.

    The Service of the API server is in namespace `default` of every cluster (pkg/controlplane in Kubernetes).
    """
    known: _Known | None = None
    for policy in cluster.policies if not cluster.incomplete else ():
        resource = policy.resource
        if policy.staged or not resource.whole:
            continue
        for side in policy.sides():
            said = side.services
            if said is None or not said.namespace:
                continue
            known = known or _Known(cluster)
            there = known.of(said.namespace)
            if said.name in there.names or placeholder(said.namespace) is not None:
                continue
            meant = there.meant(said.name)
            named = f'a rule of {resource.kind} "{resource.name}" names Service "{said.namespace}/{said.name}", which'
            proof = nobody(f"Service/{said.namespace}/{said.name}", there.written)
            path: Path = (*side.path, "services")
            if meant is not None:
                yield Breach.at(
                    resource,
                    (*path, "name"),
                    f'{named} does not exist, so that it matches nothing; did you mean "{meant.name}"',
                    (Related(meant.span("metadata", "name"), "the nearest name"),),
                    proof,
                )
            elif said.name == _API_SERVER and said.namespace != _API_SERVER_HOME and not known.variable:
                yield Breach.at(
                    resource,
                    (*path, "namespace"),
                    f"{named} does not exist, so that it matches nothing: the API server's is in namespace "
                    f'"{_API_SERVER_HOME}"',
                    (),
                    proof,
                    f"`namespace: {_API_SERVER_HOME}`",
                )


class _Known:
    """The Services of each namespace; none where a variable may stand for any of them."""

    def __init__(self, cluster: Cluster) -> None:
        written: dict[str, dict[str, Resource]] = {}
        others: dict[str, set[str]] = {}
        services = cluster.kubernetes("Service", "v1")
        self.variable = any(placeholder(text) is not None for one in services for text in (one.name, one.namespace))
        for one in () if self.variable else services:
            written.setdefault(one.namespace or "", {})[one.name] = one
        for one in cluster.kubernetes("Endpoints", "v1"):
            others.setdefault(one.namespace or "", set()).add(one.name)
        for some in cluster.endpoint_slices:
            others.setdefault(some.namespace, set()).add(some.service)
        unplaced = others.pop("", set()) | written.pop("", {}).keys()
        self._unwritten = _Services({}, unplaced)
        self._of = {
            namespace: _Services(written.get(namespace, {}), others.get(namespace, set()) | unplaced)
            for namespace in written.keys() | others.keys()
        }

    def of(self, namespace: str) -> _Services:
        """Those of a namespace."""
        return self._of.get(namespace, self._unwritten)


class _Services:
    """The Services of a namespace; some may be known by their endpoints alone."""

    def __init__(self, written: dict[str, Resource], others: set[str]) -> None:
        self._written = written
        self._near = Words(written).slip
        self.names = written.keys() | others
        self.written = sorted(written)

    def meant(self, name: str) -> Resource | None:
        """The one that a name surely means, which no other has."""
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
