"""A file cut into documents at its separator lines, where kubectl cuts it (apimachinery pkg/util/yaml/decoder.go)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from callint.record import NamedTuple

_SEPARATOR = re.compile(r"---[^\r\n]*")


class Chunk(NamedTuple):
    """The text between two separators, as offsets into the file.

    `separator` is the offset of the separator line before it, or -1; `line_end` the end of that line; `crowded` says
    that the line holds more than dashes and a comment.
    """

    start: int
    end: int
    separator: int = -1
    line_end: int = -1
    crowded: bool = False


def cut(text: str) -> Iterator[Chunk]:
    """The chunks of a file in order, empty ones included.

    A line that begins with `---` always ends a document: no scalar of YAML can hold one, and kubectl's reader does
    not look further. What else stands on such a line belongs to the document that it begins, as YAML has it.
    """
    separator, line_end, crowded, start = -1, -1, False, 0
    for match in _SEPARATOR.finditer(text):
        begin, end = match.span()
        if begin and text[begin - 1] not in "\r\n":
            continue
        rest = text[begin + 3 : end]
        content = rest.strip()
        first = not begin
        if first and rest and rest[0] not in " \t":
            continue
        if not first:
            yield Chunk(start, begin, separator, line_end, crowded)
        separator, line_end = begin, end
        spaced = not rest or rest[0] in " \t"
        if not content or content[0] == "#":
            start, crowded = _next_line(text, end), False
        else:
            start, crowded = (begin if spaced else _next_line(text, end)), not first
    yield Chunk(start, len(text), separator, line_end, crowded)


def _next_line(text: str, end: int) -> int:
    return end + 2 if text.startswith("\r\n", end) else min(end + 1, len(text))
