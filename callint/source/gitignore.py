"""The lines of one .gitignore, and which of them decides about a path (gitignore(5))."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from callint.source.globs import NEVER, compile_glob, names_of

_FEW = 50
"""Of so few rules each is asked; finding out which need not be would take longer."""
_MOST_WILD = 1 << 18
_MOST_ALIKE = 1 << 12
"""Characters of rules with wildcards: in all, and of those that are asked about the same paths."""
_GRAM = 3
BYTES = "latin-1"
"""Git compares bytes: that is a character for each."""
_WILD = re.compile(r"[*?\[\]\\]")
_NOT_NOTHING = r"(\A|(?<=/))\*\*+\\/"
"""Stars that match one name at least, since the slash behind them is escaped (wildmatch.c)."""
_ESCAPED = r"(?s)\\(.)"


class UnboundedError(Exception):
    """Rules with which paths could be compared without end; the text says which."""


class Rule:
    """One line of a .gitignore."""

    __slots__ = ("_compiled", "_only_directories", "_pattern", "line", "negated", "of_name", "wild")

    def __init__(self, line: str, pattern: str, negated: bool, only_directories: bool) -> None:
        """Compile nothing yet: most rules of a long file are never needed."""
        self.line = line
        self.of_name = "/" not in pattern
        self.wild = len(pattern) if _WILD.search(pattern) else 0
        self._pattern = pattern.removeprefix("/")
        self._compiled: re.Pattern[str] | None = None
        if self.wild and not self.of_name:
            self._pattern = re.sub(_ESCAPED, _plain_slash, re.sub(_NOT_NOTHING, r"\1*/**/", self._pattern))
            if self._pattern.startswith("/"):
                self._compiled = NEVER  # so no path begins
        self._only_directories = only_directories
        self.negated = negated

    def fits(self, path: str, name: str, is_directory: bool) -> bool:
        """Whether the rule is about an entry: a path from the directory of the file, and its last name."""
        if self._only_directories and not is_directory:
            return False
        text = name if self.of_name else path
        if not self.wild:
            return text == self._pattern
        if self._compiled is None:
            self._compiled = compile_glob(self._pattern)
        return self._compiled.fullmatch(text) is not None

    def needs(self) -> Iterator[str]:
        """Texts that every path holds that it is about: names, and three letters of names with wildcards."""
        try:
            steps = names_of(self._pattern)
        except ValueError:  # it is about none
            return
        for step in filter(None, steps):
            if not _WILD.search(step):
                yield step
            elif "[" not in step and "\\" not in step:
                for fragment in re.split(r"[*?]", step):
                    yield from _grams(fragment)


def _plain_slash(escaped: re.Match[str]) -> str:
    return "/" if escaped[1] == "/" else escaped[0]


def _grams(text: str) -> Iterator[str]:
    return (text[at : at + _GRAM] for at in range(len(text) - _GRAM + 1))


class Rules:
    """The rules of one file, the last first; of many, each is found by the rarest of its keys."""

    __slots__ = ("_by_key", "_of_names", "_rules")

    def __init__(self, text: bytes) -> None:
        """Raises UnboundedError."""
        lines = dict.fromkeys(reversed(text.decode(BYTES).split("\n")))  # of equal lines the last decides
        self._rules = tuple(rule for line in lines if (rule := _rule(line)) is not None)
        if sum(rule.wild for rule in self._rules) > _MOST_WILD:
            raise UnboundedError(f"its patterns with wildcards have more than {_MOST_WILD} characters")
        self._by_key = _indexed(self._rules) if len(self._rules) > _FEW else None
        self._of_names = all(rule.of_name for rule in self._rules)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def deciding(self, path: str, name: str, is_directory: bool) -> Rule | None:
        """The last rule about an entry; None if there is none."""
        if not path.isascii():
            path, name = os.fsencode(path).decode(BYTES), os.fsencode(name).decode(BYTES)
        for rule in self._near(name if self._of_names else path):
            if rule.fits(path, name, is_directory):
                return rule
        return None

    def _near(self, path: str) -> Iterator[Rule]:
        """The rules that may be about a path, or about a name if all are."""
        if self._by_key is None:
            return iter(self._rules)
        keys = {None, *path.split("/"), *_grams(path)}
        return map(self._rules.__getitem__, sorted(place for key in keys for place in self._by_key.get(key, ())))


def _indexed(rules: Sequence[Rule]) -> dict[str | None, list[int]]:
    """The places of rules by key, None without one."""
    found: dict[str | None, list[int]] = {}
    alike: Counter[str | None] = Counter()
    common = Counter(key for rule in rules for key in rule.needs())
    for place, rule in enumerate(rules):
        key = min(rule.needs(), key=common.__getitem__, default=None)
        found.setdefault(key, []).append(place)
        alike[key] += rule.wild
    if max(alike.values()) > _MOST_ALIKE:
        raise UnboundedError(f"more than {_MOST_ALIKE} characters of patterns with wildcards have no name to tell them")
    return found


def _rule(line: str) -> Rule | None:
    text = line.removesuffix("\r")
    stripped = text.rstrip(" ")
    if len(stripped) < len(text) and (len(stripped) - len(stripped.rstrip("\\"))) % 2:
        stripped += " "  # an escaped blank belongs to the name
    if not stripped or stripped[0] == "#":
        return None
    negated = stripped[0] == "!"
    pattern = stripped[negated:]
    only_directories = pattern.endswith("/")
    pattern = pattern.removesuffix("/")
    return Rule(line, pattern, negated, only_directories) if pattern.removeprefix("/") else None
