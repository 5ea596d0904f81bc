"""References from one object to another by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach, CheckError, nobody
from callint.finding import Path, Related, Span
from callint.objects import Cluster, Resource
from callint.schema.suggest import Words
from callint.source import Document


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Names in `field` of each `kind` that no object of kind `to` bears.

    Parameters: `kind`, `field` (dotted, a list or a scalar), `to`; with `unless_unknown` true nothing is said while the
    cluster holds no object of kind `to` at all.
    """
    kind, field, target = (_text(parameters, name) for name in ("kind", "field", "to"))
    known = {resource.name: resource for resource in cluster.of(target)}
    if not known and parameters.get("unless_unknown"):
        return
    names = _Names(known)
    for resource in cluster.of(kind):
        for path, name in _names(resource, tuple(field.split("."))):
            if name not in known:
                yield _missing(cluster, resource, path, name, target, names)


class _Names:
    """The names that there are, in order, and what is near to them."""

    def __init__(self, names: Iterable[str]) -> None:
        self.known = tuple(sorted(names))
        self.listed = _listed(self.known)
        self.nearest = Words(self.known).nearest


def _text(parameters: Mapping[str, Any], name: str) -> str:
    value = parameters.get(name)
    if not isinstance(value, str):
        raise CheckError(f'check "reference" needs the parameter "{name}", as text')
    return value


def _names(resource: Resource, field: Path) -> Iterator[tuple[Path, str]]:
    if resource.unreadable(*field):
        return
    value: Any = resource.plain
    for step in field:
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, str) and value:
        yield field, value
    elif isinstance(value, list):
        yield from (((*field, index), item) for index, item in enumerate(value) if isinstance(item, str) and item)


def _missing(cluster: Cluster, resource: Resource, path: Path, name: str, target: str, names: _Names) -> Breach:
    where = resource.span(*path)
    proof = nobody(f"{target}/{name}", names.known)
    for document in cluster.incomplete:
        place = _looks_like(document, target, name)
        if place is not None:
            return Breach(
                f'{resource.kind} "{resource.name}" names {target} "{name}", which no readable document defines; '
                f"one in {place.file}:{place.line} looks as if it did but could not be read",
                where,
                resource.ref,
                path,
                (Related(place, f'looks like {target} "{name}", but the document cannot be read'),),
                proof,
                help="mend the document that could not be read",
            )
    near = names.nearest(name)
    hint = f', did you mean "{near}"' if near else f", the {target}s known are {names.listed}"
    return Breach(
        f'{resource.kind} "{resource.name}" names {target} "{name}", which does not exist{hint}',
        where,
        resource.ref,
        path,
        _pointing_to(cluster, target, near),
        proof,
    )


def _looks_like(document: Document, kind: str, name: str) -> Span | None:
    """The line of an unreadable document that seems to define an object: its kind and its name stand in the text."""
    text = document.text
    if name not in text or not re.search(rf"^\s*[\"']?kind[\"']?\s*:\s*[\"']?{re.escape(kind)}\b", text, re.MULTILINE):
        return None
    for offset, line in enumerate(text.splitlines()):
        found = re.match(rf"\s*[\"']?name[\"']?\s*:\s*[\"']?({re.escape(name)})[\"']?\s*(#.*)?$", line)
        if found:
            number = document.first_line + offset
            return Span(document.file, number, found.start(1) + 1, number, found.end(1) + 1)
    return None


def _listed(names: tuple[str, ...]) -> str:
    if not names:
        return "none"
    shown = ", ".join(f'"{name}"' for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _pointing_to(cluster: Cluster, kind: str, name: str | None) -> tuple[Related, ...]:
    found = cluster.find(kind, name) if name else None
    return (Related(found.span("metadata", "name"), "the nearest name"),) if found else ()
