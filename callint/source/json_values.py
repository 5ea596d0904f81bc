"""JSON at the head of a file, which kubectl reads before it tries YAML (apimachinery pkg/util/yaml/decoder.go)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from callint.source.limits import Limits
from callint.source.scalars import Typed
from callint.source.tree import Tree

_ESCAPE = r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([dD][89a-fA-F][0-9a-fA-F]{2})|.)"


def values(text: str) -> Iterator[tuple[int, int]]:
    """Where the JSON values that a file begins with stand; none where the first of them is no object."""
    if text.lstrip()[:1] != "{":
        return
    from json import JSONDecoder

    read = JSONDecoder(parse_int=float, parse_constant=_refuse).raw_decode
    blank = re.compile(r"[ \t\r\n]*")
    end = 0
    while match := blank.match(text, end):
        try:
            end = read(text, match.end())[1]
        except (ValueError, RecursionError):
            break
        yield match.end(), end


def behind(text: str, end: int) -> int:
    """Where YAML may begin behind a JSON value: kubectl passes over blanks, and over one line feed."""
    match = re.compile(r"[^\S\n]*\n?").match(text, end)
    return match.end() if match else end


def read_as_json(text: str, limits: Limits, expanded: int) -> Tree | None:
    """The tree of a JSON value at which libyaml stopped; None if that is for another reason than that it is no YAML.

    In JSON surrogates may be escaped, and a colon may stand on another line than its key.
    """
    text = re.sub(_ESCAPE, _character, re.sub(r"[\t\r\n]", " ", text))
    from callint.source.build import build

    tree = build(text, Typed(), limits, expanded)
    tree.reread = text
    return tree if tree.error is None else None


def _character(match: re.Match[str]) -> str:
    """What YAML may have for an escape of JSON, of the length that this had.

    A pair of surrogates is the character that they mean, behind an escaped line break, which is nothing; one without
    the other is none.
    """
    if match[3]:
        return "\\ufffd"
    if match[1] is None:
        return match[0]
    sign = bytes.fromhex(match[1] + match[2]).decode("utf-16-be")
    return f"\\\n{' ' * 9}{sign}"


def _refuse(name: str) -> float:
    """No number of JSON has a name: Python's decoder would take NaN."""
    raise ValueError(name)
