"""References from one object to another by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from callint.checks.breach import Breach, CheckError, nobody, switched
from callint.finding import Path, Related, Span, quoted
from callint.objects import Cluster, Resource, fields
from callint.schema.catalogue import KUBERNETES, calico_kinds, meant_kind, read
from callint.source import placeholder
from callint.suggest import Words, nearest

PARAMETERS = ("kind", "field", "to", "unless_unknown")


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Names in `field` of each `kind` that no object of kind `to` bears.

    Parameters: `kind`, `field` (dotted, a list or a scalar), `to`; with `unless_unknown` true nothing is said while the
    cluster holds no object of kind `to` at all. A kind such as Node is both that of Calico and that of Kubernetes.
    """
    kind, field, target = (_text(parameters, name) for name in ("kind", "field", "to"))
    asked, known = _of(cluster, kind), {resource.name: resource for resource in _of(cluster, target)}
    for name, one, found in (("kind", kind, asked), ("to", target, known)):
        if not found and (meant := meant_kind(one)):
            raise CheckError(f'nothing is of the kind "{one}", did you mean "{meant}"', name)
    path = tuple(field.split("."))
    named = [(resource, several) for resource in asked if (several := list(_names(resource, path)))]
    if asked and not named and _calicos(kind):
        _misspelt(kind, path)
    if switched(parameters, "unless_unknown") and not known:
        return
    if any(placeholder(name) is not None for name in known):  # it may be the one that is named
        return
    names = _Names(target, known)
    for resource, several in named:
        for place, name in several:
            if name not in known:
                yield _missing(cluster, resource, place, name, target, names)


def _of(cluster: Cluster, kind: str) -> Sequence[Resource]:
    """The objects of a kind: of one that Calico alone has, its own; MetalLB has BGPPeers, too."""
    if _calicos(kind):
        return cluster.of(kind)
    return [resource for resource in cluster.all if resource.kind == kind]


def _calicos(kind: str) -> bool:
    return kind in calico_kinds() and not any(kind == known for _, known in KUBERNETES)


def _misspelt(kind: str, path: tuple[str, ...]) -> None:
    """Raise CheckError for a field that no release has, but nearly: a rule about it would never find anything."""
    schema: Any = read(kind)
    for step in path:
        known = schema.get("properties", {})
        if step not in known:
            if meant := nearest(step, known):
                raise CheckError(f'{kind} has no field "{step}" in "{".".join(path)}", did you mean "{meant}"', "field")
            return
        schema = known[step]


class _Names:
    """The objects of a kind that there are by name, in order and in words, and what is near to their names."""

    def __init__(self, kind: str, named: Mapping[str, Resource]) -> None:
        self.named = named
        self.known = tuple(sorted(named))
        self.nearest = Words(self.known).nearest
        self.listed = listed(kind, self.known)


def _text(parameters: Mapping[str, Any], name: str) -> str:
    value = parameters.get(name)
    if not isinstance(value, str) or not value:
        raise CheckError(f'the parameter "{name}" is needed, as text', name)
    return value


def _names(resource: Resource, field: Path) -> Iterator[tuple[Path, str]]:
    if resource.unreadable(*field):
        return
    value = fields.at(resource.plain, field)
    if isinstance(value, str) and value:
        yield field, value
    elif isinstance(value, list):
        yield from (((*field, index), item) for index, item in enumerate(value) if isinstance(item, str) and item)


def _missing(cluster: Cluster, resource: Resource, path: Path, name: str, target: str, names: _Names) -> Breach:
    proof = nobody(f"{target}/{name}", names.known)
    seeming = _seeming(cluster).get(name, {})
    place = next((place for kinds, place in seeming.items() if target in kinds), None)
    if place is not None:
        return Breach.at(
            resource,
            path,
            f'{resource.kind} "{resource.name}" names {target} "{name}", which no readable document defines; '
            f"one in {place.file}:{place.line} looks as if it did but could not be read",
            (Related(place, f'looks like {target} "{name}", but the document cannot be read'),),
            proof,
            help="mend the document that could not be read",
        )
    near = names.nearest(name)
    hint = f'did you mean "{near}"' if near else names.listed
    missing = "which does not exist" if names.known else "which no manifest defines"
    return Breach.at(
        resource,
        path,
        f'{resource.kind} "{resource.name}" names {target} "{name}", {missing}, {hint}',
        (Related(names.named[near].span("metadata", "name"), "the nearest name"),) if near else (),
        proof,
    )


@lru_cache(maxsize=2)
def _seeming(cluster: Cluster) -> dict[str, dict[frozenset[str], Span]]:
    """What documents that cannot be read seem to define, by lines of their text: of each name the kinds and a place."""
    found: dict[str, dict[frozenset[str], Span]] = {}
    for document in cluster.incomplete:
        text = document.text
        kinds = frozenset(re.findall(_LINE_OF_KIND, text))
        for line in re.finditer(_LINE_OF_NAME, text) if kinds else ():
            place = document.source.span(document.start + line.start(1), document.start + line.end(1))
            found.setdefault(line[1], {}).setdefault(kinds, place)
    return found


_LINE_OF_KIND = r"(?m)^[ \t]*[\"']?kind[\"']?[ \t]*:[ \t]*[\"']?(\w+)"
_LINE_OF_NAME = r"(?m)^[ \t]*[\"']?name[\"']?[ \t]*:[ \t]*[\"']?([^\s\"'#]+)[\"']?[ \t]*(?:#.*)?\r?$"


def listed(kind: str, names: Sequence[str]) -> str:
    """The objects of a kind that are known, in words: of many the first."""
    if not names:
        return f"no {kind} is known"
    return f"the {kind}s known are {quoted(names, 5)}" if names[1:] else f'the only {kind} known is "{names[0]}"'
