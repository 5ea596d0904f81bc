"""One object against the schema of its kind: problems at their own places, and what they make unreadable."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from callint.calico import Road, Target, format_release
from callint.calico.kinds import is_calico
from callint.finding import Path, Problem, Related
from callint.schema import catalogue, enterprise
from callint.schema.compile import DEPRECATED, LABEL, Checker, Fault, checker
from callint.schema.explain import Judge, Story, deprecated, explain
from callint.schema.history import Schema, at, form, release_of, releases
from callint.schema.identify import stranger

if TYPE_CHECKING:
    from callint.source import Document

Crds = Mapping[tuple[str, str], Schema]


class Examined(NamedTuple):
    """The problems of one object, and the paths (from the object's root) of values that nobody may read."""

    problems: tuple[Problem, ...]
    gaps: tuple[Path, ...]


NOTHING = Examined((), ())


def check(document: Document, path: Path, value: Any, target: Target, road: Road) -> list[Problem]:
    """The problems of one object (see `examine`)."""
    return list(examine(document, path, value, target, road).problems)


def examine(
    document: Document, path: Path, value: Any, target: Target, road: Road, crds: Crds | None = None
) -> Examined:
    """Judge the object at `path` of a document as Calico of the target release does on that road.

    `crds` holds schemas that replace callint's own (`from_crds.load_crds`). Objects that are not Calico's, and not read
    by the network model, have no problems.
    """
    if not isinstance(value, dict):
        return NOTHING
    api_version, kind = value.get("apiVersion"), value.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str):
        return _identity(document, path, value)
    own = crds.get((api_version, kind)) if crds else None
    found: Checker | None
    if own is not None:
        history, found = own, _of_cluster(own, road)
    else:
        known = catalogue.find(api_version, kind)
        if known is None:
            return _identity(document, path, value)
        history, found = known, _checker(api_version, kind, target.release, road)
    judge = Judge(kind, history, target.release, road)
    if found is None:
        return _absent_kind(document, path, judge)
    faults = found(value)
    return _explained(document, path, value, judge, faults) if faults else NOTHING


@lru_cache(maxsize=256)
def _checker(api_version: str, kind: str, release: tuple[int, int], road: Road) -> Checker | None:
    history = catalogue.find(api_version, kind)
    if history is None or form(history, release, road) is None:
        return None
    return _root(at(history, release, road), road, calico=is_calico(api_version))


def _of_cluster(schema: Schema, road: Road) -> Checker:
    metadata = catalogue.read("kubernetes/ObjectMeta")
    properties = {**schema.get("properties", {}), "metadata": metadata}
    return _root({**schema, "properties": properties}, road, calico=True)


def _root(schema: Schema, road: Road, calico: bool) -> Checker:
    """The checker of a whole object: status is the controllers' affair, and every object of Calico has a name."""
    properties = {name: child for name, child in schema.get("properties", {}).items() if name != "status"}
    if not calico:
        return checker({**schema, "properties": {**properties, "status": {}}})
    required = list(schema.get("required", ()))
    if road == "calicoctl" and properties.get("spec", {}).get("required") and "spec" not in required:
        required.append("spec")
    if "metadata" not in required:
        required.append("metadata")
    lenient = road == "calicoctl"
    properties = {**properties, "status": {}, "metadata": _metadata(properties.get("metadata", {}), lenient)}
    whole = checker({**schema, "required": required, "properties": properties}, lenient=lenient, placeholders=True)
    if not lenient:
        return whole

    def check(value: Any) -> list[Fault] | None:
        faults = whole(value)
        labels = value.get("metadata")
        labels = labels.get("labels") if isinstance(labels, dict) else None
        if isinstance(labels, dict):
            odd = [Fault(("metadata", "labels", key), LABEL, v, None) for key, v in labels.items() if _converted(v)]
            return [*(faults or ()), *odd] or None
        return faults

    return check


def _converted(value: Any) -> bool:
    return value is not None and value.__class__ in (bool, int, float)


def _metadata(schema: Schema, lenient: bool) -> Schema:
    """Calicoctl has no generated names, kubectl takes either."""
    return {**schema, "required": ["name"]} if lenient else schema


def _identity(document: Document, path: Path, value: dict[str, Any]) -> Examined:
    found = stranger(value)
    if found is None:
        return NOTHING
    place = (*path, found.key)
    key = found.problem == "missing-field"
    span = document.span(place, key=key)
    return Examined((Problem(found.problem, span, found.message, (), place),), ())


def _absent_kind(document: Document, path: Path, judge: Judge) -> Examined:
    """A kind that other releases have."""
    place = (*path, "kind")
    there = [release for release in releases() if form(judge.history, release, judge.road) is not None]
    target = format_release(judge.release)
    if there and there[0] > judge.release:
        opened = enterprise.OPENED.get(judge.kind)
        before = ", before that Calico Enterprise" if opened and release_of(opened) == there[0] else ""
        message = f'kind "{judge.kind}" needs Calico {format_release(there[0])}{before}; the target is {target}'
        problem = "field-too-new"
    else:
        last = format_release(there[-1]) if there else "no release"
        message = f'kind "{judge.kind}" was last read by Calico {last}; the target is {target}'
        problem = "field-removed"
    return Examined((Problem(problem, document.span(place), message, (), place),), ())


def _explained(document: Document, base: Path, value: Any, judge: Judge, faults: list[Fault]) -> Examined:
    problems = []
    gaps: dict[Path, None] = {}
    for fault in faults:
        story = deprecated(judge, fault.path) if fault.keyword == DEPRECATED else explain(judge, fault)
        if story is None:
            continue
        if story.gap is not None:
            gaps[story.gap] = None
        problems.append(_problem(document, base, value, fault, story))
    return Examined(tuple(problems), tuple(gaps))


def _problem(document: Document, base: Path, value: Any, fault: Fault, story: Story) -> Problem:
    place = (*base, *fault.path)
    related: tuple[Related, ...] = ()
    if story.repeats is not None:
        related = (Related(document.span((*base, *story.repeats)), "the first one"),)
    if fault.keyword == "required":
        span = document.span(*_holder(base, value, fault.path[:-1]))
    elif story.key or isinstance(fault.value, (dict, list)):
        span = document.span(*_name(place, fault.value, story.key))
    else:
        span = document.span(place)
    return Problem(story.kind, span, story.message, related, place, story.help)


def _name(place: Path, value: Any, key: bool) -> tuple[Path, bool]:
    """A small node for a container: its key, or its first own key or item when it is an item itself."""
    if key or not place or isinstance(place[-1], str):
        return place, True
    if isinstance(value, dict) and value:
        return (*place, next(iter(value))), True
    if isinstance(value, list) and value:
        return _name((*place, 0), value[0], False)
    return place, False


def _holder(base: Path, value: Any, path: Path) -> tuple[Path, bool]:
    """Where to show that something is missing: the key of the map that lacks it."""
    for step in path:
        value = value[step] if not isinstance(value, dict) or step in value else None
    if not path:
        return (*base, "kind"), False
    return _name((*base, *path), value, False)
