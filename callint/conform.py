"""Rare data against its JSON Schema: configuration, facts and rule files, explained by the library `jsonschema`.

Importing that library takes longer than all else in a small run, so what is valid, as nearly everything is, is
recognised without it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from callint.finding import Path
from callint.shipped import directory


def violations(schema: str, value: Any) -> Iterator[tuple[Path, str, bool]]:
    """What breaks a schema of `schemas/`: the path, one sentence, and whether it is the key that is wrong.

    Unknown keys come one by one with the nearest known name.
    """
    rules = read(schema)
    if _certain(rules, value):
        return
    from jsonschema import Draft202012Validator

    errors = Draft202012Validator(rules).iter_errors(value)
    for error in sorted(errors, key=lambda one: [str(step) for step in one.absolute_path]):
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties" and isinstance(error.instance, dict):
            known = list(error.schema.get("properties", {}))
            for key in error.instance:
                if key not in known:
                    yield (*path, key), _unknown(key, known), True
        else:
            yield path, _sentence(error), False


def valid(schema: str, value: Any) -> bool:
    """Whether a value certainly conforms to a schema of `schemas/`; False where only `jsonschema` can tell."""
    return _certain(read(schema), value)


def _certain(rules: dict[str, Any], value: Any) -> bool:
    try:
        return _holds(rules, value, rules)
    except _UnsureError:
        return False


@cache
def read(schema: str) -> dict[str, Any]:
    """One of the schemas in `schemas/`, by its file name."""
    with open(os.path.join(directory("schemas"), schema), encoding="utf-8") as stream:
        rules: dict[str, Any] = json.load(stream)
    return rules


class _UnsureError(Exception):
    """A keyword, or a value under it, that is left to `jsonschema`."""


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


def _holds(node: Any, value: Any, root: dict[str, Any]) -> bool:
    if isinstance(node, bool):
        return node
    return all(keyword in _ANNOTATIONS or _keyword(keyword, node, value, root) for keyword in node)


def _keyword(keyword: str, node: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    """One keyword; raises _UnsureError for an unknown one."""
    wanted = node[keyword]
    match keyword:
        case "$ref":
            return _holds(root["$defs"][wanted.removeprefix("#/$defs/")], value, root)
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
            branch = node.get("then" if _holds(wanted, value, root) else "else", True)
            return _holds(branch, value, root)
        case "then" | "else":
            return "if" in node
        case "required" | "properties" | "additionalProperties":
            return not isinstance(value, dict) or _in_mapping(keyword, node, value, root)
        case "items" | "prefixItems" | "minItems" | "maxItems" | "uniqueItems":
            return not isinstance(value, list) or _in_list(keyword, node, value, root)
        case "pattern" | "minLength" | "maxLength":
            return not isinstance(value, str) or _in_text(keyword, wanted, value)
        case "minimum":
            return not _number(value) or bool(value >= wanted)
        case "maximum":
            return not _number(value) or bool(value <= wanted)
    raise _UnsureError(keyword)


def _in_mapping(keyword: str, node: dict[str, Any], value: dict[str, Any], root: dict[str, Any]) -> bool:
    wanted = node[keyword]
    if keyword == "required":
        return all(name in value for name in wanted)
    if keyword == "properties":
        return all(_holds(child, value[name], root) for name, child in wanted.items() if name in value)
    known = node.get("properties", {})
    return all(_holds(wanted, child, root) for name, child in value.items() if name not in known)


def _in_list(keyword: str, node: dict[str, Any], value: list[Any], root: dict[str, Any]) -> bool:
    wanted = node[keyword]
    if keyword == "prefixItems":
        return all(_holds(child, item, root) for child, item in zip(wanted, value, strict=False))
    if keyword == "items":
        return all(_holds(wanted, item, root) for item in value[len(node.get("prefixItems", ())) :])
    if keyword == "uniqueItems":
        if any(isinstance(item, (dict, list)) for item in value):
            raise _UnsureError(keyword)
        return not wanted or len({(isinstance(item, bool), item) for item in value}) == len(value)
    return bool(len(value) >= wanted if keyword == "minItems" else len(value) <= wanted)


def _in_text(keyword: str, wanted: Any, value: str) -> bool:
    if keyword == "pattern":
        return re.search(wanted, value) is not None
    return bool(len(value) >= wanted if keyword == "minLength" else len(value) <= wanted)


def _unknown(key: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key, known, 1)
    hint = f'did you mean "{near[0]}"' if near else "known are " + ", ".join(sorted(known))
    return f'"{key}" is no known key, {hint}'


def _sentence(error: Any) -> str:
    found = json.dumps(error.instance, ensure_ascii=False, default=str)
    if len(found) > 60:
        found = found[:57] + "..."
    match error.validator:
        case "type":
            expected = error.validator_value
            names = expected if isinstance(expected, str) else " or ".join(expected)
            return f"{found} is no {names}"
        case "enum":
            return f"{found} is none of " + ", ".join(str(one) for one in error.validator_value)
        case "required":
            missing = next(key for key in error.validator_value if key not in error.instance)
            return f'"{missing}" is missing'
        case "minimum" | "maximum":
            return f"{found} is out of range, the {error.validator} is {error.validator_value}"
        case "pattern":
            return f"{found} does not have the form {error.validator_value}"
        case "anyOf":
            return f"{found} is none of the forms that are possible here"
        case _:
            return f"{found} breaks {error.validator}: {error.validator_value}"[:200]
