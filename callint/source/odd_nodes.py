"""The nodes of a document that are not plain: tags, anchors, merges, and keys that are not strings."""

from __future__ import annotations

from math import isfinite
from typing import Any

from callint.finding import Path
from callint.source.limits import Limits
from callint.source.scalars import MERGE, Mark, Scalar, Typed, key_text, tagged
from callint.source.tree import DROPPED, Note, Tree

_HOPELESS = 20_000
"""So many odd nodes beyond those that are told end the reading of a document."""

NO_KEY: Any = object()
"""Stands for the key of a mapping whose next node is a key."""
OPEN: Any = object()
"""Stands for the value of an anchor whose collection is still open."""
Frame = tuple[Any, bool, Any, int, str | None]
"""An open collection: itself, whether it is a mapping, the key whose value is awaited, its slot, its anchor."""
Here = tuple[list[Frame], Any, bool, Any]
"""Where reading is: the collections around the innermost one, and the first three things about that one."""


class StopError(Exception):
    """Reading on would cost more than the limits allow."""


class OddNodes:
    """What reading needs only now and then: anchors, merges and keys that are not strings."""

    __slots__ = ("anchors", "holed", "limits", "merged", "tree", "typed")

    def __init__(self, tree: Tree, typed: Typed, limits: Limits) -> None:
        self.tree = tree
        self.typed = typed
        self.limits = limits
        # name -> value, trace index, number of nodes; while it is still open: OPEN, its slot, nodes expanded before
        self.anchors: dict[str, tuple[Any, int, int]] = {}
        self.merged: dict[int, set[str]] = {}
        self.holed: list[dict[str, Any]] = []

    def note(self, kind: str, start: int, here: Here, detail: str = "", key: str | None = None, slot: int = -1) -> None:
        """Note something about the node that is being read, or about its key; `slot` asks for the key's first place."""
        if len(self.tree.notes) < self.limits.problems:
            path = _path(*here) if key is None else (*_path(*here), key)
            first = _first(self.tree.trace, slot, detail) if slot >= 0 else -1
            self.tree.notes.append(Note(kind, start, path, detail, first))
        else:
            self.tree.unsaid += 1
            if self.tree.unsaid == _HOPELESS:
                raise StopError

    def tagged(self, event: Any, here: Here) -> Scalar:
        start, tag, text = event.start_mark.index, event.tag, event.value
        try:
            value = tagged(tag, text, self.typed)
        except ValueError:
            self.note("wrong-tag", start, here, tag)
            self.tree.complete = False
            return str(text)
        if tag[0] == "!" and (tag != "!" or not event.style):
            self.note("lost-tag", start, here, tag)
        return value

    def refused(self, event: Any, sign: str, here: Here) -> None:
        """Note a scalar that libyaml reads and Go does not, for the sign in it (goyaml.v2 scannerc.go)."""
        self.note("syntax-error", event.start_mark.index, here, sign)

    def close(self, anchor: str, value: Any, slot: int) -> None:
        opened, at, before = self.anchors[anchor]
        if opened is OPEN and at == slot:
            size = len(self.tree.trace) - slot + self.tree.expanded - before
            self.anchors[anchor] = value, slot - 1, size

    def alias(self, event: Any, here: Here) -> Any:
        tree, start, name = self.tree, event.start_mark.index, event.anchor
        known = self.anchors.get(name)
        if known is None or known[0] is OPEN:
            self.note("unknown-alias" if known is None else "recursive-alias", start, here, name)
            tree.complete = False
            return None
        value, target, size = known
        tree.expanded += size
        if tree.expanded > self.limits.alias_nodes:
            self.note("alias-bomb", start, here, name)
            raise StopError
        tree.aliases[len(tree.trace)] = target
        return value

    def key(self, value: Scalar | list[Any] | dict[str, Any], start: int, slot: int, here: Here) -> str:
        """The key that Go makes of `value`; notes what is odd about it."""
        if value is MERGE:
            return MERGE
        if value.__class__ is not str:
            name = None if isinstance(value, (dict, list)) else key_text(value)
            if name is None:
                self.note("complex-key" if isinstance(value, (dict, list)) else "null-key", start, here)
                self.tree.complete = False
                self.holed.append(here[1])
                return DROPPED
            self.note("non-string-key", start, here, name, key=name)
            value = name
        if value in here[1]:
            implied = self.merged.get(slot)
            if implied and value in implied:
                implied.discard(value)
            else:
                self.note("duplicate-key", start, here, str(value), key=str(value), slot=slot)
        return str(value)

    def merge(self, value: Any, start: int, slot: int, here: Here) -> None:
        """Merge a mapping, or a list of them of which the first wins, over what the open mapping holds so far.

        Go takes no alias of a list (goyaml.v2 decode.go).
        """
        cur = here[1]
        parts = value if isinstance(value, list) and len(self.tree.trace) not in self.tree.aliases else [value]
        implied = self.merged.setdefault(slot, set())
        for part in reversed(parts):
            if not isinstance(part, dict):
                self.note("bad-merge", start, here)
                self.tree.complete = False
                continue
            clash = next((name for name in part if name in cur and name not in implied), None)
            if clash is not None:
                self.note("merge-overwrites", start, here, clash, slot=slot)
            cur.update(part)
            implied.update(part)

    def finish(self, root: list[Any]) -> None:
        for mapping in self.holed:
            mapping.pop(DROPPED, None)
        if self.typed.odd:
            self.typed.odd = False
            self.settle(root)
        self.tree.value = root[0] if root else None

    def settle(self, root: list[Any]) -> None:
        """Make strings of `<<` values and note the numbers that JSON has no word for."""
        seen: set[int] = set()
        todo: list[tuple[Any, Path]] = [(root, ())]
        while todo:
            holder, path = todo.pop()
            if id(holder) in seen:
                continue
            seen.add(id(holder))
            for step, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
                if value is MERGE:
                    holder[step] = "<<"
                elif isinstance(value, (dict, list)):
                    todo.append((value, (*path, step)))
                elif isinstance(value, float) and not isfinite(value) and len(self.tree.notes) < self.limits.problems:
                    self.tree.notes.append(Note("no-number", -1, (*path, step)[1:]))


def _path(stack: list[Frame], cur: Any, is_map: bool, key: Any) -> Path:
    """The way from the root to the node that is being read; to its mapping, if the node is a key."""
    frames = [*((frame[0], frame[1], frame[2]) for frame in stack[1:]), (cur, is_map, key)] if stack else []
    steps = [awaited if mapping else len(holder) for holder, mapping, awaited in frames]
    return tuple(str(step) if isinstance(step, Mark) else step for step in steps if step is not NO_KEY)


def _first(trace: list[Any], slot: int, key: str) -> int:
    """The offset of the first `key` of the mapping whose items begin behind `slot`, or -1 if it was merged in."""
    at = slot + 1
    while at < len(trace):
        if trace[at] == key and trace[at] is not MERGE:
            return int(trace[at + 1])
        at = trace[at + 3] if trace[at + 2] < 0 else at + 3
    return -1
