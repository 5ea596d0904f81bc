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
_TOKEN = rf" *(?:([\[\]{{}},])|({_SCALAR})(:(?= ))?)"
_ALONE = rf"{_SCALAR}(?= *[,\]}}]|: )"
_ENTRY = rf" *[{{,] *({_WORD}): +({_SCALAR})(?= *[,}}])"
_ITEM = rf" *[\[,] *()({_SCALAR})(?= *[,\]])"
_REST = r" *(?:(?<= )#.*)?$"
_END = rf" *[\]}}]{_REST}"

_LONGEST_KEY = 1000


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _flat(written: str) -> list[re.Match[str]]:
    """The items of a list or mapping of nothing but scalars: their keys, or "", and themselves; none for another."""
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


class _Tokens:
    """The signs, scalars and keys of a value in brackets, one after the other."""

    __slots__ = ("_take", "_written", "done")

    def __init__(self, written: str) -> None:
        self._take = _pattern(_TOKEN).match
        self._written = written
        self.done = 0

    def next(self) -> re.Match[str]:
        found = self._take(self._written, self.done)
        if found is None:
            raise _UnlikeError
        self.done = found.end()
        return found

    def expect(self, sign: str) -> int:
        """The offset of the next token, which must be that sign."""
        found = self.next()
        if found[1] != sign:
            raise _UnlikeError
        return found.start(1)


def _whole(written: str, typed: Typed) -> Any:
    """The value of a list or mapping that holds others."""
    tokens = _Tokens(written)

    def value(first: re.Match[str]) -> Any:
        if first[1] == "[":
            return [value(item) for item in items("]")]
        if first[1] == "{":
            named: dict[str, Any] = {}
            for item in items("}"):
                if not item[3]:
                    raise _UnlikeError
                key = _key(item[2], named, typed)
                named[key] = value(tokens.next())
            return named
        if first[2] is None or first[3]:
            raise _UnlikeError
        return _scalar(first[2], typed)

    def items(end: str) -> Iterator[re.Match[str]]:
        """The first token of each item; whoever takes it reads the rest of the item."""
        found = tokens.next()
        while found[1] != end:
            yield found
            behind = tokens.next()
            if behind[1] == end:
                return
            if behind[1] != ",":
                raise _UnlikeError
            found = tokens.next()
            if found[1] == end:
                raise _UnlikeError

    whole = value(tokens.next())
    if not _pattern(_REST).match(written, tokens.done):
        raise _UnlikeError
    return whole


def trace(written: str, value: Any, at: int, base: int) -> list[Any] | None:
    """The trace of a list or mapping (`build.Tree`), or None; its offsets count from `at`, its indexes from `base`."""
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
    add = made.append
    tokens = _Tokens(written)

    def collection(value: Any) -> None:
        is_list = value.__class__ is list
        add(~(at + tokens.expect("[" if is_list else "{")))
        slot = len(made)
        add(0)
        for number, item in enumerate(value):
            if number:
                tokens.expect(",")
            child = item
            if not is_list:
                name = tokens.next()
                if name[2] != item or not name[3]:
                    raise _UnlikeError
                add(item)
                add(at + name.start(2))
                child = value[item]
            if child.__class__ in (list, dict):
                collection(child)
                continue
            scalar = tokens.next()
            if scalar[2] is None or scalar[3]:
                raise _UnlikeError
            add(at + scalar.start(2))
        tokens.expect("]" if is_list else "}")
        made[slot] = base + len(made)

    try:
        collection(value)
    except _UnlikeError:
        return None
    return made


def end(written: str, start: int) -> int | None:
    """Where the scalar ends that begins at an offset inside of brackets, if that is plain."""
    found = _pattern(_ALONE).match(written, start)
    return found.end() if found else None
