"""One facts document against schemas/facts.json, each error told in a sentence of our own at its own key."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from callint.conform import Breach, breaches
from callint.finding import Path
from callint.record import NamedTuple

_LONGEST_QUOTE = 40
_MOST_KNOWN = 500


class Misfit(NamedTuple):
    """A place that the schema refuses; `names_key` if the key that ends the path is what is wrong.

    `near` is a word that is none of those known, among which there may be a near one.
    """

    path: Path
    names_key: bool
    message: str
    help: str = ""
    near: tuple[str, Collection[str]] | None = None

    @property
    def sentence(self) -> str:
        """The message, with the nearest of the known words."""
        return self.message + (_nearest(*self.near) if self.near else "")


def misfits(value: Any) -> list[Misfit]:
    """All that is wrong with the shape of a facts document, at most one misfit for each place."""
    found: dict[tuple[Path, bool], Misfit] = {}
    for breach in breaches("facts.json", value):
        for misfit in _explain(breach):
            found.setdefault((misfit.path, misfit.names_key), misfit)
    return list(found.values())


def without(value: Any, broken: list[Misfit]) -> Any:
    """A copy of `value` without its unknown keys, and with None in the other places that are broken."""
    copied = _copy(value)
    for misfit in broken:
        if not misfit.path:
            continue
        parent, last = copied, misfit.path[-1]
        for step in misfit.path[:-1]:
            parent = parent[step] if parent is not None else None
        if parent is None:
            continue
        if misfit.names_key and isinstance(last, str):
            del parent[last]
        else:
            parent[last] = None
    return copied


def quoted(value: Any) -> str:
    """A value as a message shows it: short, on one line, collections by their kind only."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "empty"
    if isinstance(value, str):
        short = value if len(value) <= _LONGEST_QUOTE else value[:_LONGEST_QUOTE] + "…"
        return '"' + "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in short) + '"'
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…"


def _nearest(word: str, known: Collection[str]) -> str:
    """A clause that proposes the nearest known word, or nothing where none is near or too many are known."""
    from callint.suggest import nearest

    near = nearest(word, known) if len(known) <= _MOST_KNOWN else None
    return f'; did you mean "{near}"?' if near else ""


def _explain(breach: Breach) -> Iterator[Misfit]:
    path, keyword, value, node = breach
    if keyword == "additionalProperties":
        known = list(node["properties"])
        for key in value:
            if key not in known:
                message = f"{node['title']}: unknown key {quoted(key)}"
                yield Misfit((*path, key), True, message, f"known keys: {', '.join(known)}", (key, known))
    elif keyword == "required":
        for key in node["required"]:
            if key not in value:
                yield Misfit(path, False, f'{node["title"]} without "{key}"')
    elif keyword == "not":
        for key in node["not"]["required"]:
            yield Misfit((*path, key), True, f'{node["title"]} has no "{key}"')
    else:
        words = [word for word in node.get("enum", ()) if isinstance(word, str)]
        near = (value, words) if isinstance(value, str) else None
        yield Misfit(path, False, _expectation(path, value, node), near=near)


def _expectation(path: Path, value: Any, node: dict[str, Any]) -> str:
    # Every leaf of the schema has a description that completes this sentence.
    name = next((step for step in reversed(path) if isinstance(step, str)), None)
    subject = "the document" if name is None else f'"{name}"'
    if path and isinstance(path[-1], int):
        subject = f"an item of {subject}"
    hint = "; write it in quotes" if node.get("type") == "string" and isinstance(value, (int, float)) else ""
    return f"{subject} is {quoted(value)}, expected {node['description']}{hint}"


def _copy(value: Any) -> Any:
    """A deep copy in which 53.0 is 53, as it is for JSON Schema."""
    if isinstance(value, dict):
        return {key: _copy(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_copy(child) for child in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
