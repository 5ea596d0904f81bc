"""What git leaves out: .gitignore files read as git reads them (gitignore(5)), without running git.

Running git in a tree that nobody trusts would run what its configuration names (core.fsmonitor, for one). The answer
would also depend on whether git is there and on the settings of whoever runs it: those are not read here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from callint.record import NamedTuple
from callint.source.files import NotRegularError, TooLargeError, read_regular
from callint.source.gitignore import Rules, UnboundedError

_RULES_LIMIT = 1 << 20
_INDEX_LIMIT = 1 << 28


class Fate(Enum):
    """What becomes of an entry of a directory."""

    KEPT = 0
    IGNORED = 1
    ONLY_TRACKED = 2
    """An ignored directory: what was added to the index all the same is kept."""


class Level(NamedTuple):
    """The rules of one file, and the path from its directory down to the current one, empty or ending with `/`."""

    rules: Rules
    below: str


class Ignored:
    """The rules that hold for the entries of one directory, the nearest level last."""

    __slots__ = ("below", "index", "levels", "only_tracked", "refused")

    def __init__(
        self,
        levels: tuple[Level, ...],
        below: str,
        index: Index | None,
        only_tracked: bool = False,
        refused: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`below` is the path from the root of the work tree, `index` None outside of one.

        `refused` are the files whose rules do not hold, and why.
        """
        self.levels = levels
        self.refused = refused
        self.below = below
        self.index = index
        self.only_tracked = only_tracked

    @classmethod
    def nothing(cls) -> Ignored:
        """No rules at all."""
        return cls((), "", None)

    @classmethod
    def above(cls, directory: str) -> Ignored:
        """The rules that the directories above `directory` set for it; none outside a git work tree."""
        path = os.path.realpath(directory)
        parents: list[str] = []
        while not os.path.lexists(os.path.join(path, ".git")):
            parent = os.path.dirname(path)
            if parent == path:
                return cls.nothing()
            path = parent
            parents.append(parent)
        state = cls.nothing()
        for parent in reversed(parents):
            state = state.inside(parent, {".git", ".gitignore"} if parent == path else {".gitignore"}, Fate.KEPT)
        return state

    def inside(self, directory: str, names: set[str], fate: Fate) -> Ignored:
        """The rules for the entries (`names`) of a directory that lies in the one these rules are for."""
        refused = dict(self.refused)
        if ".git" in names:
            home = _git_directory(directory)
            common = os.path.join(home, _line(os.path.join(home, "commondir")) or "")
            excluded = Level(_rules(os.path.join(common, "info", "exclude"), refused), "")
            levels: tuple[Level, ...] = (excluded,)
            below, index, only_tracked = "", Index(home), False
        elif self.index is None:
            return self
        else:
            step = os.path.basename(os.path.realpath(directory)) + "/"
            levels = tuple(Level(level.rules, level.below + step) for level in self.levels)
            below, index = self.below + step, self.index
            only_tracked = self.only_tracked or fate is Fate.ONLY_TRACKED
        if ".gitignore" in names:
            levels = (*levels, Level(_rules(os.path.join(directory, ".gitignore"), refused), ""))
        return Ignored(tuple(level for level in levels if level.rules), below, index, only_tracked, refused)

    def fate(self, name: str, is_directory: bool) -> Fate:
        """What becomes of the entry `name`."""
        if self.index is None or not (self.only_tracked or self._matches(name, is_directory)):
            return Fate.KEPT
        if is_directory:
            return Fate.ONLY_TRACKED if self.index.has_below(self.below + name) else Fate.IGNORED
        return Fate.KEPT if self.index.has(self.below + name) else Fate.IGNORED

    def _matches(self, name: str, is_directory: bool) -> bool:
        """Whether the last rule that fits, the nearest level first, ignores the entry."""
        for rules, below in reversed(self.levels):
            rule = rules.deciding(below + name, name, is_directory)
            if rule is not None:
                return not rule.negated
        return False


class Index:
    """The paths that are tracked: the git index, read when it is first needed (gitformat-index(5))."""

    __slots__ = ("_directories", "_home", "_paths")

    def __init__(self, home: str) -> None:
        """`home` is the directory that holds the file `index`."""
        self._home = home
        self._paths: set[bytes] | None = None
        self._directories: set[bytes] | None = None

    def has(self, path: str) -> bool:
        """Whether a file is tracked."""
        return os.fsencode(path) in self._tracked()

    def has_below(self, directory: str) -> bool:
        """Whether any file below a directory is tracked."""
        if self._directories is None:
            self._directories = set()
            for path in self._tracked():
                above = path.rpartition(b"/")[0]
                while above and above not in self._directories:
                    self._directories.add(above)
                    above = above.rpartition(b"/")[0]
        return os.fsencode(directory) in self._directories

    def _tracked(self) -> set[bytes]:
        if self._paths is None:
            try:
                self._paths = set(_index_paths(read_regular(os.path.join(self._home, "index"), _INDEX_LIMIT)))
            except (OSError, ValueError, NotRegularError, TooLargeError, IndexError):
                self._paths = set()
        return self._paths


def _index_paths(data: bytes) -> list[bytes]:
    """The paths of an index of version 2, 3 or 4; ValueError or IndexError if it is none."""
    version = int.from_bytes(data[4:8], "big")
    if data[:4] != b"DIRC" or version not in (2, 3, 4):
        raise ValueError(version)
    # 62 bytes of times, modes, a SHA-1 and flags lead to the path; a SHA-256 is not told from it by the index itself.
    paths: list[bytes] = []
    at = 12
    path = b""
    for _ in range(int.from_bytes(data[8:12], "big")):
        start = at + 62 + (2 if version > 2 and data[at + 60] & 0x40 else 0)
        if version == 4:
            cut = 0
            while True:
                byte = data[start]
                start += 1
                cut |= byte & 0x7F
                if not byte & 0x80:
                    break
                cut = (cut + 1) << 7
            end = data.index(b"\0", start)
            path = path[: len(path) - cut] + data[start:end]
            at = end + 1
        else:
            end = data.index(b"\0", start)
            path = data[start:end]
            at += (end - at + 8) & ~7
        paths.append(path)
    return paths


def _rules(path: str, refused: dict[str, str]) -> Rules:
    """The rules of a file; none if it cannot be read or is a symbolic link, which git does not follow either."""
    try:
        if not os.path.islink(path):
            return Rules(read_regular(path, _RULES_LIMIT).removeprefix(b"\xef\xbb\xbf"))
    except (OSError, ValueError, NotRegularError):
        pass
    except TooLargeError:
        refused[path] = f"it is larger than {_RULES_LIMIT} bytes"
    except UnboundedError as error:
        refused[path] = str(error)
    return Rules(b"")


def _git_directory(directory: str) -> str:
    """The directory that holds the index of a work tree; `.git` is a file in submodules and linked work trees."""
    line = _line(os.path.join(directory, ".git"))
    return os.path.join(directory, ".git" if line is None else line.removeprefix("gitdir:").strip())


def _line(path: str) -> str | None:
    """What git wrote into a file of one line; None if it is none."""
    try:
        return os.fsdecode(read_regular(path, 4096)).strip()
    except (OSError, ValueError, NotRegularError, TooLargeError):
        return None
