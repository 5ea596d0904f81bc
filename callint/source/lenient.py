"""What Go reads and libyaml does not: the text is written another way, character for character, and read again."""

from __future__ import annotations

from typing import Any

from callint.source.build import build
from callint.source.limits import Limits
from callint.source.scalars import Scalar, Typed
from callint.source.tree import Tree

_COLON = "\ue03a"
_TRIES = 64
_WORK = 2_000_000
"""Characters that may be read again in all, so that a hostile document costs no more than a large one."""


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


def read_as_go(text: str, error: Any, limits: Limits, expanded: int) -> Tree | None:
    """The tree of a document at which libyaml stopped with `error`, read as far as Go reads it; None if not further.

    A plain text that ends with a colon inside brackets (`[fd00::]`) is one for goyaml.v2 (scannerc.go).
    """
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
