"""Values in brackets on one line, read and located without libyaml where they are plain beyond doubt.

Plain are words, in which quotes are nothing special, and texts in quotes without escapes. Where anything else stands
(anchors, tags, what is left out or joined without a blank), libyaml has to look.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from callint.source.scalars import Typed

_MORE = r"[^\s,\[\]{}:?#]+(?::+[^\s,\[\]{}:?#]+)*"
_WORD = r"[A-Za-z0-9_./(][^\s,\[\]{}:?#]*(?::+[^\s,\[\]{}:?#]+)*"
_SCALAR = rf"""(?:"[^"\\]*"|'[^']*'|{_WORD}(?: +{_MORE})*)"""
_ALONE = rf"{_SCALAR}(?= *[,\]}}]|: )"
_ENTRY = rf" *[{{,] *({_WORD}): +({_SCALAR})(?= *[,}}])"
_ITEM = rf" *[\[,] *()({_SCALAR})(?= *[,\]])"
_REST = r" *(?:(?<= )#.*)?$"
_END = rf" *[\]}}]{_REST}"
_NEXT = r"(?: *,(?! *(?:[\]}]|$))|(?= *[\]}]))"
_TOKEN = rf" *(?:([\[{{])|([\]}}])(?:{_NEXT}|{_REST})|({_SCALAR})(?:{_NEXT}|(:)(?= ))|(.+))"
_OPEN, _CLOSE, _TEXT, _COLON, _ = range(1, 6)
"""The groups of a token, the last one of what is none; behind each stands what may, or a key's value."""

_LONGEST_KEY = 1000


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _flat(written: str) -> list[re.Match[str]]:
    """The items of a list or mapping of nothing but scalars: their keys, or "", and themselves; none for another."""
    inside = written[1:]
    if "[" in inside or "{" in inside:  # of a text in quotes, if it is flat after all
        return []
    take = _pattern(_ENTRY if written[0] == "{" else _ITEM).match
    found = []
    done = 0
    while item := take(written, done):
        found.append(item)
        done = item.end()
    return found if _pattern(_END).match(written, done) else []


def read(written: str, typed: Typed) -> dict[str, Any] | list[Any] | None:
    """The value of a list or mapping that is not empty; None where libyaml has to look."""
    flat = _flat(written)
    try:
        value: dict[str, Any] | list[Any]
        if not flat:
            value = _whole(written, typed)
        elif written[0] == "[":
            value = [_scalar(item[2], typed) for item in flat]
        else:
            value = {}
            for item in flat:
                value[_key(item[1], value, typed)] = _scalar(item[2], typed)
    except _UnlikeError:
        return None
    if typed.odd:
        typed.odd = False
        return None
    return value


def _scalar(text: str, typed: Typed) -> Any:
    return text[1:-1] if text[0] in "\"'" else typed[text]


def _key(text: str, holder: dict[str, Any], typed: Typed) -> str:
    name = typed[text]
    if not isinstance(name, str) or name in holder or len(text) > _LONGEST_KEY or text[0] in "\"'":
        raise _UnlikeError
    return name


class _UnlikeError(Exception):
    """This is not written as plainly as that."""


def _whole(written: str, typed: Typed) -> Any:
    """The value of a list or mapping that holds others."""
    tokens = _pattern(_TOKEN).finditer(written)
    whole = _value(next(tokens), tokens, typed)
    if next(tokens, None):
        raise _UnlikeError
    return whole


def _value(token: re.Match[str], tokens: Iterator[re.Match[str]], typed: Typed) -> Any:
    """The value that begins with a token; the rest of it is taken from the others."""
    if token.lastindex == _TEXT:
        return _scalar(token[_TEXT], typed)
    if token[_OPEN] == "[":
        several: list[Any] = []
        for item in tokens:
            if item[_CLOSE] == "]":
                return several
            several.append(_value(item, tokens, typed))
    elif token[_OPEN] == "{":
        named: dict[str, Any] = {}
        for item in tokens:
            if item[_CLOSE] == "}":
                return named
            if item.lastindex != _COLON:
                break
            key = _key(item[_TEXT], named, typed)
            named[key] = _value(next(tokens), tokens, typed)
    raise _UnlikeError


def trace(written: str, value: Any, at: int, base: int) -> list[Any] | None:
    """The trace of a list or mapping (`tree.Tree`), or None; its offsets count from `at`, its indexes from `base`."""
    flat = _flat(written)
    if len(flat) != len(value) or not flat:
        return _nested(written, value, at, base)
    made: list[Any] = [~at, 0]
    for item, key in zip(flat, value, strict=True):
        if item[1]:
            if item[1] != key:
                return None
            made += (key, at + item.start(1))
        made.append(at + item.start(2))
    made[1] = base + len(made)
    return made


def _nested(written: str, value: Any, at: int, base: int) -> list[Any] | None:
    made: list[Any] = []
    tokens = _pattern(_TOKEN).finditer(written)
    try:
        _add(made, next(tokens), tokens, value, at, base)
    except (_UnlikeError, StopIteration):
        return None
    return made


def _add(
    made: list[Any], token: re.Match[str], tokens: Iterator[re.Match[str]], value: Any, at: int, base: int
) -> None:
    """Add the list or mapping that begins with a token."""
    is_list = value.__class__ is list
    if token[_OPEN] != ("[" if is_list else "{"):
        raise _UnlikeError
    slot = len(made) + 1
    made += (~(at + token.start(_OPEN)), 0)
    for child in value if is_list else value.items():
        token = next(tokens)
        if not is_list:
            key, child = child
            if token.lastindex != _COLON or token[_TEXT] != key:
                raise _UnlikeError
            made += (key, at + token.start(_TEXT))
            token = next(tokens)
        if child.__class__ in (list, dict):
            _add(made, token, tokens, child, at, base)
        elif token.lastindex == _TEXT:
            made.append(at + token.start(_TEXT))
        else:
            raise _UnlikeError
    if next(tokens)[_CLOSE] != ("]" if is_list else "}"):
        raise _UnlikeError
    made[slot] = base + len(made)


def end(written: str, start: int) -> int | None:
    """Where the scalar ends that begins at an offset inside of brackets, if that is plain."""
    found = _pattern(_ALONE).match(written, start)
    return found.end() if found else None
