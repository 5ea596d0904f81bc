"""Where everything stands in a document that was read line by line (`lines`): asked for long after, if at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from callint.source.limits import UNLIMITED
from callint.source.lines import BEGINNING, NEVER_PLAIN
from callint.source.scalars import Typed

_ENTRY = rf"(?m)^ *(?=[^ #\n]){BEGINNING}([^\n]*)"


def trace(text: str, value: Any) -> list[Any]:
    """Where everything stands in a text that `read` made `value` of; the form is that of `tree.Tree`.

    Raises something or other if it did not.
    """
    made: list[Any] = []
    entries = _entry().finditer(text)
    _add(made, value, next(entries), entries)
    return made


def _add(made: list[Any], value: Any, entry: re.Match[str], entries: Iterator[re.Match[str]]) -> None:
    """Add a list or mapping whose first item stands on the line of `entry`."""
    is_list = value.__class__ is list
    start = entry.start(1 if is_list else 2)
    if start < 0:
        raise ValueError("this is not the value of the text")
    add = made.append
    add(~start)
    slot = len(made)
    add(0)
    for step, child in enumerate(value) if is_list else value.items():
        if len(made) > slot + 1:
            entry = next(entries)
        if is_list:
            if entry[2] is not None:
                _add(made, child, entry, entries)
                continue
        else:
            add(step)
            add(entry.start(2))
        written = entry[3]
        if not written or written[0] == "#":
            if child is None:
                add(entry.end(2) + 1)
            else:
                _add(made, child, next(entries), entries)
        elif written[0] in "[{":
            _append(made, written, child, entry.start(3))
        else:
            add(entry.start(3))
    made[slot] = len(made)


def ends(text: str, start: int) -> dict[int, int]:
    """Where scalars end that stand on the line of the one at `start`, that one too, in a text that `read` has read."""
    entry = _entry().match(text, text.rfind("\n", 0, start) + 1)
    if entry is None:
        return {}
    found = {entry.start(2): entry.end(2)}
    begin, written = entry.start(3), entry[3]
    sign = written[:1]
    if not sign or sign == "#":
        found[entry.end(2) + 1] = entry.end(2) + 1
    elif sign in NEVER_PLAIN:
        if sign in "[{" and start > begin:
            from callint.source.flow import end

            behind = end(written, start - begin)
            if behind is not None:
                return {start: begin + behind}
        from callint.source.comments import extents

        found.update((begin + first, begin + behind) for first, behind in extents(written))
    else:
        found[begin] = begin + len(written.partition(" #")[0].rstrip(" "))
    return found


@cache
def _entry() -> re.Pattern[str]:
    return re.compile(_ENTRY)


def _append(made: list[Any], written: str, value: Any, at: int) -> None:
    """The trace of a value in brackets, which begins at an offset."""
    from callint.source import flow

    plain = flow.trace(written, value, at, len(made))
    if plain is not None:
        made += plain
        return
    from callint.source.build import build

    tree = build(written, Typed(), UNLIMITED)
    base = len(made)
    slot = -1
    for index, entry in enumerate(tree.trace):
        if index == slot:
            made.append(entry + base)
        elif entry.__class__ is not int:
            made.append(entry)
        elif entry < 0:
            made.append(entry - at)
            slot = index + 1
        else:
            made.append(entry + at)
