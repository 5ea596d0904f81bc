"""The same stored object defined twice in one cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach
from callint.finding import Related, witness
from callint.objects import Cluster, Resource
from callint.source import placeholder


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Later definitions of an object in the same folder; those in two folders may be two clusters, which is not known.

    Both API groups of Calico store the same object. Names that still hold a placeholder are no names yet.
    """
    folders: dict[tuple[str, str], list[tuple[Resource, Resource]]] = {}
    for later, first in cluster.duplicates:
        if placeholder(later.name) is not None:
            continue
        here, there = _folder(later), _folder(first)
        if here == there:
            yield _breach(later, first)
        else:
            folders.setdefault((here, there), []).append((later, first))
    for (here, there), pairs in folders.items():
        yield _undecided(here, there, pairs)


def _folder(resource: Resource) -> str:
    return resource.document.file.rpartition("/")[0] or "."


def _breach(later: Resource, first: Resource) -> Breach:
    span = first.span("metadata", "name")
    return Breach(
        f'{later.kind} "{later.name}" is defined again, the first definition is in {span.file}:{span.line}',
        later.span("metadata", "name"),
        later.ref,
        ("metadata", "name"),
        (Related(span, "first defined here"),),
        witness("reference", reference=str(later.ref), defined_in=f"{span.file}:{span.line}"),
    )


def _undecided(here: str, there: str, pairs: list[tuple[Resource, Resource]]) -> Breach:
    later, first = pairs[0]
    span = first.span("metadata", "name")
    more = f" and {len(pairs) - 1} more" if len(pairs) > 1 else ""
    return Breach(
        f'{later.kind} "{later.name}"{more} is defined in "{there}" and again in "{here}": whether these folders are '
        "one cluster is not known",
        later.span("metadata", "name"),
        later.ref,
        ("metadata", "name"),
        (Related(span, "first defined here"),),
        witness("reference", reference=str(later.ref), defined_in=f"{span.file}:{span.line}"),
        help="name the clusters and their folders under `clusters` in callint.yaml",
        undecided=True,
    )
