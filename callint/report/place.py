"""Where something stands, as people read it and as programs match it with a repository."""

from __future__ import annotations

import posixpath
from functools import lru_cache
from typing import Any

from callint.finding import ObjectRef, Span
from callint.record import NamedTuple


class Place(NamedTuple):
    """Part of an object: a JSON pointer into it, and where that stands."""

    object: ObjectRef
    path: str
    span: Span


def aside(place: Place | None) -> str:
    """The file and line behind a sentence, `  (file:line)`; "" for no place; not yet made harmless."""
    return f"  ({place.span.file}:{place.span.line})" if place else ""


def row(place: Place | None) -> dict[str, Any] | None:
    """The place as JSON data, as schemas/routes.json and schemas/trace.json describe it."""
    if place is None:
        return None
    about = place.object
    named = {"apiVersion": about.api_version, "kind": about.kind, "namespace": about.namespace, "name": about.name}
    return {"object": named, "path": place.path, **place.span._asdict()}


@lru_cache(maxsize=1024)
def rooted(file: str, prefix: str) -> str:
    """The path from the repository's root, without `./`; `prefix` is the directory that `file` is relative to."""
    return posixpath.normpath(posixpath.join(prefix, file)) if file else file


def last_line(span: Span) -> int:
    """The last line of which the span holds something: an end at column 1 touches none of its own line."""
    return span.end_line - 1 if span.end_column == 1 and span.end_line > span.line else max(span.line, span.end_line)
