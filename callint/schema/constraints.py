"""What a schema asks of texts and of sets beyond their type."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from callint.schema.fault import Fault
from callint.schema.history import Schema
from callint.schema.patterns import LONGEST_TEXT, compiled

CIDR = "cidr"
"""The format of which the schema judges no more than that there is something: what, the stage of values does."""


def text_tests(node: Schema) -> list[tuple[str, Any, Callable[[str], bool]]]:
    """The keywords about a text, what they expect, and whether that holds of it."""
    tests: list[tuple[str, Any, Callable[[str], bool]]] = []
    if "enum" in node:
        values = frozenset(node["enum"])
        tests.append(("enum", node["enum"], values.__contains__))
    if "maxLength" in node:
        most: int = node["maxLength"]
        tests.append(("maxLength", most, lambda text: len(text) <= most))
    if "minLength" in node or node.get("format") == CIDR:
        least: int = node.get("minLength", 1)
        tests.append(("minLength", least, lambda text: len(text) >= least))
    if "pattern" in node:
        pattern: str = node["pattern"]
        tests.append(("pattern", pattern, lambda text: _matches(pattern, text)))
    return tests


def _matches(pattern: str, text: str) -> bool:
    if len(text) > LONGEST_TEXT:
        return True
    expression = compiled(pattern)
    return expression is None or expression.search(text) is not None


def repeated(values: list[Any]) -> list[Fault]:
    """The values that a set has twice."""
    try:
        if len(set(values)) == len(values):
            return []
    except TypeError:  # items that are lists or maps
        pass
    seen: dict[str, int] = {}
    out = []
    for index, value in enumerate(values):
        try:
            text = json.dumps(value, sort_keys=True)
        except (RecursionError, ValueError):  # deeper or longer than any value of a set
            continue
        if len(text) > LONGEST_TEXT:
            continue
        if text in seen:
            out.append(Fault((index,), "uniqueItems", value, seen[text]))
        else:
            seen[text] = index
    return out
