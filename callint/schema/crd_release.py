"""The release of Calico from which the CRDs of a cluster come."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from callint.calico import Release, Road
from callint.calico.kinds import V1, V3
from callint.schema import catalogue
from callint.schema.from_crds import Crds
from callint.schema.history import Schema, at, form, releases

Field = tuple[str, ...]


@lru_cache(maxsize=1)
def release_of_crds(crds: Crds) -> Release | None:
    """The release whose fields are nearest to those of Calico's kinds in the CRDs; None where there are none.

    Patch releases add fields, so no release need have just these. Of several that are equally near it is the newest:
    they do not differ in the kinds that are given.
    """
    known = {key: history for key in crds.schemas if key[0] in (V1, V3) and (history := catalogue.find(*key))}
    if not known:
        return None
    theirs = {key: frozenset(_fields(crds.schemas[key])) for key in known}

    def distance(release: Release) -> int:
        return sum(len(theirs[key] ^ _ours(history, key[0], release)) for key, history in known.items())

    *released, unreleased = releases()
    return min([*reversed(released), unreleased], key=distance)


def _ours(history: Schema, api_version: str, release: Release) -> frozenset[Field]:
    road: Road = "crd" if api_version == V1 else "native"
    return frozenset() if form(history, release, road) is None else frozenset(_fields(at(history, release, road)))


def _fields(schema: Schema) -> Iterator[Field]:
    """The paths of all fields of `spec`; what lies behind a `$ref` is left out."""
    todo: list[tuple[Field, Schema]] = [((), schema.get("properties", {}).get("spec", {}))]
    while todo:
        path, node = todo.pop()
        for name, child in node.get("properties", {}).items():
            yield (*path, name)
            todo.append(((*path, name), child))
        inner = (node.get("items"), node.get("additionalProperties"))
        todo += [(path, child) for child in inner if isinstance(child, dict)]
