"""Path arguments to files: each file once, in sorted order, and nothing that could block or loop."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence

from callint.finding import Problem, Span
from callint.record import NamedTuple
from callint.source.bounds import Bounds
from callint.source.exclude import NOTHING, Excluded
from callint.source.files import NotRegularError, TooLargeError, read_regular, what, why
from callint.source.globs import WILDCARDS, base_of, compile_glob, covers
from callint.source.ignore import Fate, Ignored

SUFFIXES = (".yaml", ".yml", ".json")
STDIN = "<stdin>"
_LEFT_OUT = "`exclude` in the configuration leaves it out"


class Place(NamedTuple):
    """One file to be read: the path to open (empty for standard input) and the path to show.

    Of a file that nobody named, `bounds` are those of the folder in which it was found, and `inode` what it was then.
    """

    path: str
    shown: str
    bounds: Bounds | None = None
    inode: tuple[int, int] = (0, 0)

    def read(self, limit: int, stdin: Callable[[], bytes] | None) -> bytes | Problem:
        """The bytes of the file, at most `limit` of them; a problem if it is larger or cannot be read.

        Only regular files are read: a FIFO or device that took the place of one is neither waited for nor drained.
        """
        if not self.path:
            if not stdin and not sys.stdin:
                return unreadable(self.shown, "standard input is closed")
            data = stdin() if stdin else sys.stdin.buffer.read(limit + 1)
            return data if len(data) <= limit else _too_large(self.shown, limit)
        try:
            return read_regular(self.path, limit, self._inside)
        except TooLargeError:
            return _too_large(self.shown, limit)
        except NotRegularError as error:
            return unreadable(self.shown, str(error))
        except (OSError, ValueError) as error:
            return unreadable(self.shown, why(error))

    def _inside(self, status: os.stat_result) -> bool:
        """Whether what was opened is the file that was found, or one that might have been."""
        same = self.inode == (status.st_dev, status.st_ino)
        return same or self.bounds is None or self.bounds.opened(self.path, status)


class Found(NamedTuple):
    """The files to read, in the order in which they are shown, and what is wrong with the arguments."""

    places: tuple[Place, ...]
    problems: tuple[Problem, ...]


def discover(
    paths: Sequence[str],
    ignore: bool = True,
    filled: bool = False,
    excluded: Excluded = NOTHING,
    stdin_name: str | None = None,
) -> Found:
    """The files that `paths` mean: a file whatever its name, YAML and JSON below a directory, what matches a glob, `-`.

    Directories are walked without following symbolic links to directories, so there are no loops, and without reading
    by a link what lies outside of them and of the working directory; `.git` and, with `ignore`, what git ignores is
    left out, and what is `excluded` even where a path names it. A file that is reached in two ways is read once. With
    `filled`, a path without any is a problem. What the file `stdin_name` holds comes by standard input.
    """
    search = _Search(ignore, filled, excluded, None if stdin_name is None else os.path.abspath(stdin_name))
    for path in dict.fromkeys(paths):
        search.argument(path)
    chosen: dict[object, tuple[tuple[bool, bool, str, str, bool], Place]] = {}
    for place, linked, identity in search.found:
        rank = place.path != "", linked, place.shown, place.path, place.bounds is not None
        if identity not in chosen or rank < chosen[identity][0]:
            chosen[identity] = rank, place
    problems = {problem.span.file: problem for problem in search.problems}
    for path, reason in search.refused.items():
        shown = show(path)
        message = f"what this file ignores is checked all the same: {reason}"
        problems[shown] = Problem("size-limit", Span(shown, 1, 1, 1, 1), message)
    places: dict[str, Place] = {}
    for place in sorted((place for _, place in chosen.values()), key=lambda place: (place.shown, place.path)):
        if places.setdefault(place.shown, place) is not place:
            # A byte that is no UTF-8 is shown as another name may be spelt.
            reason = "another file is shown under the same name, rename one"
            problems[place.shown] = unreadable(place.shown, reason)
    return Found(tuple(places.values()), tuple(problems[name] for name in sorted(problems)))


_Entry = tuple[str, os.DirEntry[str]]


class _Search:
    """The search through all arguments."""

    __slots__ = ("_everything", "_walked", "excluded", "filled", "found", "ignore", "problems", "refused", "stdin_name")

    def __init__(self, ignore: bool, filled: bool, excluded: Excluded, stdin_name: str | None) -> None:
        self.ignore = ignore
        self.filled = filled
        self.excluded = excluded
        self.stdin_name = stdin_name
        self.found: list[tuple[Place, bool, object]] = []
        self.problems: list[Problem] = []
        self.refused: dict[str, str] = {}
        self._walked: dict[str, tuple[list[_Entry], bool]] = {}
        self._everything: _Search | None = None

    def argument(self, path: str) -> None:
        if path == "-":
            self.found.append((Place("", STDIN), False, STDIN))
            return
        if self.stdin_name is not None and os.path.abspath(path) == self.stdin_name:
            self.stand_in(path)
            return
        shown = show(path)
        try:
            status = os.stat(path)
        except (OSError, ValueError) as error:
            if WILDCARDS.intersection(path) and not os.path.lexists(path.split("\0")[0]):
                self.glob(path)
            else:
                self.problems.append(unreadable(shown, why(error) if path else "an empty path leads to no file"))
            return
        if self.excluded.reaches(path):
            if self.filled:
                self.problems.append(unreadable(shown, _LEFT_OUT))
        elif stat.S_ISDIR(status.st_mode):
            before = len(self.found), len(self.problems)
            bounds = Bounds(path, os.curdir)
            for name, entry in self.walk(path, shown):
                if name.endswith(SUFFIXES):
                    self.entry(entry, name, bounds)
            if self.filled and before == (len(self.found), len(self.problems)):
                none = "no YAML or JSON lies in this folder, or git ignores it"
                self.problems.append(unreadable(shown, _LEFT_OUT if self.leaves_out(path) else none))
        elif stat.S_ISREG(status.st_mode):
            self.found.append((Place(path, shown), os.path.islink(path), (status.st_dev, status.st_ino)))
        else:
            self.problems.append(unreadable(shown, what(status.st_mode)))

    def stand_in(self, path: str) -> None:
        """Standard input in the place of a file, which need not be there yet."""
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            identity: object = self.stdin_name
        else:
            identity = (status.st_dev, status.st_ino)
        if not self.excluded.reaches(path):
            self.found.append((Place("", show(path)), False, identity))

    def glob(self, pattern: str) -> None:
        base, below = base_of(pattern.replace(os.sep, "/"))
        exactly = compile_glob(below).fullmatch

        def matches(path: str) -> bool:
            return covers(below, path) if path.endswith(SUFFIXES) else bool(exactly(path))

        shown = show(base)
        skip = len(shown) + 1 if shown != "." else 0
        entries, whole = self.below(base, shown)
        matching = [(name, entry) for name, entry in entries if matches(name[skip:])]
        before = len(self.found), len(self.problems)
        bounds = Bounds(base, os.curdir)
        for name, entry in matching:
            self.entry(entry, name, bounds)
        if not whole or before != (len(self.found), len(self.problems)):
            return
        left_out = self.excluded.reaches(base) or self.leaves_out(pattern)
        if self.filled or not left_out:
            self.problems.append(unreadable(show(pattern), _LEFT_OUT if left_out else "no file matches this pattern"))

    def leaves_out(self, path: str) -> bool:
        """Whether a path of which nothing was found leads to something that is excluded."""
        if not self.excluded:
            return False
        self._everything = self._everything or _Search(self.ignore, False, NOTHING, None)
        before = len(self._everything.found)
        self._everything.argument(path)
        return len(self._everything.found) > before

    def entry(self, entry: os.DirEntry[str], shown: str, bounds: Bounds) -> None:
        try:
            status = entry.stat()
        except OSError as error:
            self.problems.append(unreadable(shown, why(error)))
            return
        if stat.S_ISREG(status.st_mode):
            linked = entry.is_symlink()
            if linked and not bounds.hold(entry.path):
                reason = "it is a link out of the folder that is checked, name the file itself to have it read"
                self.problems.append(unreadable(shown, reason))
                return
            inode = status.st_dev, status.st_ino
            self.found.append((Place(entry.path, shown, bounds, inode), linked, inode))
        elif not stat.S_ISDIR(status.st_mode):
            self.problems.append(unreadable(shown, what(status.st_mode)))

    def below(self, base: str, shown: str) -> tuple[list[_Entry], bool]:
        """What `walk` finds and whether that is all there is, kept for the next pattern."""
        if base not in self._walked:
            before = len(self.problems)
            walked = os.path.isdir(base) and not self.excluded.reaches(base)
            entries = list(self.walk(base, shown)) if walked else []
            self._walked[base] = entries, before == len(self.problems)
        return self._walked[base]

    def walk(self, base: str, shown: str) -> Iterator[_Entry]:
        """Everything below a directory that is not itself a directory, with the path to show."""
        above = Ignored.above(base) if self.ignore else Ignored.nothing()
        excluding = bool(self.excluded)
        place = self.excluded.place(base) if excluding else ""
        todo = [(base, "" if shown == "." else shown.rstrip("/") + "/", place, above, Fate.KEPT)]
        while todo:
            directory, prefix, place, above, fate = todo.pop()
            try:
                with os.scandir(directory) as entries:
                    listed = list(entries)
            except OSError as error:
                self.problems.append(unreadable(prefix.rstrip("/") or "/", why(error)))
                continue
            ignored = above.inside(directory, {entry.name for entry in listed}, fate) if self.ignore else above
            self.refused.update(ignored.refused)
            for entry in listed:
                if entry.name == ".git":
                    continue
                is_directory = entry.is_dir(follow_symlinks=False)
                fate = ignored.fate(entry.name, is_directory)
                if fate is Fate.IGNORED:
                    continue
                within = f"{place}/{entry.name}" if excluding else ""
                name = prefix + _printable(entry.name)
                if excluding and self.excluded.holds(within, is_directory):
                    continue
                if is_directory:
                    todo.append((entry.path, name + "/", within, ignored, fate))
                else:
                    yield name, entry


def show(path: str) -> str:
    """A path relative to the working directory, with `/`, and printable as UTF-8."""
    try:
        path = os.path.relpath(path)
    except (OSError, ValueError):  # another drive, a working directory that is gone, a NUL byte
        path = os.path.normpath(path)
    return _printable(path.replace(os.sep, "/"))


def _printable(name: str) -> str:
    r"""A file name in which bytes that are no UTF-8 are written as `\xff`."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")


def unreadable(shown: str, reason: str) -> Problem:
    """The problem that a path cannot be read."""
    return Problem("unreadable-file", Span(shown, 1, 1, 1, 1), f"this file cannot be read: {reason}")


def _too_large(shown: str, limit: int) -> Problem:
    message = f"this file is larger than the limit of {limit} bytes and is not read"
    return Problem("size-limit", Span(shown, 1, 1, 1, 1), message)
