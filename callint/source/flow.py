"""Values in brackets on one line, read and located without libyaml where they are plain beyond doubt.

Plain are words, and texts in quotes without escapes. Where anything else stands (anchors, tags, what is left out or
joined without a blank), libyaml has to look.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from callint.source.scalars import Typed

_WORD = r"""[A-Za-z0-9_./][^\s,\[\]{}:?#"']*(?::+[^\s,\[\]{}:?#"']+)*"""
_SCALAR = rf"""(?:"[^"\\]*"|'[^']*'|{_WORD}(?: +{_WORD})*)"""
_TOKEN = rf" *(?:([\[\]{{}},])|({_SCALAR})(:(?= ))?)"
_ALONE = rf"{_SCALAR}(?= *[,\]}}]|: )"
_ENTRY = rf" *[{{,] *({_WORD}): +({_SCALAR})(?= *[,}}])"
_ITEM = rf" *[\[,] *()({_SCALAR})(?= *[,\]])"
_END = r" *[\]}] *(?:(?<= )#.*)?$"

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
    """The value of a list or mapping of nothing but scalars; None for any other, and for an empty one."""
    items = _flat(written)
    if not items:
        return None
    is_list = written[0] == "["
    listed: list[Any] = []
    named: dict[str, Any] = {}
    for item in items:
        key, text = item.groups()
        value = text[1:-1] if text[0] in "\"'" else typed[text]
        if is_list:
            listed.append(value)
        else:
            name = typed[key]
            if name.__class__ is not str or name in named or len(key) > _LONGEST_KEY:
                return None
            named[name] = value
    if typed.odd:
        typed.odd = False
        return None
    return listed if is_list else named


class _UnlikeError(Exception):
    """This is not written as plainly as that."""


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
    take = _pattern(_TOKEN).match
    done = 0

    def token() -> re.Match[str]:
        nonlocal done
        found = take(written, done)
        if found is None:
            raise _UnlikeError
        done = found.end()
        return found

    def expect(sign: str) -> int:
        found = token()
        if found[1] != sign:
            raise _UnlikeError
        return at + found.start(1)

    def collection(value: Any) -> None:
        is_list = value.__class__ is list
        add(~expect("[" if is_list else "{"))
        slot = len(made)
        add(0)
        for number, item in enumerate(value):
            if number:
                expect(",")
            child = item
            if not is_list:
                name = token()
                if name[2] != item or not name[3]:
                    raise _UnlikeError
                add(item)
                add(at + name.start(2))
                child = value[item]
            if child.__class__ in (list, dict):
                collection(child)
                continue
            scalar = token()
            if scalar[2] is None or scalar[3]:
                raise _UnlikeError
            add(at + scalar.start(2))
        expect("]" if is_list else "}")
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
