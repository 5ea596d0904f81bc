"""A document and the file it stands in: values, and the span of every key and value on demand."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from callint.finding import Path, Span, Step
from callint.source.scalars import MERGE

if TYPE_CHECKING:
    from callint.source.build import Tree

Style = Literal["plain", "quoted", "block", "flow", "none"]

_BREAK = re.compile(r"\r\n|\n|\r")
_PROPERTY = re.compile(r"(?:[&!][^\s,\[\]{}]*|!<[^>\s]*>)(?:[ \t]+|(?=\s|$))")
_LOCAL_TAG = re.compile(r"!(?!!)[^\s,\[\]{}]+")
_FLOW = re.compile(r"\[[^\[\]{}\"'#\r\n]*\]|\{[^\[\]{}\"'#\r\n]*\}")
_WORD = re.compile(r"[^\s,\[\]{}]+")


class Comment(NamedTuple):
    """One YAML comment: its 1-based line and column, and its text from the `#` to the end of the line."""

    line: int
    column: int
    text: str


class SourceFile:
    """One file as text; `path` is relative to the working directory, with `/`, and safe to print as UTF-8."""

    __slots__ = ("_comments", "_starts", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        """Hold `text` as decoded, without a byte order mark."""
        self.path = path
        self.text = text
        self._starts: list[int] | None = None
        self._comments: tuple[Comment, ...] | None = None

    @property
    def comments(self) -> tuple[Comment, ...]:
        """Every comment of the file in order; a `#` inside a quoted or block scalar is none. Read when first asked."""
        if self._comments is None:
            from callint.source.comments import find

            self._comments = tuple(Comment(*self.position(start), text) for start, text in find(self.text))
        return self._comments

    @property
    def starts(self) -> list[int]:
        r"""The offset of each line; lines end at `\n`, `\r\n` or `\r`, as editors count them."""
        if self._starts is None:
            self._starts = [0, *(match.end() for match in _BREAK.finditer(self.text))]
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """The 1-based line and column of an offset."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of one line without its end; empty outside the file."""
        starts = self.starts
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    def span(self, start: int, end: int) -> Span:
        """The span between two offsets, moved into the text and widened to one character where there is one."""
        text = self.text
        start = min(max(start, 0), len(text))
        end = min(end, len(text))
        while end > start and text[end - 1] in "\r\n":
            end -= 1
        if end <= start:
            while start and (start == len(text) or text[start] in "\r\n") and text[start - 1] in " \t\r\n":
                start -= 1
            if start and (start == len(text) or text[start] in "\r\n"):
                start -= 1
            end = start + 1 if start < len(text) and text[start] not in "\r\n" else start
        return Span(self.path, *self.position(start), *self.position(end))


class Document:
    """One YAML document or JSON value of a file.

    `value` is plain data typed as Go's YAML types it, with str keys; it must not be changed. `complete` is False if
    it holds only a part of what is written (a syntax error, a limit, a template). `index` counts the documents of
    the file from 0.
    """

    __slots__ = (
        "_end",
        "_ends",
        "_extents",
        "_maps",
        "_reached",
        "_start",
        "_tree",
        "complete",
        "file",
        "index",
        "source",
        "value",
    )

    def __init__(self, source: SourceFile, index: int, start: int, end: int, tree: Tree) -> None:
        """Hold what `tree` says about the text of `source` between two offsets."""
        self.source = source
        self.file = source.path
        self.index = index
        self.value: Any = tree.value
        self.complete = tree.complete
        self._start = start
        self._end = end
        self._tree = tree
        self._maps: dict[int, dict[Step, tuple[int, int]]] = {}
        # Ends are found by reading the text again, as far as the last one that was asked for.
        self._ends: dict[int, int] = {}
        self._extents: Iterator[tuple[int, int]] | None = None
        self._reached = -1

    def __repr__(self) -> str:
        return f"<Document {self.index} of {self.file}>"

    @property
    def text(self) -> str:
        """The document as it is written, without the separator lines around it."""
        return self.source.text[self._start : self._end]

    @property
    def first_line(self) -> int:
        """The first line of the document, comments before its first key included."""
        return self.source.position(self._start)[0]

    @property
    def last_line(self) -> int:
        """The last line that is not blank."""
        return self.source.position(self._start + max(0, len(self.text.rstrip()) - 1))[0]

    def span(self, path: Path = (), key: bool = False) -> Span:
        """The place of the value at `path`, or of its key: always one small node, never a whole object.

        A scalar is itself, a mapping its first key, a list its first dash, or all of it if it is written `[...]` on
        one line; a value that is not written is its key. A path that does not exist gives the key of its nearest
        ancestor that does.
        """
        found = self._find(path)
        if len(found) <= len(path):
            key = True
        if key:
            for _, start in reversed(found):
                if start >= 0:
                    return self.span_at(start)
        node, start = found[-1]
        return self._node_span(node, start)

    def style(self, path: Path = ()) -> Style:
        """How the value at `path` is written; `none` if there is no such path or nothing is written there."""
        found = self._find(path)
        if len(found) <= len(path) or not self._tree.trace:
            return "none"
        node = found[-1][0]
        start = self._tree.trace[node]
        text = self.source.text
        at = self._skip_properties(self._start + (start if start >= 0 else ~start))
        head = text[at : at + 1]
        if start < 0:
            return "flow" if head in "[{" else "block"
        if head in ("'", '"'):
            return "quoted"
        if head in ("|", ">"):
            return "block"
        return "plain" if self._end_of(start) > at - self._start else "none"

    def lost_tag(self, path: Path = ()) -> str:
        """The local tag (`!has(x)`) before the value at `path`, which Go drops; an empty string if there is none."""
        found = self._find(path)
        if len(found) <= len(path) or not self._tree.trace:
            return ""
        start = self._tree.trace[found[-1][0]]
        match = _LOCAL_TAG.match(self.source.text, self._start + (start if start >= 0 else ~start))
        return match[0] if match else ""

    def span_at(self, start: int) -> Span:
        """The span of the scalar that begins at an offset from the document's start, its anchor and tag left out."""
        begin = self._skip_properties(self._start + start)
        end = self._start + self._end_of(start)
        if end <= begin:
            begin = self._start + start  # only an anchor or a tag is written
        if end <= begin:
            word = _WORD.match(self.source.text, begin, self._end)
            end = word.end() if word and start not in self._ends else begin
        text = self.source.text
        while end > begin and text[end - 1] in " \t\r\n\x85\u2028\u2029":
            end -= 1
        return self.source.span(begin, end)

    def _node_span(self, node: int, key_start: int) -> Span:
        trace = self._tree.trace
        if not trace:
            return self.source.span(self._start, self._start)
        start = trace[node]
        if start >= 0:
            if key_start >= 0 and self._end_of(start) <= start:
                return self.span_at(key_start)
            return self.span_at(start)
        begin = self._skip_properties(self._start - start - 1)
        head = self.source.text[begin : begin + 1]
        flow = _FLOW.match(self.source.text, begin, self._end)
        if flow and (head == "[" or flow.end() == begin + 2):
            return self.source.span(begin, flow.end())
        if node + 2 < len(trace) and isinstance(trace[node + 2], str):
            return self.span_at(trace[node + 3])
        return self.source.span(begin, begin + 1)

    def _find(self, path: Path) -> list[tuple[int, int]]:
        """Trace index of each node from the root along `path` as far as it exists, with its key's offset or -1."""
        found = [(0, -1)]
        if not self._tree.trace:
            return found
        node = 0
        for step in path:
            item = self._items(node).get(step)
            if item is None:
                break
            node = item[0]
            found.append(item)
        return found

    def _items(self, node: int) -> dict[Step, tuple[int, int]]:
        """The items of the list or mapping at a trace index: step to trace index and offset of the key, or -1."""
        trace = self._tree.trace
        node = self._tree.aliases.get(node, node)
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
        node = self._tree.aliases.get(node, node)
        merged = self._items(node)
        if 0 in merged:
            for index in sorted((step for step in merged if isinstance(step, int)), reverse=True):
                items.update(self._items(merged[index][0]))
        else:
            items.update(merged)

    def _skip_properties(self, at: int) -> int:
        """The offset behind the anchor and the tag that may stand before a node."""
        text = self.source.text
        while at < self._end and text[at] in "&!":
            match = _PROPERTY.match(text, at, self._end)
            if match is None:
                break
            at = match.end()
        return at

    def _end_of(self, start: int) -> int:
        """The offset behind the scalar or alias that begins at `start`, both counted from the document's start."""
        if self._extents is None:
            from callint.source.comments import extents

            self._extents = extents(self._tree.reread or self.text)
        if self._reached <= start:
            for begin, end in self._extents:
                self._ends[begin] = max(end, self._ends.get(begin, 0))
                self._reached = begin
                if begin > start:
                    break
            else:
                self._reached = len(self.source.text)
        return self._ends.get(start, start)
