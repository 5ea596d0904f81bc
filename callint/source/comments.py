"""Where scalars end and where comments stand: a second look at the text, taken only when someone asks."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any

_CANDIDATE = re.compile(r"#[^\r\n]*")
_LINE_END = re.compile(r"\r\n|\n|\r|\Z")


def extents(text: str) -> Iterator[tuple[int, int]]:
    """Start and end offset of every scalar and alias of one document, as far as it can be read."""
    for start, end, _ in _scalars(text):
        yield start, end


def find(text: str) -> Iterator[tuple[int, str]]:
    """Offset and text of every comment of a file; where a document cannot be read, every ` #` counts as one."""
    if "#" not in text:
        return
    from callint.source.chunks import cut

    for chunk in cut(text):
        if chunk.separator >= 0:
            yield from _comments(text, chunk.separator, chunk.line_end, [])
        part = text[chunk.start : chunk.end]
        if "#" in part:
            # The header of a block scalar may carry a comment; its body may not.
            spans = [
                (chunk.start + (_line_end(part, start) if style in ("|", ">") else start), chunk.start + end)
                for start, end, style in _scalars(part)
                if style
            ]
            yield from _comments(text, chunk.start, chunk.end, spans)


def _comments(text: str, start: int, end: int, scalars: list[tuple[int, int]]) -> Iterator[tuple[int, str]]:
    at = start
    while match := _CANDIDATE.search(text, at, end):
        begin = match.start()
        index = bisect_right(scalars, (begin, len(text))) - 1
        if index >= 0 and begin < scalars[index][1]:
            at = scalars[index][1]
        elif begin and text[begin - 1] not in " \t\r\n\ufeff":
            at = begin + 1
        else:
            yield begin, match[0]
            at = match.end()


def _line_end(text: str, at: int) -> int:
    match = _LINE_END.search(text, at)
    return match.start() if match else len(text)


def _scalars(text: str) -> Iterator[tuple[int, int, str]]:
    from callint.source.libyaml import CParser, YAMLError, events

    try:
        get: Callable[[], Any] = CParser(text).get_event
        while True:
            event = get()
            kind = event.__class__
            if kind is events.ScalarEvent:
                yield event.start_mark.index, event.end_mark.index, event.style or ""
            elif kind is events.AliasEvent:
                yield event.start_mark.index, event.end_mark.index, ""
            elif kind in (events.DocumentEndEvent, events.StreamEndEvent):
                return
    except YAMLError:
        return
