"""Patterns of paths, as gitignore(5) has them: `*`, `?`, `[a-z]` within a name, `**` across directories."""

from __future__ import annotations

import re
from functools import lru_cache

CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t\n\r\f\v",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}
"""Those of POSIX, which git and Go know, as they stand between brackets of Python."""
WILDCARDS = frozenset("*?[")
NEVER = re.compile(r"(?!)")
_LONGEST = 1 << 12
"""No path has more characters (Linux's PATH_MAX); expressions that ask for more take long to compile."""


def base_of(pattern: str) -> tuple[str, str]:
    """The directory in front of the first wildcard, and the pattern below it, empty without a wildcard."""
    steps = pattern.split("/")
    fixed = next((index for index, step in enumerate(steps) if WILDCARDS.intersection(step)), len(steps))
    base = "/".join(steps[:fixed]) or ("/" if pattern.startswith("/") else ".")
    return base, "/".join(steps[fixed:])


@lru_cache(maxsize=4096)
def compile_glob(pattern: str) -> re.Pattern[str]:
    """An expression whose fullmatch is git's wildmatch with WM_PATHNAME; it never matches if the pattern is broken.

    Every star takes the leftmost fit and keeps it (the trick of fnmatch.translate), so that matching is linear in
    the path whatever the pattern; that is also the right answer, because what follows a star is matched whole.
    """
    runs: list[list[str]] = [[]]
    groups = _Groups()
    try:
        for step in names_of(pattern):
            if len(step) > 1 and not step.strip("*"):  # three stars are two
                if len(runs) == 1 or runs[-1]:
                    runs.append([])
            else:
                runs[-1].append(step)
        parts = ["/".join(_name(step, groups) for step in run) for run in runs]
    except ValueError:
        return NEVER
    expression = parts[0]
    for index, part in enumerate(parts[1:], 1):
        slash = "/" if index > 1 or parts[0] else ""
        if index < len(parts) - 1:
            expression += slash + groups.keep(f"(?:[^/]+/)*?{part}(?=/)")
        elif runs[index]:
            # The last run must fit at the very end: skip directories until as many names are left as it has.
            names = len(runs[index]) - 1
            expression += f"{slash}(?:[^/]+/)*(?=[^/]+(?:/[^/]+){{{names}}}\\Z){part}"
        else:
            expression += f"{slash}.+"
    return re.compile(expression, re.DOTALL)


def covers(pattern: str, path: str) -> bool:
    """Whether a pattern matches a path, or a folder that the path is in, as git and shells have it."""
    inside = f"{pattern.rstrip('/')}/**"
    return bool(compile_glob(pattern).fullmatch(path) or compile_glob(inside).fullmatch(path))


def names_of(pattern: str) -> list[str]:
    """What stands between its slashes, of which one in brackets is none; ValueError if a bracket is not closed."""
    if "[" not in pattern:
        return pattern.split("/")
    found, begin, at = [], 0, 0
    while at < len(pattern):
        sign = pattern[at]
        at += 2 if sign == "\\" else 1
        if sign == "/":
            found.append(pattern[begin : at - 1])
            begin = at
        elif sign == "[":
            _, at = _bracket(pattern, at)
    return [*found, pattern[begin:]]


class _Groups:
    """Numbers for the groups that keep what a star took; `least` characters stand beside the stars."""

    __slots__ = ("count", "least")

    def __init__(self) -> None:
        self.count = self.least = 0

    def keep(self, expression: str) -> str:
        self.count += 1
        return f"(?=(?P<g{self.count}>{expression}))(?P=g{self.count})"


def _name(step: str, groups: _Groups) -> str:
    """The expression of one name of a path; ValueError if a bracket is not closed, or no path is as long."""
    fixed = [""]
    at = 0
    while at < len(step):
        sign = step[at]
        at += 1
        groups.least += sign != "*"
        if groups.least > _LONGEST:
            raise ValueError(step)
        if sign == "*":
            fixed.append("")
        elif sign == "?":
            fixed[-1] += "[^/]"
        elif sign == "[":
            expression, at = _bracket(step, at)
            fixed[-1] += expression
        else:
            if sign == "\\":
                if at == len(step):
                    raise ValueError(step)
                sign = step[at]
                at += 1
            fixed[-1] += re.escape(sign)
    if len(fixed) == 1:
        return fixed[0]
    middle = "".join(groups.keep(f"[^/]*?{part}") for part in fixed[1:-1] if part)
    return f"{fixed[0]}{middle}[^/]*{fixed[-1]}"


def _bracket(step: str, at: int) -> tuple[str, int]:
    """The expression of `[...]` whose inside begins at `at`, and the offset behind it."""
    begin = at
    negated = step[at : at + 1] in ("!", "^")
    at += negated
    inside = ""
    first, end = at, 0
    while True:
        if at >= len(step):
            raise ValueError(step[begin - 1 :])
        sign = step[at]
        if sign == "]" and at > first:
            break
        if step.startswith("[:", at):
            end = end if end >= at + 2 else step.find("]", at + 2)
            if end < 0 or (step[end - 1] == ":" and at + 2 < end and step[at + 2 : end - 1] not in CLASSES):
                raise ValueError(step[at:])
            if step[end - 1] == ":" and at + 2 < end:
                inside += CLASSES[step[at + 2 : end - 1]]
                at = end + 1
                continue
        low, at = _literal(step, at)
        inside += re.escape(low)
        if step[at : at + 1] == "-" and step[at + 1 : at + 2] not in ("", "]"):
            high, at = _literal(step, at + 1)
            if low <= high:
                inside += f"-{re.escape(high)}"
    return f"(?!/)[{'^' if negated else ''}{inside}]", at + 1


def _literal(step: str, at: int) -> tuple[str, int]:
    if step[at] == "\\":
        at += 1
    if at >= len(step):
        raise ValueError(step)
    return step[at], at + 1
