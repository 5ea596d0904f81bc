"""Rare data against its JSON Schema: the keywords that the schemas of configuration, facts and rule files use.

The library `jsonschema`, with which the tests compare, takes longer to import than all else in a small run.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from callint.finding import Path
from callint.record import NamedTuple
from callint.shipped import directory


class Breach(NamedTuple):
    """A value that breaks a keyword of the schema `node`, and the path to the value."""

    path: Path
    keyword: str
    value: Any
    node: dict[str, Any]


def breaches(schema: str, value: Any) -> Iterator[Breach]:
    """What breaks a schema of `schemas/`, in the order of the schema."""
    rules = _read(schema)
    return _breaches(rules, value, rules, ())


def violations(schema: str, value: Any) -> Iterator[tuple[Path, str, bool]]:
    """What breaks a schema of `schemas/`: the path, one sentence, and whether it is the key that is wrong.

    Unknown keys come one by one with the nearest known name.
    """
    root = _read(schema)
    found = [inner for breach in breaches(schema, value) for inner in _meant(breach, root)]
    for breach in sorted(found, key=lambda one: [str(step) for step in one.path]):
        if breach.keyword == "additionalProperties":
            known = list(breach.node.get("properties", {}))
            for key in breach.value:
                if key not in known:
                    yield (*breach.path, key), _unknown(key, known), True
        else:
            yield breach.path, _sentence(breach), False


@cache
def _read(schema: str) -> dict[str, Any]:
    """One of the schemas in `schemas/`, by its file name."""
    with open(os.path.join(directory("schemas"), schema), encoding="utf-8") as stream:
        rules: dict[str, Any] = json.load(stream)
    return rules


_ANNOTATIONS = frozenset({"$schema", "$id", "$defs", "$comment", "title", "description", "default"})
_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: _number(value) and (isinstance(value, int) or value.is_integer()),
    "number": lambda value: _number(value),
}


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same(value: Any, other: Any) -> bool:
    """Equality of scalars; to JSON, true is not 1."""
    return isinstance(value, bool) == isinstance(other, bool) and bool(value == other)


def _breaches(node: Any, value: Any, root: dict[str, Any], path: Path) -> Iterator[Breach]:
    """What breaks a schema; what conforms is passed over as a whole."""
    for keyword in node:
        if keyword in _ANNOTATIONS or _keyword(keyword, node, value, root):
            continue
        wanted = node[keyword]
        if keyword == "$ref":
            yield from _breaches(_named(wanted, root), value, root, path)
        elif keyword == "if":
            yield from _breaches(_branch(node, value, root), value, root, path)
        elif keyword in _INSIDE and wanted is not False:
            for step, child in _children(keyword, node, value):
                yield from _breaches(child, value[step], root, (*path, step))
        else:
            yield Breach(path, keyword, value, node)


_INSIDE = frozenset({"properties", "additionalProperties", "items", "prefixItems"})


def _children(keyword: str, node: dict[str, Any], value: Any) -> Iterator[tuple[str | int, Any]]:
    """The members of a collection for which a keyword has a schema, with that."""
    wanted = node[keyword]
    match keyword:
        case "properties":
            return ((name, child) for name, child in wanted.items() if name in value)
        case "additionalProperties":
            known = node.get("properties", {})
            return ((name, wanted) for name in value if name not in known)
        case "prefixItems":
            return ((index, child) for index, child in enumerate(wanted[: len(value)]))
    return ((index, wanted) for index in range(len(node.get("prefixItems", ())), len(value)))


def _named(reference: str, root: dict[str, Any]) -> Any:
    return root["$defs"][reference.removeprefix("#/$defs/")]


def _branch(node: dict[str, Any], value: Any, root: dict[str, Any]) -> Any:
    return node.get("then" if _holds(node["if"], value, root) else "else", True)


def _holds(node: Any, value: Any, root: dict[str, Any]) -> bool:
    if isinstance(node, bool):
        return node
    return all(keyword in _ANNOTATIONS or _keyword(keyword, node, value, root) for keyword in node)


def _keyword(keyword: str, node: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    """Whether a value holds to one keyword."""
    wanted = node[keyword]
    match keyword:
        case "$ref":
            return _holds(_named(wanted, root), value, root)
        case "type":
            return any(_TYPES[name](value) for name in ([wanted] if isinstance(wanted, str) else wanted))
        case "enum":
            return any(_same(value, one) for one in wanted)
        case "const":
            return _same(value, wanted)
        case "anyOf":
            return any(_holds(one, value, root) for one in wanted)
        case "not":
            return not _holds(wanted, value, root)
        case "if":
            return _holds(_branch(node, value, root), value, root)
        case "then" | "else":
            return "if" in node
        case "required":
            return not isinstance(value, dict) or all(name in value for name in wanted)
        case "properties" | "additionalProperties":
            return not isinstance(value, dict) or _hold_inside(keyword, node, value, root)
        case "items" | "prefixItems":
            return not isinstance(value, list) or _hold_inside(keyword, node, value, root)
        case "minItems" | "maxItems" | "uniqueItems":
            return not isinstance(value, list) or _in_list(keyword, wanted, value)
        case "pattern" | "minLength" | "maxLength":
            return not isinstance(value, str) or _in_text(keyword, wanted, value)
        case "minimum":
            return not _number(value) or bool(value >= wanted)
        case "maximum":
            return not _number(value) or bool(value <= wanted)
    raise ValueError(keyword)


def _hold_inside(keyword: str, node: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    return all(_holds(child, value[step], root) for step, child in _children(keyword, node, value))


def _in_list(keyword: str, wanted: Any, value: list[Any]) -> bool:
    if keyword == "uniqueItems":
        return not wanted or len(set(map(_frozen, value))) == len(value)
    return bool(len(value) >= wanted if keyword == "minItems" else len(value) <= wanted)


def _frozen(value: Any) -> object:
    """A value that can be a member of a set; to JSON, true is not 1."""
    if isinstance(value, dict):
        return frozenset((key, _frozen(child)) for key, child in value.items())
    return tuple(map(_frozen, value)) if isinstance(value, list) else (isinstance(value, bool), value)


def _in_text(keyword: str, wanted: Any, value: str) -> bool:
    if keyword == "pattern":
        return _pattern(wanted).search(value) is not None
    return bool(len(value) >= wanted if keyword == "minLength" else len(value) <= wanted)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """A pattern whose last `$` is the end of the text, as ECMAScript has it: Python's lets a newline follow."""
    return re.compile(rf"{text[:-1]}\Z" if text.endswith("$") else text)


def _unknown(key: str, known: list[str]) -> str:
    from callint.suggest import did_you_mean, nearest

    hint = did_you_mean(nearest(key, known)) or f", known are {', '.join(sorted(known))}"
    return f'"{key}" is no known key{hint}'


def _meant(breach: Breach, root: dict[str, Any]) -> Iterator[Breach]:
    """What is wrong with a mapping where one is a form that is possible, else the breach itself."""
    inside: list[Breach] = []
    if breach.keyword == "anyOf" and isinstance(breach.value, dict):
        for form in breach.node["anyOf"]:
            if form.get("type") == "object":
                inside += _breaches(form, breach.value, root, breach.path)
    yield from inside or (breach,)


_NOUNS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "null": "nothing",
    "integer": "a whole number",
    "number": "a number",
}
_SIZES = {
    "minLength": "shorter than {} characters",
    "maxLength": "longer than {} characters",
    "minItems": "shorter than {} items",
    "maxItems": "longer than {} items",
}


def _shown(value: Any) -> str:
    """A value as a message shows it, a collection by its kind."""
    if isinstance(value, (dict, list)):
        return _NOUNS["object" if isinstance(value, dict) else "array"]
    found = "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return found if len(found) <= 60 else found[:57] + "..."


def _sentence(breach: Breach) -> str:
    found, node = _shown(breach.value), breach.node
    wanted = node[breach.keyword]
    match breach.keyword:
        case "type":
            nouns = [_NOUNS[one] for one in ([wanted] if isinstance(wanted, str) else wanted)]
            plain = wanted == "string" and isinstance(breach.value, (int, float)) and "pattern" not in node
            return f"{found} stands where {' or '.join(nouns)} is expected{_form(node)}" + "; put it in quotes" * plain
        case "enum":
            return f"{found} is none of " + ", ".join(map(str, wanted))
        case "required":
            missing = next(key for key in wanted if key not in breach.value)
            return f'"{missing}" is missing'
        case "minimum" | "maximum":
            return f"{found} is out of range, the {breach.keyword} is {wanted}"
        case "pattern":
            return f"{found} does not have the form expected{_form(node) or f': {wanted}'}"
        case "anyOf":
            return f"{found} is none of " + ", ".join(word for one in wanted for word in _words(one))
        case "uniqueItems":
            return "the list says something twice"
        case "minLength" | "minItems" if not breach.value:
            return f"an empty {'text' if breach.keyword == 'minLength' else 'list'} stands here"
        case keyword:
            size = _SIZES.get(keyword, f"not what {keyword} says: {{}}")
            return f"{found} is {size.format(wanted)}"[:200]


def _form(node: dict[str, Any]) -> str:
    """What the description says about the form of a text that has one."""
    return f": {node['description']}" if "pattern" in node and "description" in node else ""


def _words(node: dict[str, Any]) -> list[str]:
    """What a schema admits, in the words of YAML."""
    if "enum" in node:
        return [str(one) for one in node["enum"]]
    return ["on", "off"] if node["type"] == "boolean" else [_NOUNS[node["type"]]]
