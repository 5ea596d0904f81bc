"""The block style that most manifests are written in, read line by line, and only as far as nothing is in doubt.

Every line is blank, a comment, `key:`, `key: value`, `- value`, `- key:` or `- key: value`; a value ends on its line.
Where a document holds anything else, libyaml reads all of it (`build`); the tests hold both ways against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import isfinite
from sys import intern
from typing import Any

from callint.source.limits import Limits
from callint.source.scalars import MERGE, NUMBER_STARTS, SPECIAL, Typed, scalar

UNREAD: Any = object()
"""What `read` gives for a document that is not written this way."""

BEGINNING = r"(- +)?(?:([A-Za-z0-9_/][A-Za-z0-9_./-]*):(?: +|$))?"
"""The dash of an item and the key, if there are such, before a value."""
NEVER_PLAIN = frozenset("?:,[]{}#&*!|>'\"%@`")
"""With these begins no value that is plain text."""
_HEAD = re.compile(rf"( *){BEGINNING}")
_QUOTED = r"""(?:"([^"\\]*)"|'([^']*(?:''[^']*)*)')(?: +(?:#.*)?)?"""
_NETWORK = r"[0-9a-fA-F][0-9a-fA-F.:]*/[0-9]+"
_NETWORKS = rf"\n( *- ){_NETWORK}((?:\n\1{_NETWORK})+)(?=\n|\Z)"
_SIGNS_IN_TEXT = frozenset("\"'#")
_EMPTY: dict[str, type] = {"[]": list, "{}": dict}
_CONTAINERS = (list, dict)

_LONGEST_KEY = 1000
_DEEPEST = 60
_FLOW_DEPTH = 8
_MOST_PIECES = 64
_LONGEST_PIECE = 2000
_LONGEST_KEPT = 200
_MOST_KEPT = 8192
_MANY_NETWORKS = 8

_KEY, _ITEM, _ITEM_KEY = 0, 1, 2

Line = tuple[int, int, int, str, Any]
"""What stands on a line (_KEY, _ITEM or _ITEM_KEY), its column, the column of its key, the key, the value.

The value is UNREAD where none is written; an empty tuple stands for a line that says nothing.
"""


class Lines(dict[str, Any]):
    """A memo from the text of a line to what it says, a `Line`; None if the line alone does not tell."""

    __slots__ = ("deepest", "heads", "limits", "pieces", "typed")

    def __init__(self, typed: Typed, limits: Limits) -> None:
        """Start empty; `typed` is the memo of the scalars that libyaml reads."""
        super().__init__()
        self.typed = typed
        self.limits = limits
        self.deepest = min(_DEEPEST, limits.nesting) - _FLOW_DEPTH
        self.pieces = 0
        # What stands before a value: a line that is new mostly has a new value only.
        self.heads: dict[str, tuple[int, int, int, str]] = {}

    def __missing__(self, text: str) -> Line | tuple[()] | None:
        if len(self) >= _MOST_KEPT:
            self.clear()
        behind = (text.find(": ") + 1 or text.find("- ") + 1) + 1
        head = self.heads.get(text[:behind])
        line: Line | tuple[()] | None = None
        if head is not None and text.isprintable():
            written = text[behind:]
            if written and written[0] not in " #":
                value = self._value(written)
                if value is not UNREAD:
                    line = (*head, value)
        if line is None:
            line = self._line(text)
        if len(text) <= _LONGEST_KEPT and not (line and line[4].__class__ in _CONTAINERS):
            self[text] = line
        return line

    def _line(self, text: str) -> Line | tuple[()] | None:
        match = _HEAD.match(text)
        if match is None or not text.isprintable():
            return None
        indent, dash, key = match.groups()
        column = inner = len(indent)
        what = _KEY
        if dash is not None:
            inner += len(dash)
            what = _ITEM if key is None else _ITEM_KEY
        if key is not None and (len(key) > _LONGEST_KEY or scalar(key).__class__ is not str):
            return None
        head = (what, column, inner, intern(key or ""))
        written = text[match.end() :]
        if not written or written[0] == "#":
            if key is not None:
                return (*head, UNREAD)
            return None if dash else ()
        value = UNREAD if not key and not dash else self._value(written)
        if value is UNREAD:
            return None
        if len(self.heads) >= _MOST_KEPT:
            self.heads.clear()
        self.heads[text[: match.end()]] = head
        return (*head, value)

    def _value(self, written: str) -> Any:
        """The value that begins and must end on a line; UNREAD if it may not."""
        sign = written[0]
        if sign in NEVER_PLAIN:
            if sign in "\"'":
                quoted = re.fullmatch(_QUOTED, written)
                if quoted:
                    return quoted[1] if quoted[1] is not None else quoted[2].replace("''", "'")
            return self._piece(written) if sign in '"[{' else UNREAD
        if "#" in written:
            written = written.partition(" #")[0]
        if written[-1] == " ":
            written = written.rstrip(" ")
        if sign == "-" and written[1:2] in ("", " "):
            return UNREAD
        if ":" in written:
            return UNREAD if ": " in written or written[-1] == ":" else written
        if sign not in NUMBER_STARTS and written not in SPECIAL:
            return written
        value = scalar(written)
        odd = value is MERGE or (value.__class__ is float and not isfinite(value))
        return UNREAD if odd else value

    def _piece(self, written: str) -> Any:
        """A value in brackets, or in quotes with escapes; where it is not plain, libyaml reads it by itself."""
        if written in _EMPTY:
            return _EMPTY[written]()
        if len(written) > _LONGEST_PIECE or _depth(written) > _FLOW_DEPTH:
            return UNREAD
        if written[0] != '"':
            from callint.source.flow import read

            plain = read(written, self.typed)
            if plain is not None:
                return plain
        self.pieces += 1
        if self.pieces > _MOST_PIECES:
            return UNREAD
        from callint.source.build import build

        tree = build(written, self.typed, self.limits)
        right = {"[": list, "{": dict, '"': str}[written[0]]
        return UNREAD if tree.odd or tree.aliases or tree.value.__class__ is not right else tree.value


def _depth(written: str) -> int:
    """How deeply brackets are nested, at most."""
    signs = written.count("[") + written.count("{")
    if signs <= _FLOW_DEPTH or not _SIGNS_IN_TEXT.isdisjoint(written):
        return signs
    depth = deepest = 0
    for sign in re.findall(r"[\[\]{}]", written):
        depth += 1 if sign in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def read(text: str, lines: Lines) -> Any:
    """The value of a document, or UNREAD."""
    lines.pieces = 0
    deepest = lines.deepest
    # The innermost open collection, its column, whether it is a list; the key whose value is awaited, if any.
    holder: Any = {}
    column = -1
    in_list = False
    awaited: str | None = ""
    top = holder
    stack: list[tuple[Any, int, bool]] = []
    for part, more in _parts(text):
        for one in part.split("\n"):
            line = lines[one]
            if not line:
                if line is None:
                    return UNREAD
                continue
            what, indent, inner, key, value = line
            if awaited is not None:
                # The value of a key is indented more, but for a list, which may stand in the column of its key.
                if indent > column or (what and indent == column):
                    if len(stack) >= deepest:
                        return UNREAD
                    stack.append((holder, column, in_list))
                    in_list = what != _KEY
                    inside: Any = [] if in_list else {}
                    holder[awaited] = inside
                    holder, column = inside, indent
                awaited = None
            if indent != column:
                while indent < column:
                    holder, column, in_list = stack.pop()
                if indent != column:
                    return UNREAD
            if what:
                if not in_list:
                    return UNREAD
                if what == _ITEM:
                    holder.append(value)
                    continue
                if len(stack) >= deepest:
                    return UNREAD
                stack.append((holder, column, True))
                inside = {}
                holder.append(inside)
                holder, column, in_list = inside, inner, False
            elif in_list:
                holder, column, in_list = stack.pop()
                if column != indent:
                    return UNREAD
            if key in holder:
                return UNREAD
            if value is UNREAD:
                holder[key] = None
                awaited = key
            else:
                holder[key] = value
        if more:
            holder.extend(more)
    return UNREAD if awaited == "" else top[""]


def _parts(text: str) -> Iterator[tuple[str, Sequence[str]]]:
    """The text in parts, each with the items that follow the one on its last line: networks and nothing else."""
    done = 0
    if text.count("/") >= _MANY_NETWORKS:
        for run in re.finditer(_NETWORKS, text):
            begin, end = run.span(2)
            yield text[done:begin], text[begin + 1 + len(run[1]) : end].split(f"\n{run[1]}")
            done = end + 1
    yield text[done:], ()
