"""Values in brackets on one line, and where each scalar of them stands: seen without libyaml where that is plain.

What is inside is known already. Only words, and texts in quotes without escapes, are looked for; where anything else
stands (comments, anchors, what is left out or joined without a blank), libyaml has to read the value once more.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_WORD = r"""[A-Za-z0-9_./][^\s,\[\]{}:#"']*(?::+[^\s,\[\]{}:#"']+)*"""
_SCALAR = rf"""(?:"[^"\\]*"|'[^']*'|{_WORD}(?: +{_WORD})*)"""
_TOKEN = rf" *(?:([\[\]{{}},])|({_SCALAR})(:(?= ))?)"
_ALONE = rf"{_SCALAR}(?= *[,\]}}]|: )"


class _UnlikeError(Exception):
    """This is not written as plainly as that."""


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def trace(written: str, value: Any, at: int, base: int) -> list[Any] | None:
    """The trace of a list or mapping (`build.Tree`), or None; its offsets count from `at`, its indexes from `base`."""
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
