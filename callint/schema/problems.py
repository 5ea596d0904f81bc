"""Faults as problems with spans, and the gaps that they leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from callint.calico import Road, format_release
from callint.calico.kinds import LIST_FIELDS, is_item, is_list
from callint.finding import Path, Problem, Related
from callint.schema import enterprise
from callint.schema.catalogue import find
from callint.schema.explain import Story, deprecated, dotted, explain, mistyped
from callint.schema.fault import DEPRECATED, NOTHING, Examined, Fault
from callint.schema.history import form, release_of, releases
from callint.schema.identify import stranger
from callint.schema.lookup import Lookup
from callint.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from callint.source import Document

MOST = 100
"""Faults of one object that are told: explaining each takes a while, and nobody reads thousands."""

_ABSENCE = frozenset({"required", "minItems", "minProperties"})


def of_identity(document: Document, path: Path, value: dict[str, Any], road: Road) -> Examined:
    """What is wrong with an object of no known kind; nothing if it is none of Calico's."""
    if is_list(value.get("apiVersion"), value.get("kind")):
        return Examined((*_unlisted(document, path, value), *_no_objects(document, path, value, road)))
    found = stranger(value)
    if found is None:
        return NOTHING
    place = (*path, found.key)
    span = document.span(place, key=found.problem == "missing-field")
    return Examined((Problem(found.problem, span, found.message, (), place),))


def _unlisted(document: Document, path: Path, value: dict[str, Any]) -> list[Problem]:
    """Fields beside the items of a list, which calicoctl refuses and kubectl does not pass on."""
    names = sorted(value.keys() - LIST_FIELDS)
    problems = []
    for name in names[:MOST]:
        hint = did_you_mean(nearest(name, LIST_FIELDS - value.keys()), ";")
        message = f'"{name}" is no field of "{value["kind"]}"{hint}'
        problems.append(Problem("unknown-field", document.span((*path, name), key=True), message, (), (*path, name)))
    return _with_rest(problems, len(names))


def _no_objects(document: Document, path: Path, value: dict[str, Any], road: Road) -> list[Problem]:
    """Items of a list that are no objects: for one of them kubectl and calicoctl refuse the whole list.

    Those of a kind that is not the list's kubectl takes for what they say they are.
    """
    items, kind = value.get("items"), value["kind"]
    if isinstance(items, list):
        odd = [number for number, item in enumerate(items) if not is_item(item, kind)]
        return _with_rest(list(_items(document, path, items, kind, odd[:MOST], road)), len(odd))
    if items is None:
        return []
    place = (*path, "items")
    span = document.span(place, key=isinstance(items, dict))
    return [Problem("wrong-type", span, mistyped(("items",), items, "array"), (), place)]


def _items(
    document: Document, path: Path, items: list[Any], kind: str, numbers: list[int], road: Road
) -> Iterator[Problem]:
    """What is wrong with the items of these numbers; nothing of one that is told of as an object."""
    for number in numbers:
        item = items[number]
        about, place = ("items", number), (*path, "items", number)
        span = document.span(*_name(place, item, False))
        if not isinstance(item, dict):
            yield Problem("wrong-type", span, mistyped(about, item, "object"), (), place)
            continue
        api_version, own = item.get("apiVersion"), item.get("kind")
        told = stranger(item)
        if own is None:
            yield Problem("missing-field", span, f'"{dotted(about)}" needs the field "kind"', (), place)
        elif is_list(api_version, own):
            message = f'"{dotted(about)}" is a list, where an object was expected: kubectl refuses the list around it'
            yield Problem("value-not-allowed", document.span((*place, "kind")), message, (), place)
        elif isinstance(api_version, str) and isinstance(own, str) and find(api_version, own) is not None:
            if road == "calicoctl":
                yield _other_kind(document, place, own, kind)
        elif told is None or told.problem == "missing-field":  # else its kind is told of already
            yield _other_kind(document, place, own, kind)


def _other_kind(document: Document, path: Path, own: Any, kind: str) -> Problem:
    """An item whose kind is not the one of its list, or no text."""
    about, place = path[-2:], (*path, "kind")
    if not isinstance(own, str):
        return Problem("wrong-type", document.span(place), mistyped((*about, "kind"), own, "string"), (), place)
    message = f'"{dotted(about)}" is of kind "{own}", and calicoctl reads all of "{kind}" as "{kind[:-4]}"'
    return Problem("value-not-allowed", document.span(place), message, (), path)


def of_absent_kind(document: Document, path: Path, known: Lookup) -> Examined:
    """A kind that other releases have."""
    place = (*path, "kind")
    there = [release for release in releases() if form(known.history, release, known.road) is not None]
    target = format_release(known.release)
    if there and there[0] > known.release:
        opened = enterprise.OPENED.get(known.kind)
        before = ", before that Calico Enterprise" if opened and release_of(opened) == there[0] else ""
        message = f'kind "{known.kind}" needs Calico {format_release(there[0])}{before}; the target is {target}'
        problem = "field-too-new"
    else:
        last = format_release(there[-1]) if there else "no release"
        message = f'kind "{known.kind}" was last read by Calico {last}; the target is {target}'
        problem = "field-removed"
    return Examined((Problem(problem, document.span(place), message, (), place),))


def of_faults(document: Document, base: Path, value: Any, known: Lookup, faults: list[Fault]) -> Examined:
    """The problems behind the faults of one object at `base` of a document; the last one counts those not told."""
    problems: list[Problem] = []
    gaps: dict[Path, None] = dict.fromkeys(fault.path for fault in faults[MOST:])
    for fault in faults[:MOST]:
        story = deprecated(known, fault) if fault.keyword == DEPRECATED else explain(known, fault)
        if story is None:
            continue
        gaps.update(dict.fromkeys(story.gaps))
        if fault.keyword in _ABSENCE and not document.complete:
            continue  # what is missing may stand where the document could not be read
        problems.append(_problem(document, base, value, fault, story))
    return Examined(tuple(_with_rest(problems, len(faults))), tuple(gaps))


def _with_rest(problems: list[Problem], found: int) -> list[Problem]:
    """The problems of one object, of which the last counts those that are not told."""
    if found > MOST and problems:
        last = problems[-1]
        problems[-1] = last._replace(message=f"{last.message} (and {found - MOST} more in this object)")
    return problems


def _problem(document: Document, base: Path, value: Any, fault: Fault, story: Story) -> Problem:
    place = (*base, *fault.path)
    related: tuple[Related, ...] = ()
    if story.repeats is not None:
        related = (Related(document.span((*base, *story.repeats)), "the first one"),)
    if fault.keyword == "required":
        span = document.span(*_holder(base, value, fault.path))
    elif story.key or isinstance(fault.value, (dict, list)):
        span = document.span(*_name(place, fault.value, story.key))
    else:
        span = document.span(place)
    return Problem(story.kind, span, story.message, related, place, story.help)


def _name(place: Path, value: Any, key: bool) -> tuple[Path, bool]:
    """A small node for a container: its key, or its first own key or item when it is an item itself."""
    while not key and place and not isinstance(place[-1], str):
        if isinstance(value, dict) and value:
            return (*place, next(iter(value))), True
        if not isinstance(value, list) or not value:
            return place, False
        place, value = (*place, 0), value[0]
    return place, True


def _holder(base: Path, value: Any, path: Path) -> tuple[Path, bool]:
    """Where to show that something is missing: its key if it is null, else the key of the map that lacks it."""
    for step in path[:-1]:
        value = value[step] if not isinstance(value, dict) or step in value else None
    if isinstance(value, dict) and path[-1] in value:
        return (*base, *path), True
    return ((*base, "kind"), False) if len(path) == 1 else _name((*base, *path[:-1]), value, False)
