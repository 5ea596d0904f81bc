"""What Go reads and libyaml does not: the text is written another way, character for character, and read again."""

from __future__ import annotations

import re
from typing import Any

from callint.source.build import build
from callint.source.limits import Limits
from callint.source.scalars import Scalar, Typed
from callint.source.tree import Tree

_COLON = "\ue03a"
_ESCAPE = "\ue03b"
_QUOTED = r'(?s)(?:\\.|[^"\\])*'
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

    A plain text that ends with a colon inside brackets (`[fd00::]`) is one for goyaml.v2, and so is an escaped single
    quote in double quotes (scannerc.go).
    """
    tree: Tree | None = None
    if _COLON not in text and _ESCAPE not in text:
        for _ in range(min(_TRIES, _WORK // len(text))):
            again = _rewritten(text, error)
            if again is None:
                break
            text = again
            tree = build(text, _Colons(), limits, expanded)
            tree.reread = text
            error = tree.error
        if tree is not None and _ESCAPE in text:
            tree.trace[:] = [step.replace(_ESCAPE, "") if step.__class__ is str else step for step in tree.trace]
            tree.value = _unescaped(tree.value, {})
    return tree


def _rewritten(text: str, error: Any) -> str | None:
    """The text with other signs for those at which libyaml stopped, and for their like in the same scalar."""
    problem = str(getattr(error, "problem", ""))
    if "found unexpected ':'" in problem:
        at = error.problem_mark.index
        return f"{text[:at]}{_COLON}{text[at + 1 :]}"
    if "unknown escape character" in problem and text.startswith("\\'", at := error.problem_mark.index):
        rest = re.compile(_QUOTED).match(text, at)
        end = rest.end() if rest else at
        quoted = re.sub(r"(?s)\\(.)", lambda found: f"{_ESCAPE}'" if found[1] == "'" else found[0], text[at:end])
        return f"{text[:at]}{quoted}{text[end:]}"
    return None


def _unescaped(value: Any, done: dict[int, Any]) -> Any:
    """The value without the signs that stood for a backslash; what aliases share stays shared."""
    if isinstance(value, str):
        return value.replace(_ESCAPE, "")
    if id(value) not in done:
        if isinstance(value, list):
            done[id(value)] = [_unescaped(item, done) for item in value]
        elif isinstance(value, dict):
            done[id(value)] = {key.replace(_ESCAPE, ""): _unescaped(item, done) for key, item in value.items()}
    return done.get(id(value), value)
