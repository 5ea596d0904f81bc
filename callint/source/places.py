"""Where the nodes of one document stand, found when the first of them is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from callint.finding import Path, Step
from callint.source.limits import UNLIMITED
from callint.source.line_places import ends, trace
from callint.source.scalars import MERGE, Typed
from callint.source.tree import Tree


def locate(text: str, value: Any, lined: bool, tree: Tree | None) -> Places:
    """The places of the document that `text` is, whose value is known, and the tree too if it is an odd one."""
    if lined:
        # where somebody has put another value into the cache
        with suppress(StopIteration, AttributeError, ValueError):
            return Places(text, trace(text, value), {}, lined)
    if tree is None:
        from callint.source.build import build

        tree = build(text, Typed(), UNLIMITED)
    return Places(tree.reread or text, tree.trace, tree.aliases)


class Places:
    """The trace of one document (`Tree`) as a map from paths to offsets, counted from the document's start."""

    __slots__ = ("_aliases", "_ends", "_extents", "_lined", "_maps", "_reached", "_text", "trace")

    def __init__(self, text: str, trace: list[Any], aliases: Mapping[int, int], lined: bool = False) -> None:
        """`text` is what was read to make `trace`, line by line or not; no trace means that nothing of it was."""
        self.trace = trace
        self._aliases = aliases
        self._text = text
        self._lined = lined
        self._maps: dict[int, dict[Step, tuple[int, int]]] = {}
        # Ends are found by reading the text again, as far as the last one that was asked for.
        self._ends: dict[int, int] = {}
        self._extents: Iterator[tuple[int, int]] | None = None
        self._reached = -1

    def find(self, path: Path) -> list[tuple[int, int]]:
        """Trace index of each node from the root along `path` as far as it exists, with its key's offset or -1."""
        item = (0, -1)
        found = [item]
        if not self.trace:
            return found
        maps = self._maps
        for step in path:
            node = item[0]
            items = maps[node] if node in maps else self._items(node)
            if step not in items:
                break
            item = items[step]
            found.append(item)
        return found

    def start(self, node: int) -> int:
        """The offset of the node at a trace index."""
        start: int = self.trace[node]
        return start if start >= 0 else ~start

    def is_scalar(self, node: int) -> bool:
        """Whether a scalar or an alias stands at a trace index, not a list or mapping."""
        return bool(self.trace[node] >= 0)

    def first_key(self, node: int) -> int:
        """The offset of the first key of the mapping at a trace index; -1 if it has none, or is a list."""
        inside = node + 2
        return self.trace[inside + 1] if inside < len(self.trace) and isinstance(self.trace[inside], str) else -1

    def end(self, start: int) -> int:
        """The offset behind the scalar or alias that begins at `start`; `start` itself where none is written."""
        if self._lined:
            if start not in self._ends:
                self._ends.update(ends(self._text, start))
            return self._ends.get(start, start)
        if self._extents is None:
            from callint.source.comments import extents

            self._extents = extents(self._text)
        if self._reached <= start:
            for begin, end in self._extents:
                self._ends[begin] = max(end, self._ends.get(begin, 0))
                self._reached = begin
                if begin > start:
                    break
            else:
                self._reached = len(self._text)
        return self._ends.get(start, start)

    def begins(self, start: int) -> bool:
        """Whether a scalar or an alias was read at an offset whose end was asked for."""
        return start in self._ends

    def _items(self, node: int) -> dict[Step, tuple[int, int]]:
        """The items of the list or mapping at a trace index: step to trace index and offset of the key, or -1."""
        trace = self.trace
        node = self._aliases.get(node, node)
        known = self._maps.get(node)
        if known is not None:
            return known
        items: dict[Step, tuple[int, int]] = {}
        self._maps[node] = items
        if trace[node] >= 0:
            return items
        at, end = node + 2, trace[node + 1]
        mapping = at < end and isinstance(trace[at], str)
        while at < end:
            if not mapping:
                items[len(items)] = at, -1
            elif at + 2 >= end:
                break
            else:
                key, start = trace[at], trace[at + 1]
                at += 2
                if key is MERGE:
                    self._merge(items, at)
                else:
                    items[key] = at, start
            at = at + 1 if trace[at] >= 0 else trace[at + 1]
        return items

    def _merge(self, items: dict[Step, tuple[int, int]], node: int) -> None:
        """Take over the items of a merged mapping, or of a list of them, as the values were merged."""
        node = self._aliases.get(node, node)
        merged = self._items(node)
        if 0 in merged:
            for index in sorted((step for step in merged if isinstance(step, int)), reverse=True):
                items.update(self._items(merged[index][0]))
        else:
            items.update(merged)
