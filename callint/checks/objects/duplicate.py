"""The same stored object defined twice in one cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach
from callint.finding import Related, Span, quoted, witness
from callint.objects import Cluster, Resource
from callint.source import placeholder


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Later definitions of an object in the same folder; those in two folders may be two clusters, which is not known.

    Both API groups of Calico store the same object. Names that still hold a placeholder are no names yet.
    """
    places: dict[int, Span] = {}
    for later, first in cluster.duplicates:
        if later.folder == first.folder and placeholder(later.name) is None:
            if id(first) not in places:
                places[id(first)] = first.span("metadata", "name")
            yield _breach(later, first, places[id(first)])
    if cluster.apart:
        yield _undecided(cluster.apart)


def _breach(later: Resource, first: Resource, span: Span) -> Breach:
    also = "" if later.name == first.name else f' as "{first.name}", which up to v3.31 is one stored object with it'
    return Breach.at(
        later,
        ("metadata", "name"),
        f'{later.kind} "{later.name}" is defined again, the first definition is in {span.file}:{span.line}{also}',
        (Related(span, "first defined here"),),
        witness("reference", reference=str(later.ref), defined_in=f"{span.file}:{span.line}"),
    )


def _undecided(pairs: tuple[tuple[Resource, Resource], ...]) -> Breach:
    """One word about all folders: each is as likely a cluster, a stage or a variant of its own."""
    later, first = pairs[0]
    span = first.span("metadata", "name")
    folders = sorted({resource.folder for pair in pairs for resource in pair})
    objects = len({resource.identity for resource, _ in pairs})
    about = f'{later.kind} "{later.name}" is' if objects == 1 else f"{objects} objects are"
    return Breach.at(
        later,
        ("metadata", "name"),
        f"{about} defined in more than one of the folders {quoted(folders, 3)}: whether they are one cluster is not "
        "known",
        (Related(span, "first defined here"),),
        witness("reference", reference=str(later.ref), defined_in=f"{span.file}:{span.line}"),
        help="name the clusters and their folders under `clusters` in callint.yaml",
        undecided=True,
    )
