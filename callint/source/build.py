"""One YAML document to plain values and a trace of where each stands: a single pass over libyaml's events."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

from callint.finding import Path
from callint.record import NamedTuple
from callint.source.limits import Limits
from callint.source.scalars import MERGE, Mark, Scalar, Typed, key_text, tagged

DROPPED = Mark("\0")
"""Stands in the trace for a key that Go cannot read; its value is left out."""

_HOPELESS = 20_000
"""So many odd nodes beyond those that are told end the reading of a document."""

_NO_KEY: Any = object()
_OPEN: Any = object()
_Frame = tuple[Any, bool, Any, int, str | None]
_Here = tuple[list[_Frame], Any, bool, Any]


class Note(NamedTuple):
    """Something odd about one node: `start` is its offset, `first` the offset of the place that explains it, or -1."""

    kind: str
    start: int
    path: Path
    detail: str = ""
    first: int = -1


class Tree:
    """What one document became.

    `trace` lists the nodes in the order of the text. A scalar or an alias is its offset. A list or mapping is
    `~offset`, the trace index behind its end, then its items; in a mapping each item is led by the key and the key's
    offset (a key that is itself a list or mapping is an item of its own, under DROPPED). `aliases` leads from the
    trace index of an alias to that of its anchor. `expanded` counts the nodes that aliases stand for. `rest` is the
    offset where the document ended although something follows, or -1. `error` is the parser's, if it stopped.
    `unsaid` counts the notes beyond the limit. `reread` is the text that was read instead of the document's own, of
    the same length, if libyaml would not read that.
    """

    __slots__ = ("aliases", "complete", "error", "expanded", "notes", "reread", "rest", "trace", "unsaid", "value")

    def __init__(self, expanded: int, value: Any = None) -> None:
        """Start empty."""
        self.value = value
        self.trace: list[Any] = []
        self.aliases: dict[int, int] = {}
        self.notes: list[Note] = []
        self.error: Exception | None = None
        self.expanded = expanded
        self.rest = -1
        self.reread: str | None = None
        self.complete = True
        self.unsaid = 0

    @property
    def odd(self) -> bool:
        """Whether the limits, what stood before or behind, or another text than the document's own shaped this."""
        return not self.complete or bool(self.notes) or self.error is not None or self.rest >= 0 or bool(self.reread)


class _StopError(Exception):
    """Reading on would cost more than the limits allow."""


def build(text: str, typed: Typed, limits: Limits, expanded: int = 0) -> Tree:
    """Read the first document of `text`; never raises for what the text holds.

    The values are acyclic; their depth and the nodes that aliases stand for stay within `limits` (`expanded` of them
    are used up already). A key that comes twice: the last one wins, as for kubectl. Merges overwrite what stands
    before them, as in goyaml.v2 (decode.go).
    """
    from callint.source.libyaml import CParser, YAMLError, events

    scalar_event, alias_event = events.ScalarEvent, events.AliasEvent
    map_start, list_start = events.MappingStartEvent, events.SequenceStartEvent
    map_end, list_end = events.MappingEndEvent, events.SequenceEndEvent
    document_end, stream_end = events.DocumentEndEvent, events.StreamEndEvent

    tree = Tree(expanded)
    builder = _Builder(tree, typed, limits)
    add = tree.trace.append
    trace = tree.trace
    stack: list[_Frame] = []
    # The innermost open collection: itself, whether it is a mapping, the key whose value is awaited, where its end is
    # to be written in the trace, its anchor.
    cur: Any = []
    is_map = False
    key = _NO_KEY
    slot = 0
    anchor: str | None = None
    root = cur
    event: Any = None
    kind: Any = None
    anchored = "&" in text
    asking = "?" in text
    escaping = "\\/" in text
    flow = 0  # how many of the open collections are in brackets, counted where it matters
    deepest = limits.nesting

    try:
        get = CParser(text).get_event
        while True:
            event = get()
            kind = event.__class__
            if kind is scalar_event:
                value = event.value
                if event.tag is not None:
                    value = builder.tagged(event, (stack, cur, is_map, key))
                elif event.implicit[0]:
                    value = typed[value]
                    if flow and "?" in event.value:
                        builder.refused(event, "?", (stack, cur, is_map, key))
                elif escaping and event.style == '"' and _slash(text, event):
                    builder.refused(event, "\\/", (stack, cur, is_map, key))
                if anchored and event.anchor is not None:
                    # The node is its offset, which stands behind the name if it is a key.
                    builder.anchors[event.anchor] = value, len(trace) + (is_map and key is _NO_KEY), 1
            elif kind is map_start or kind is list_start:
                if len(stack) >= deepest:
                    builder.note("nesting-limit", event.start_mark.index, (stack, cur, is_map, key))
                    raise _StopError
                if is_map and key is _NO_KEY:
                    add(DROPPED)
                    add(event.start_mark.index)
                stack.append((cur, is_map, key, slot, anchor))
                if asking and (flow or event.flow_style):
                    flow += 1
                is_map = kind is map_start
                cur = {} if is_map else []
                key = _NO_KEY
                add(~event.start_mark.index)
                slot = len(trace)
                add(0)
                anchor = event.anchor if anchored else None
                if anchor is not None:
                    builder.anchors[anchor] = _OPEN, slot, tree.expanded
                continue
            elif kind is map_end or kind is list_end:
                value = cur
                trace[slot] = len(trace)
                if anchor is not None:
                    builder.close(anchor, value, slot)
                inner = slot
                if flow:
                    flow -= 1
                cur, is_map, key, slot, anchor = stack.pop()
                if not is_map:
                    cur.append(value)
                elif key is _NO_KEY:
                    key = builder.key(value, ~trace[inner - 1], slot, (stack, cur, is_map, key))
                    add(key)
                    add(~trace[inner - 1])
                else:
                    if key is MERGE:
                        builder.merge(value, trace[inner - 2], slot, (stack, cur, is_map, key))
                    else:
                        cur[key] = value
                    key = _NO_KEY
                continue
            elif kind is alias_event:
                value = builder.alias(event, (stack, cur, is_map, key))
            elif kind is document_end:
                tree.rest = event.end_mark.index
                if get().__class__ is stream_end:
                    tree.rest = -1
                break
            elif kind is stream_end:
                break
            else:
                continue

            if not is_map:
                cur.append(value)
            elif key is _NO_KEY:
                if value.__class__ is not str or value in cur:
                    value = builder.key(value, event.start_mark.index, slot, (stack, cur, is_map, key))
                key = value
                add(value)
            else:
                if key is MERGE:
                    builder.merge(value, trace[-1], slot, (stack, cur, is_map, key))
                else:
                    cur[key] = value
                key = _NO_KEY
            add(event.start_mark.index)
    except _StopError:
        tree.complete = False
    except YAMLError as error:
        tree.error = error
        if key is _NO_KEY and kind is scalar_event and (_runs_into(event, error) or _cut_short(event, error, text)):
            # A plain text swallowed the beginning of the line that cannot be read, or ends where it should go on.
            if is_map:
                cur.pop(trace[-3], None)  # its key, if that is one and no merge
            else:
                cur.pop()
            trace.pop()
    while stack:
        tree.complete = False
        value = cur
        trace[slot] = len(trace)
        inner = slot
        cur, is_map, key, slot, anchor = stack.pop()
        if not is_map:
            cur.append(value)
        elif key is MERGE:
            builder.merge(value, trace[inner - 2], slot, (stack, cur, is_map, key))
        elif key is not _NO_KEY:
            cur[key] = value
    builder.finish(root)
    return tree


class _Builder:
    """What the loop needs only now and then: anchors, merges and keys that are not strings."""

    __slots__ = ("anchors", "holed", "limits", "merged", "tree", "typed")

    def __init__(self, tree: Tree, typed: Typed, limits: Limits) -> None:
        self.tree = tree
        self.typed = typed
        self.limits = limits
        # name -> value, trace index, number of nodes; while it is still open: _OPEN, its slot, nodes expanded before
        self.anchors: dict[str, tuple[Any, int, int]] = {}
        self.merged: dict[int, set[str]] = {}
        self.holed: list[dict[str, Any]] = []

    def note(
        self, kind: str, start: int, here: _Here, detail: str = "", key: str | None = None, slot: int = -1
    ) -> None:
        """Note something about the node that is being read, or about its key; `slot` asks for the key's first place."""
        if len(self.tree.notes) < self.limits.problems:
            path = _path(*here) if key is None else (*_path(*here), key)
            first = _first(self.tree.trace, slot, detail) if slot >= 0 else -1
            self.tree.notes.append(Note(kind, start, path, detail, first))
        else:
            self.tree.unsaid += 1
            if self.tree.unsaid == _HOPELESS:
                raise _StopError

    def tagged(self, event: Any, here: _Here) -> Scalar:
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

    def refused(self, event: Any, sign: str, here: _Here) -> None:
        """Note a scalar that libyaml reads and Go does not, for the sign in it (goyaml.v2 scannerc.go)."""
        self.note("syntax-error", event.start_mark.index, here, sign)

    def close(self, anchor: str, value: Any, slot: int) -> None:
        opened, at, before = self.anchors[anchor]
        if opened is _OPEN and at == slot:
            size = len(self.tree.trace) - slot + self.tree.expanded - before
            self.anchors[anchor] = value, slot - 1, size

    def alias(self, event: Any, here: _Here) -> Any:
        tree, start, name = self.tree, event.start_mark.index, event.anchor
        known = self.anchors.get(name)
        if known is None or known[0] is _OPEN:
            self.note("unknown-alias" if known is None else "recursive-alias", start, here, name)
            tree.complete = False
            return None
        value, target, size = known
        tree.expanded += size
        if tree.expanded > self.limits.alias_nodes:
            self.note("alias-bomb", start, here, name)
            raise _StopError
        tree.aliases[len(tree.trace)] = target
        return value

    def key(self, value: Scalar | list[Any] | dict[str, Any], start: int, slot: int, here: _Here) -> str:
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

    def merge(self, value: Any, start: int, slot: int, here: _Here) -> None:
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


def _slash(text: str, event: Any) -> bool:
    """Whether a text in double quotes holds an escaped slash."""
    written = text[event.start_mark.index : event.end_mark.index]
    return "/" in re.findall(r"(?s)\\(.)", written)


def _runs_into(event: Any, error: Any) -> bool:
    """Whether a scalar began on an earlier line and reaches into the line where the parser stopped."""
    mark = getattr(error, "problem_mark", None)
    return mark is not None and event.start_mark.line < mark.line == event.end_mark.line


def _cut_short(event: Any, error: Any, text: str) -> bool:
    """Whether a plain text inside brackets ended at an opening bracket, as `app in {'a'}` does."""
    mark = getattr(error, "problem_mark", None)
    return mark is not None and event.implicit[0] and text[mark.index : mark.index + 1] in ("{", "[")


def _path(stack: list[_Frame], cur: Any, is_map: bool, key: Any) -> Path:
    """The way from the root to the node that is being read; to its mapping, if the node is a key."""
    frames = [*((frame[0], frame[1], frame[2]) for frame in stack[1:]), (cur, is_map, key)] if stack else []
    steps = [awaited if mapping else len(holder) for holder, mapping, awaited in frames]
    return tuple(str(step) if isinstance(step, Mark) else step for step in steps if step is not _NO_KEY)


def _first(trace: list[Any], slot: int, key: str) -> int:
    """The offset of the first `key` of the mapping whose items begin behind `slot`, or -1 if it was merged in."""
    at = slot + 1
    while at < len(trace):
        if trace[at] == key and trace[at] is not MERGE:
            return int(trace[at + 1])
        at = trace[at + 3] if trace[at + 2] < 0 else at + 3
    return -1
