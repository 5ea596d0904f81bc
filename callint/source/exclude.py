"""What a configuration leaves out: patterns as in a .gitignore that lies in its folder."""

from __future__ import annotations

import os
from collections.abc import Sequence

from callint.source.gitignore import BYTES, Rules


class Excluded:
    """Patterns of files and folders that nobody is to read, and which of them were of use so far."""

    __slots__ = ("_folder", "_lines", "_rules", "_used")

    def __init__(self, folder: str, patterns: Sequence[str]) -> None:
        """Raises UnboundedError."""
        self._folder = _real(folder) + "/" if patterns else ""
        text = [pattern.encode(errors="replace") for pattern in patterns]
        self._lines = [line.decode(BYTES).split("\n") for line in text]
        self._rules = Rules(b"\n".join(text))
        self._used: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._rules)

    def place(self, path: str) -> str:
        """Where a file or folder lies, for `holds`; links to files are not followed."""
        folder, name = os.path.split(os.path.abspath(path))
        return _real(path) if os.path.isdir(path) or not name else f"{_real(folder)}/{name}"

    def holds(self, place: str, is_directory: bool) -> bool:
        """Whether the last pattern about a file or folder leaves it out, whatever becomes of the folders around it."""
        if not place.startswith(self._folder):
            return False
        below = place[len(self._folder) :]
        rule = self._rules.deciding(below, below.rpartition("/")[2], is_directory)
        if rule is None:
            return False
        self._used.add(rule.line)
        return not rule.negated

    def reaches(self, path: str) -> bool:
        """Whether a path, or a folder that it lies in, is left out."""
        place = self.place(path) if self else ""
        ends = [at for at in range(len(self._folder), len(place)) if place[at] == "/"]
        around = any(self.holds(place[:at], is_directory=True) for at in ends)
        return around or (len(place) > len(self._folder) and self.holds(place, os.path.isdir(path)))

    @property
    def of_use(self) -> bool:
        """Whether any pattern decided about anything so far."""
        return bool(self._used)

    def unused(self) -> list[int]:
        """The places of patterns that decided about nothing so far."""
        return [at for at, lines in enumerate(self._lines) if self._used.isdisjoint(lines)]


def _real(folder: str) -> str:
    """Where a folder lies, to be followed by a slash."""
    return os.path.realpath(folder).replace(os.sep, "/").rstrip("/")


NOTHING = Excluded("", ())
"""Nothing is left out."""
