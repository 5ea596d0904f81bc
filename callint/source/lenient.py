"""What Go reads and libyaml does not: the text is written another way, character for character, and read again."""

from __future__ import annotations

import re
from typing import Any

from callint.source.build import Tree, build
from callint.source.limits import Limits
from callint.source.scalars import Scalar, Typed

_COLON = "\ue03a"
_TRIES = 64
_WORK = 2_000_000
"""Characters that may be read again in all, so that a hostile document costs no more than a large one."""

_ESCAPE = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)


class _Colons(Typed):
    """Plain scalars in which another sign stands for a colon."""

    __slots__ = ()

    def __missing__(self, text: str) -> Scalar:
        if _COLON not in text:
            return super().__missing__(text)
        value = super().__missing__(self.text(text))
        self[text] = value
        return value

    def text(self, written: str) -> str:
        return written.replace(_COLON, ":")


def read_as_go(text: str, error: Any, limits: Limits, expanded: int, json: bool = False) -> Tree | None:
    """The tree of a document at which libyaml stopped with `error`, read as far as Go reads it; None if not further.

    A plain text that ends with a colon inside brackets (`[fd00::]`) is one for goyaml.v2 (scannerc.go). In JSON, for
    which kubectl has another decoder, surrogates may be escaped, and a colon stand on another line than its key.
    """
    if json:
        text = _ESCAPE.sub(_join, re.sub(r"[\t\r\n]", " ", text))
        joined = build(text, Typed(), limits, expanded)
        joined.reread = text
        return joined if joined.error is None else None
    tree: Tree | None = None
    if _COLON not in text:
        for _ in range(min(_TRIES, _WORK // len(text))):
            if "found unexpected ':'" not in str(getattr(error, "problem", "")):
                break
            at = error.problem_mark.index
            text = f"{text[:at]}{_COLON}{text[at + 1 :]}"
            tree = build(text, _Colons(), limits, expanded)
            tree.reread = text
            error = tree.error
    return tree


def _join(match: re.Match[str]) -> str:
    """The character that two escapes mean, behind an escaped line break, which is nothing, of the length they had."""
    if match[3]:
        return "\\ufffd"
    if match[1] is None:
        return match[0]
    sign = bytes.fromhex(match[1] + match[2]).decode("utf-16-be")
    return f"\\\n{' ' * 9}{sign}"
