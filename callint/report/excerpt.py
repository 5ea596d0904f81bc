"""A source line as it can be printed, and where under it the marks of a span belong."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from callint.record import NamedTuple
from callint.report.visible import LOG_COMMAND, escape

_TAB = 4
_CUT = "..."
NARROWEST = 20


class Excerpt(NamedTuple):
    """Printable text, and the marks' indent and length in terminal columns."""

    text: str
    indent: int
    length: int


def excerpt(line: str, start: int, stop: int, room: int) -> Excerpt:
    """Fit a line into `room` columns around the characters [start, stop), which are 0-based and may lie beyond its end.

    Work is bounded by `room`, whatever the line's length.
    """
    size = len(line)
    if size <= room and 0 <= start < stop <= size and _is_plain(line):
        return Excerpt(line, start, stop - start)
    room = max(room, NARROWEST)
    start = max(0, min(start, size))
    stop = max(start, min(stop, size))
    if size <= room and _is_plain(line):
        return Excerpt(line, start, max(1, stop - start))
    left, right = max(0, start - room), min(len(line), start + room)
    cells, edges = _cells(line[left:right])
    mark, end = edges[start - left], edges[min(stop, right) - left]
    whole = left == 0 and right == len(line)
    if whole and edges[-1] <= room:
        return Excerpt("".join(cells), mark, max(1, end - mark))
    first = 0
    if left > 0 or end > room - len(_CUT):
        first = bisect_left(edges, mark - room // 3)
    head = _CUT if left > 0 or first > 0 else ""
    budget = edges[first] + room - len(head) - len(_CUT)
    last = bisect_right(edges, budget) - 1
    tail = _CUT if last < len(cells) or right < len(line) else ""
    text = head + "".join(cells[first:last]) + tail
    return Excerpt(text, len(head) + mark - edges[first], max(1, min(end, edges[last]) - mark))


def _is_plain(text: str) -> bool:
    """Whether every character is printed as it is, in one column."""
    return text.isascii() and text.isprintable() and "##" not in text


def _cells(part: str) -> tuple[Sequence[str], Sequence[int]]:
    """What stands for each character, and the columns at which these begin, the last one's end too."""
    if _is_plain(part):
        return part, range(len(part) + 1)
    broken = {match.end() - 1 for match in re.finditer(LOG_COMMAND, part)}
    cells, edges = [], [0]
    for index, character in enumerate(part):
        if character == "\t":
            text = " " * (_TAB - edges[-1] % _TAB)
        elif index in broken:
            text = "\\["
        else:
            text = escape(character)
        cells.append(text)
        edges.append(edges[-1] + (len(text) if text.isascii() else _width(character)))
    return cells, edges


def _width(character: str) -> int:
    """Columns of a character that is not ASCII (Unicode standard annex 11; combining marks take none)."""
    import unicodedata

    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
