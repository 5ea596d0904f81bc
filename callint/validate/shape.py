"""Checks put together along the shape of an object, and what they ask of its maps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from callint.calico import Release
from callint.finding import Path, Step
from callint.objects.fields import as_text
from callint.validate.scope import Effect, Scope, Verdict, judge


class Unreadable:
    """Stands where the schema stage found a value that nobody may read: present, of no type, equal to nothing."""

    __slots__ = ()


UNREADABLE = Unreadable()


Check = Callable[[Scope, Path, Any], None]
"""Judges the value at a path; a value of another type than expected is the schema stage's affair."""


Whole = Callable[[Scope, Path, dict[str, Any]], None]
"""Judges all of a map."""


def fields(*whole: Whole, **table: Check) -> Check:
    """A map: the check of each field that is there, then those of the whole."""
    get = table.get

    def check(scope: Scope, path: Path, value: Any) -> None:
        if value.__class__ is dict:
            for name, child in value.items():
                found = get(name)
                if found is not None and child is not None and child is not UNREADABLE:
                    found(scope, (*path, name), child)
            for one in whole:
                one(scope, path, value)

    return check


def each(item: Check) -> Check:
    """A list: the check of every item."""

    def check(scope: Scope, path: Path, value: Any) -> None:
        if value.__class__ is list:
            for index, child in enumerate(value):
                if child is not None and child is not UNREADABLE:
                    item(scope, (*path, index), child)

    return check


def text(
    verdict: Verdict,
    *,
    since: Release | None = None,
    stored: Effect | None = None,
    malformed: bool = False,
    empty: bool = True,
) -> Check:
    """A text that the verdict judges; an empty one counts as absent (Go's omitempty) unless `empty` is False."""

    def check(scope: Scope, path: Path, value: Any) -> None:
        said = value if value.__class__ is str else as_text(value)
        if said is None or (empty and not said):
            return
        flaw = verdict(said)
        if flaw is not None:
            judge(scope, path, flaw, since=since, stored=stored, malformed=malformed)

    return check


EMPTY: tuple[Any, ...] = ("", [], {})


def has(plain: dict[str, Any], name: str) -> bool:
    """Whether a text, list or map is written, readable and not empty, as Go's zero values are."""
    value = plain.get(name)
    return value is not None and value is not UNREADABLE and value not in EMPTY


def written(plain: dict[str, Any], name: str) -> bool:
    """Whether a value is written and readable, be it empty: set, where Go has a pointer."""
    value = plain.get(name)
    return value is not None and value is not UNREADABLE


def lacks(plain: dict[str, Any], name: str) -> bool:
    """Whether a text, list or map is surely absent or empty; one that is written and unreadable is neither."""
    value = plain.get(name)
    return value is None or value in EMPTY


def place_of(path: Path, plain: dict[str, Any], name: str) -> Path:
    """Where something that a map lacks is told of: at its own place if it is written empty, else at the map."""
    return (*path, name) if name in plain else path


def on(plain: dict[str, Any], name: str) -> bool:
    """Whether a flag is surely set."""
    return plain.get(name) is True


def off(plain: dict[str, Any], name: str) -> bool:
    """Whether a flag is surely not set."""
    value = plain.get(name)
    return value is None or value is False


def exclusive(
    scope: Scope,
    path: Path,
    plain: dict[str, Any],
    one: str,
    other: str,
    since: Release | None,
    is_set: Callable[[dict[str, Any], str], bool] = has,
) -> None:
    """Two fields that cannot both be set: reported at the second one that is written."""
    if is_set(plain, one) and is_set(plain, other):
        order = list(plain)
        first, second = sorted((one, other), key=order.index)
        scope.refuse(
            "exclusive-fields",
            (*path, second),
            f'"{second}" and "{first}" cannot both be set',
            since=since,
            key=True,
            related=scope.related(*path, first, label="the other one"),
        )


def pruned(plain: dict[str, Any], gaps: tuple[Path, ...]) -> dict[str, Any]:
    """The object with `UNREADABLE` in the place of every gap; only what leads there is copied."""
    copy = dict(plain)
    own: set[int] = set()
    for gap in gaps:
        node: Any = copy
        for step in gap[:-1]:
            child = _at(node, step)
            if not isinstance(child, (dict, list)):
                break
            if id(child) not in own:
                node[step] = child = child.copy()
                own.add(id(child))
            node = child
        else:
            if gap and (isinstance(node, dict) or _at(node, gap[-1]) is not None):
                node[gap[-1]] = UNREADABLE
    return copy


def _at(node: Any, step: Step) -> Any:
    if isinstance(node, dict):
        return node.get(step)
    return node[step] if isinstance(node, list) and isinstance(step, int) and 0 <= step < len(node) else None
