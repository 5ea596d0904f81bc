"""What is said of a node under a name that the manifests do not know, or of an interface that it has not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from callint.checks.breach import Breach, Question, all_names, asked
from callint.checks.vocabulary import NodeNames
from callint.finding import Related, Span, witness
from callint.objects import Cluster, Resource
from callint.policy.links import listed, not_listed
from callint.suggest import Words, did_you_mean

_Mention = tuple[Resource, tuple[str, str]]
"""Where an object names a node."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Nodes that no Node and no HostEndpoint names, where another has nearly the name.

    Parameter `problem`: `facts` (of such a node, where the other has none), `services` (that the configuration asks of
    it, or at an interface that its facts do not list).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _facts(cluster: Cluster) -> Iterator[Breach]:
    if not cluster.facts:
        return
    named = _named(cluster)
    lacking = NodeNames([name for name in named if name not in cluster.facts])
    for name, facts in cluster.facts.items():
        meant = None if name in named else lacking.meant(name)
        if meant is not None:
            yield _breach(f'these are facts of node "{name}", {_NOBODY}', facts.span, name, meant, named[meant])


def _services(cluster: Cluster) -> Iterator[Breach]:
    if not cluster.intent.places:
        return
    named = _named(cluster)
    names, nearest = NodeNames(named), cache(lambda node: Words(listed(cluster, node)).nearest)
    for (node, *rest), place in cluster.intent.places.items():
        words = f'the configuration asks for services of node "{node}"'
        if not rest:
            meant = None if node in named or node in cluster.facts else names.meant(node)
            if meant is not None:
                yield _breach(f"{words}, {_NOBODY}", place, node, meant, named[meant])
        elif rest[0] != "*" and not_listed(cluster, node, rest[0]):
            meant = did_you_mean(nearest(node)(rest[0]))
            yield Breach(
                f'{words} at "{rest[0]}", which is none of the interfaces that its facts list{meant}',
                place,
                related=(Related(cluster.facts[node].span, "the facts of the node"),),
                witness=witness("interface", node=node, interface=rest[0], **all_names(tuple(listed(cluster, node)))),
            )


QUESTIONS: dict[str, Question] = {"facts": _facts, "services": _services}
_NOBODY = "which neither a Node nor a HostEndpoint names"


def _breach(words: str, place: Span, name: str, meant: str, there: _Mention) -> Breach:
    resource, path = there
    return Breach(
        f'{words}, did you mean "{meant}"',
        place,
        related=(Related(resource.span(*path), "the nearest name"),),
        witness=witness("reference", reference=f"Node/{name}", known=(meant,)),
    )


def _named(cluster: Cluster) -> dict[str, _Mention]:
    """The nodes of the manifests, and where each is named first."""
    nodes = cluster.described_nodes
    found: dict[str, _Mention] = {node.name: (node.resources[0], ("metadata", "name")) for node in nodes}
    for one in cluster.host_endpoints:
        if one.node:
            found.setdefault(one.node, (one.resource, ("spec", "node")))
    return found
