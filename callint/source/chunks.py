"""A file cut into documents at its separator lines, where kubectl cuts it (apimachinery pkg/util/yaml/decoder.go)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from callint.record import NamedTuple

_SEPARATOR = re.compile(r"---[^\n]*")
_BLANKS = " \t\r"
"""What may stand behind dashes that begin a document; where they end one, kubectl takes any space."""


class Chunk(NamedTuple):
    """The text between two separators, as offsets into the file.

    `separator` is the offset of the separator line before it, or -1; `line_end` the end of that line; `crowded` says
    that the line holds more than dashes and a comment. `explicit` says that no document ends at that line, so that it
    is the first line of this one for kubectl.
    """

    start: int
    end: int
    separator: int = -1
    line_end: int = -1
    crowded: bool = False
    explicit: bool = False


def cut(text: str, start: int = 0) -> Iterator[Chunk]:
    """The chunks of a file in order from an offset on, empty ones included.

    A line that begins with `---` always ends a document: no scalar of YAML can hold one, and kubectl's reader does
    not look further; for it, only a line feed ends a line. What else stands on such a line belongs to the document that
    it begins, as YAML has it, for which `---#` begins a text, too.
    """
    first = start
    separator, line_end, crowded, explicit = -1, -1, False, False
    for match in _SEPARATOR.finditer(text, start):
        begin, end = match.span()
        if begin > first and text[begin - 1] != "\n":
            continue
        if begin > first:
            yield Chunk(start, begin, separator, line_end, crowded, explicit)
        separator, line_end, explicit = begin, end, begin == start and not explicit
        rest = text[begin + 3 : end]
        content = rest.strip(_BLANKS) if explicit else rest.strip()
        crowded = bool(content) and content[0] != "#"
        kept = rest[0] in " \t" if crowded else explicit and rest[:1] == "#"
        start = begin if kept else min(end + 1, len(text))
    yield Chunk(start, len(text), separator, line_end, crowded, explicit)
