"""The same stored object defined twice in one cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach
from callint.finding import Related, witness
from callint.objects import Cluster


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Each later definition of an object; both API groups of Calico store the same object."""
    for later, first in cluster.duplicates:
        span = first.span("metadata", "name")
        yield Breach(
            f'{later.kind} "{later.name}" is defined again, the first definition is in {span.file}:{span.line}',
            later.span("metadata", "name"),
            later.ref,
            ("metadata", "name"),
            (Related(span, "first defined here"),),
            witness("reference", reference=str(later.ref), defined_in=f"{span.file}:{span.line}"),
        )
