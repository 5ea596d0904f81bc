"""Where a finding stands, as the programs that match reports with a repository want it."""

from __future__ import annotations

import posixpath

from callint.finding import Span


def rooted(file: str, prefix: str) -> str:
    """The path from the repository's root, without `./`; `prefix` is the directory that `file` is relative to."""
    return posixpath.normpath(posixpath.join(prefix, file)) if file else file


def last_line(span: Span) -> int:
    """The last line of which the span holds something: an end at column 1 touches none of its own line."""
    return span.end_line - 1 if span.end_column == 1 and span.end_line > span.line else max(span.line, span.end_line)
