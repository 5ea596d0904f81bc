"""One schema file holds every release: read the form that one release has on one road.

The keywords (`docs/schemas.md`): plain JSON Schema keywords are those of the newest release. `x-callint-since` and
`x-callint-until` bound the life of a field; `x-callint-variants` lists where its constraints differ: each variant has
`since`, `until`, `roads` (all optional, inclusive) and the keywords to put in place, null to take one away.
`x-callint-patches` names the patch releases that brought a field to minors which had begun without it.
"""

from __future__ import annotations

from typing import Any

from callint.calico import OLDEST, UNRELEASED, Exact, Release, Road
from callint.finding import Path, Step

Schema = dict[str, Any]

SINCE = "x-callint-since"
UNTIL = "x-callint-until"
VARIANTS = "x-callint-variants"
PATCHES = "x-callint-patches"
USE = "x-callint-use"
DEPRECATED = "x-callint-deprecated"
APIS = "x-callint-apis"
POINTER = "x-callint-pointer"

_TELLING = frozenset({SINCE, UNTIL, VARIANTS, DEPRECATED, "properties", "items", "additionalProperties", "$ref"})
_HISTORY = frozenset({SINCE, UNTIL, VARIANTS, PATCHES, DEPRECATED})


def release_of(text: str) -> Release:
    """Read the `3.29` of a mark."""
    major, _, minor = text.partition(".")
    return int(major), int(minor)


def first_patch(node: Schema, release: Exact) -> int:
    """The patch that brought a field, or the need for another, to the minor of a release; 0 if it began with that."""
    patches = node.get(PATCHES)
    return patches.get("{}.{}".format(*release), 0) if patches else 0


def _comes_later(node: Schema, release: Exact) -> bool:
    """Whether a later patch of the release's minor brings what the minor has."""
    return len(release) == 3 and release[2] < first_patch(node, release)


def _covers(span: Schema, since: str, until: str, release: Release) -> bool:
    return not (
        (since in span and release < release_of(span[since])) or (until in span and release > release_of(span[until]))
    )


def form(node: Schema, release: Exact, road: Road) -> Schema | None:
    """The keywords of one node, its children as they stand; None when it does not exist there."""
    minor = release[:2]
    variants = node.get(VARIANTS)
    if variants:
        node = dict(node)
        for variant in variants:
            if _covers(variant, "since", "until", minor) and road in variant.get("roads", (road,)):
                node.update(variant)
        node = {
            key: value for key, value in node.items() if value is not None and key not in ("since", "until", "roads")
        }
    there = _covers(node, SINCE, UNTIL, minor) and (DEPRECATED in node or not _comes_later(node, release))
    return node if there else None


def at(root: Schema, release: Exact, road: Road) -> Schema:
    """A plain JSON Schema (2020-12) for one release and road; raises LookupError if it has no such kind."""
    shared = {name: _at(child, release, road, ()) for name, child in root.get("$defs", {}).items()}
    gone = tuple(f"#/$defs/{name}" for name, child in shared.items() if child is None)
    plain = _at({key: value for key, value in root.items() if key != "$defs"}, release, road, gone)
    if plain is None:
        raise LookupError("there is no such kind in that release")
    if shared:
        plain["$defs"] = {
            name: _at(child, release, road, gone) for name, child in root["$defs"].items() if shared[name] is not None
        }
    return plain


def _at(node: Schema, release: Exact, road: Road, gone: tuple[str, ...]) -> Schema | None:
    if node.keys().isdisjoint(_TELLING):
        return node
    current = form(node, release, road)
    if current is None or current.get("$ref") in gone:
        return None
    plain: Schema = {}
    for key, value in current.items():
        if key == "properties":
            children = {name: _at(child, release, road, gone) for name, child in value.items()}
            plain[key] = {name: child for name, child in children.items() if child is not None}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            plain[key] = _at(value, release, road, gone) or {}
        elif key not in _HISTORY:
            plain[key] = value
    mark = node.get(DEPRECATED)
    if mark is not None and release >= release_of(mark) and not _comes_later(node, release):
        plain["deprecated"] = True
    return plain


def releases() -> list[Release]:
    """Every release that the schemas know, oldest first."""
    return [(OLDEST[0], minor) for minor in range(OLDEST[1], UNRELEASED[1] + 1)]


def resolve(root: Schema, node: Schema) -> Schema:
    """Follow a local `$ref` (`#/$defs/name`)."""
    while "$ref" in node:
        node = root["$defs"][node["$ref"].rpartition("/")[2]]
    return node


def child(root: Schema, node: Schema, step: Step) -> Schema | None:
    """The node that describes what stands at one step inside a value, whatever its release; None outside the schema."""
    properties = node.get("properties", {})
    found = properties.get(step) if isinstance(step, str) else None
    if found is None:
        found = node.get("additionalProperties" if isinstance(step, str) else "items")
    return resolve(root, found) if isinstance(found, dict) else None


def node_at(root: Schema, path: Path) -> Schema | None:
    """The node that describes the value at `path`, whatever its release; None outside the schema."""
    node: Schema | None = resolve(root, root)
    for step in path:
        node = child(root, node, step) if node is not None else None
    return node
