"""A document and the file it stands in: values, and the span of every key and value on demand.

A document holds no positions. Most are never asked for, so they would be most of its memory, and a third of the time
of reading: the first question about a place reads the text of that one document again. Hence a file's text and, for
each of its documents, `start`, `end`, `lined`, `complete` and `value` (plain data that JSON can hold) say everything,
as long as it is `portable`; a document that is not keeps what was found out when it was read with difficulty.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Literal

from callint.finding import Path, Span
from callint.record import NamedTuple

if TYPE_CHECKING:
    from callint.source.places import Places
    from callint.source.tree import Tree

Style = Literal["plain", "quoted", "block", "flow", "none"]

# Patterns are compiled when they are first needed, here and in the modules beside: in most runs few are.
_BREAK = r"\r\n|\n|\r"
_PROPERTY = r"(?:[&!][^\s,\[\]{}]*|!<[^>\s]*>)(?:[ \t]+|(?=\s|$))"
_FLOW = r"\[[^\[\]{}\"'#\r\n]*\]|\{[^\[\]{}\"'#\r\n]*\}"
_WORD = r"[^\s,\[\]{}]+"


class Comment(NamedTuple):
    """One YAML comment: its 1-based line and column, and its text from the `#` to the end of the line."""

    line: int
    column: int
    text: str


class SourceFile:
    """One file as text; `path` is relative to the working directory, with `/`, and safe to print as UTF-8."""

    __slots__ = ("_comments", "_line", "_starts", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        """Hold `text` as decoded, without a byte order mark."""
        self.path = path
        self.text = text
        self._starts: array[int] | None = None
        self._comments: tuple[Comment, ...] | None = None
        self._line = 0, ""

    @property
    def comments(self) -> tuple[Comment, ...]:
        """Every comment of the file in order; a `#` inside a quoted or block scalar is none. Read when first asked."""
        if self._comments is None:
            from callint.source.comments import find

            self._comments = tuple(Comment(*self.position(start), text) for start, text in find(self.text))
        return self._comments

    @property
    def starts(self) -> array[int]:
        r"""The offset of each line; lines end at `\n`, `\r\n` or `\r`, as editors count them."""
        if self._starts is None:
            self._starts = array("I", [0])
            self._starts.extend(match.end() for match in re.finditer(_BREAK, self.text))
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """The 1-based line and column of an offset."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of one line without its end; empty outside the file."""
        # Thousands of findings may point into one line, which may be as long as the file.
        if number != self._line[0]:
            self._line = number, self._cut(number)
        return self._line[1]

    def _cut(self, number: int) -> str:
        starts = self.starts
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    def span(self, start: int, end: int) -> Span:
        """The span between two offsets, moved into the text and widened to one character where there is one."""
        text = self.text
        if 0 <= start < end <= len(text) and text[end - 1] not in "\r\n":
            return self._span(start, end)
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
        return self._span(start, end)

    def _span(self, start: int, end: int) -> Span:
        starts = self.starts
        line = bisect_right(starts, start)
        column = start - starts[line - 1] + 1
        if line == len(starts) or end < starts[line]:
            return Span(self.path, line, column, line, column + end - start)
        return Span(self.path, line, column, *self.position(end))


class Document:
    """One YAML document or JSON value of a file.

    `value` is plain data typed as Go's YAML types it, with str keys; it must not be changed. `complete` is False if
    it holds only a part of what is written (a syntax error, a limit, a template). `index` counts the documents of
    the file from 0; its text stands between the offsets `start` and `end`, and is `lined` if `lines.read` read it.
    """

    __slots__ = ("_places", "_tree", "complete", "end", "file", "index", "lined", "source", "start", "value")

    def __init__(
        self,
        source: SourceFile,
        index: int,
        start: int,
        end: int,
        value: Any,
        *,
        lined: bool = False,
        complete: bool = True,
        tree: Tree | None = None,
    ) -> None:
        """`tree` is what the text was read to, if reading it once more would not give the same."""
        self.source = source
        self.file = source.path
        self.index = index
        self.start = start
        self.end = end
        self.value: Any = value
        self.lined = lined
        self.complete = complete
        self._tree = tree
        self._places: Places | None = None

    def __repr__(self) -> str:
        return f"<Document {self.index} of {self.file}>"

    @property
    def portable(self) -> bool:
        """Whether the text of the file and the public fields are all there is to know, so that a copy can be made."""
        return self._tree is None

    @property
    def text(self) -> str:
        """The document as it is written, without the separator lines around it."""
        return self.source.text[self.start : self.end]

    @property
    def first_line(self) -> int:
        """The first line of the document, comments before its first key included."""
        return self.source.position(self.start)[0]

    @property
    def last_line(self) -> int:
        """The last line that is not blank."""
        return self.source.position(self.start + max(0, len(self.text.rstrip()) - 1))[0]

    @property
    def places(self) -> Places:
        """The offset of every key and value."""
        if self._places is None:
            from callint.source.places import locate

            self._places = locate(self.text, self.value, self.lined, self._tree)
        return self._places

    def span(self, path: Path = (), key: bool = False) -> Span:
        """The place of the value at `path`, or of its key: always one small node, never a whole object.

        A scalar is itself, a mapping its first key, a list its first dash, or all of it if it is written `[...]` on
        one line; a value that is not written is its key. A path that does not exist gives the key of its nearest
        ancestor that does.
        """
        found = self.places.find(path)
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
        places = self.places
        found = places.find(path)
        if len(found) <= len(path) or not places.trace:
            return "none"
        node = found[-1][0]
        start = places.start(node)
        at = self._skip_properties(self.start + start)
        head = self.source.text[at : at + 1]
        if not places.is_scalar(node):
            return "flow" if head in "[{" else "block"
        if head in ("'", '"'):
            return "quoted"
        if head in ("|", ">"):
            return "block"
        return "plain" if places.end(start) > at - self.start else "none"

    def span_at(self, start: int) -> Span:
        """The span of the scalar that begins at an offset from the document's start, its anchor and tag left out."""
        text = self.source.text
        begin = self._skip_properties(self.start + start)
        end = self.start + self.places.end(start)
        if end <= begin:
            begin = self.start + start  # only an anchor or a tag is written
        if end <= begin:
            word = re.compile(_WORD).match(text, begin, self.end)
            end = word.end() if word and not self.places.begins(start) else begin
        while end > begin and text[end - 1] in " \t\r\n\x85\u2028\u2029":
            end -= 1
        return self.source.span(begin, end)

    def _node_span(self, node: int, key_start: int) -> Span:
        places = self.places
        if not places.trace:
            return self.source.span(self.start, self.start)
        start = places.start(node)
        if places.is_scalar(node):
            if key_start >= 0 and places.end(start) <= start:
                return self.span_at(key_start)
            return self.span_at(start)
        begin = self._skip_properties(self.start + start)
        head = self.source.text[begin : begin + 1]
        flow = re.compile(_FLOW).match(self.source.text, begin, self.end)
        if flow and (head == "[" or flow.end() == begin + 2):
            return self.source.span(begin, flow.end())
        first = places.first_key(node)
        if first >= 0:
            return self.span_at(first)
        return self.source.span(begin, begin + 1)

    def _skip_properties(self, at: int) -> int:
        """The offset behind the anchor and the tag that may stand before a node."""
        text = self.source.text
        while at < self.end and text[at] in "&!":
            match = re.compile(_PROPERTY).match(text, at, self.end)
            if match is None:
                break
            at = match.end()
        return at
