"""Facts that nobody uses, because the manifests call their node otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from callint.checks.breach import Breach
from callint.finding import Related, Span, witness
from callint.objects import Cluster
from callint.schema.suggest import Words


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Facts of a node that no Node and no HostEndpoint names, where one without facts has nearly its name."""
    named = _named(cluster)
    lacking = {name: place for name, place in named.items() if name not in cluster.facts}
    hosts = {_host(name): name for name in lacking}
    words = Words(lacking)
    for name, facts in cluster.facts.items():
        if name in named:
            continue
        meant = hosts.get(_host(name)) or words.nearest(name)
        if meant is not None and (_host(meant) == _host(name) or _is_slip(name, meant)):
            nobody = "which neither a Node nor a HostEndpoint names"
            yield Breach(
                f'these are facts of node "{name}", {nobody}, did you mean "{meant}"',
                facts.span,
                related=(Related(lacking[meant], "this node has no facts"),),
                witness=witness("reference", reference=f"facts/{name}", known=(meant,)),
            )


def _named(cluster: Cluster) -> dict[str, Span]:
    """The nodes of the manifests, and where each is named first."""
    nodes = (
        (node.name, node.resources[0].span("metadata", "name")) for node in cluster.nodes.values() if node.resources
    )
    endpoints = ((one.node, one.resource.span("spec", "node")) for one in cluster.host_endpoints if one.node)
    found: dict[str, Span] = {}
    for name, place in chain(nodes, endpoints):
        found.setdefault(name, place)
    return found


def _host(name: str) -> str:
    """A machine may be called by its name alone or with its domain."""
    return name.partition(".")[0]


def _is_slip(name: str, meant: str) -> bool:
    """Letters that changed places, or one too many or too few; `edge-a` is no slip for `edge-b`."""
    if len(name) == len(meant):
        return sorted(name) == sorted(meant) and _letters(name) != _letters(meant)
    short, long = sorted((name, meant), key=len)
    return any(long[:at] + long[at + 1 :] == short and long[at].isalpha() for at in range(len(long)))


def _letters(name: str) -> str:
    return "".join(letter for letter in name if not letter.isdigit())
