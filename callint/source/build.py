"""One YAML document to plain values and a trace of where each stands: a single pass over libyaml's events."""

from __future__ import annotations

import re
from typing import Any

from callint.source.limits import Limits
from callint.source.odd_nodes import NO_KEY, OPEN, Frame, OddNodes, StopError
from callint.source.scalars import MERGE, Typed
from callint.source.tree import DROPPED, Tree


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
    odd = OddNodes(tree, typed, limits)
    add = tree.trace.append
    trace = tree.trace
    stack: list[Frame] = []
    # The innermost open collection: itself, whether it is a mapping, the key whose value is awaited, where its end is
    # to be written in the trace, its anchor.
    cur: Any = []
    is_map = False
    key = NO_KEY
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
                    value = odd.tagged(event, (stack, cur, is_map, key))
                elif event.implicit[0]:
                    value = typed[value]
                    if flow and "?" in event.value:
                        odd.refused(event, "?", (stack, cur, is_map, key))
                elif escaping and event.style == '"' and _slash(text, event):
                    odd.refused(event, "\\/", (stack, cur, is_map, key))
                if anchored and event.anchor is not None:
                    # The node is its offset, which stands behind the name if it is a key.
                    odd.anchors[event.anchor] = value, len(trace) + (is_map and key is NO_KEY), 1
            elif kind is map_start or kind is list_start:
                if len(stack) >= deepest:
                    odd.note("nesting-limit", event.start_mark.index, (stack, cur, is_map, key))
                    raise StopError
                if is_map and key is NO_KEY:
                    add(DROPPED)
                    add(event.start_mark.index)
                stack.append((cur, is_map, key, slot, anchor))
                if asking and (flow or event.flow_style):
                    flow += 1
                is_map = kind is map_start
                cur = {} if is_map else []
                key = NO_KEY
                add(~event.start_mark.index)
                slot = len(trace)
                add(0)
                anchor = event.anchor if anchored else None
                if anchor is not None:
                    odd.anchors[anchor] = OPEN, slot, tree.expanded
                continue
            elif kind is map_end or kind is list_end:
                value = cur
                trace[slot] = len(trace)
                if anchor is not None:
                    odd.close(anchor, value, slot)
                inner = slot
                if flow:
                    flow -= 1
                cur, is_map, key, slot, anchor = stack.pop()
                if not is_map:
                    cur.append(value)
                elif key is NO_KEY:
                    key = odd.key(value, ~trace[inner - 1], slot, (stack, cur, is_map, key))
                    add(key)
                    add(~trace[inner - 1])
                else:
                    if key is MERGE:
                        odd.merge(value, trace[inner - 2], slot, (stack, cur, is_map, key))
                    else:
                        cur[key] = value
                    key = NO_KEY
                continue
            elif kind is alias_event:
                value = odd.alias(event, (stack, cur, is_map, key))
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
            elif key is NO_KEY:
                if value.__class__ is not str or value in cur:
                    value = odd.key(value, event.start_mark.index, slot, (stack, cur, is_map, key))
                key = value
                add(value)
            else:
                if key is MERGE:
                    odd.merge(value, trace[-1], slot, (stack, cur, is_map, key))
                else:
                    cur[key] = value
                key = NO_KEY
            add(event.start_mark.index)
    except StopError:
        tree.complete = False
    except YAMLError as error:
        tree.error = error
        if key is NO_KEY and kind is scalar_event and (_runs_into(event, error) or _cut_short(event, error, text)):
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
            odd.merge(value, trace[inner - 2], slot, (stack, cur, is_map, key))
        elif key is not NO_KEY:
            cur[key] = value
    odd.finish(root)
    return tree


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
