r"""Go's regular expressions, as CRDs write them, made safe and equal in Python.

RE2 is linear in the length of the text, Python's matcher is not; and spellings differ: flags in mid-pattern, `$` before
a final newline, `\d` beyond ASCII, and `\z` and `[[:alpha:]]`, which Python lacks (Go regexp/syntax).
"""

from __future__ import annotations

import re
from functools import lru_cache

from callint.source.globs import CLASSES

_MID_FLAGS = r"\(\?([is]+)\)"
_CLASS = r"(?s)\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|\$"
_NAMED = r"\[:(\^?\w+):\]"
_SETS = {**CLASSES, "ascii": r"\x00-\x7f", "word": "0-9A-Za-z_"}

LINEAR = {
    # `ms` is `m` and then `s`, so naming it twice makes 2^n ways to read `msmsms` (calico issue 13943)
    r"^(([0-9]*(\.[0-9]*)?(ms|s|h|m|us)+)+|Auto)$": r"^((([0-9]*(\.[0-9]*)?)(us|[smh]))+|Auto)$",
}
"""Patterns that take exponential time in a backtracking matcher, and an equal one that does not."""

PROVEN = frozenset(
    {
        *LINEAR.values(),
        r"^([0-9]+(\\.[0-9]+)?(ms|s|m|h))*$",
        r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))*$",
        r"^([a-zA-Z0-9%: /_-])*$",
        r"^([a-zA-Z0-9-_]+=(true|false|),)*([a-zA-Z0-9-_]+=(true|false|))?$",
        r"^([a-zA-Z0-9-_]+=([^=]+),)*([a-zA-Z0-9-_]+=([^=]+))?$",
        r"^(\d+):(\d+)$|^(\d+):(\d+):(\d+)$",
        r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
    }
)
"""Patterns of Calico that repeat groups and are linear all the same (the tests measure each of them)."""

LONGEST_TEXT = 4096
"""Longer text is not matched: no field with a pattern is meant to hold it."""

_SKIP = r"(?s)\\.|\[\^?\]?(?:\\.|[^\]\\])*\]"
_UNBOUNDED = r"[*+]|\{\d*,\}"


def bounded(pattern: str) -> bool:
    """Whether matching takes quadratic time at worst: proven, or anchored with two open repeats of one character.

    What a cluster's CRDs hold is not ours to trust; a pattern that fails here is not used.
    """
    if pattern in PROVEN:
        return True
    bare = re.sub(_SKIP, "x", pattern)
    repeats = [match.start() for match in re.finditer(_UNBOUNDED, bare)]
    return (
        bare.removeprefix("(?i:").startswith("^")
        and len(repeats) <= 2
        and not any(bare[at - 1] == ")" for at in repeats)
    )


def portable(pattern: str) -> str:
    """The same language in a form that Go, Python and ECMAScript (2025) read alike; flags become `(?i:…)`."""
    if pattern in LINEAR:
        return LINEAR[pattern]
    flags = re.search(_MID_FLAGS, pattern)
    if flags and pattern[: flags.start()] in ("", "^"):
        return f"(?{flags[1]}:{pattern[: flags.start()]}{pattern[flags.end() :]})"
    return pattern


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str] | None:
    """Compile for `search`; None for what Python cannot read, and then nothing is claimed about the text."""

    def same(match: re.Match[str]) -> str:
        if match[0] in ("$", r"\z"):
            return r"\Z"
        return re.sub(_NAMED, lambda name: _SETS[name[1]], match[0]) if "[:" in match[0] else match[0]

    try:
        return re.compile(re.sub(_CLASS, same, portable(pattern)), re.ASCII)
    except (KeyError, re.error, OverflowError, RecursionError):
        return None
