"""How far paths may lead that a stranger wrote, for a report quotes what is read."""

from __future__ import annotations

import os


class Bounds:
    """Folders that what is named or linked in a tree may lead into, but not into a `.git` of theirs: tokens lie there.

    By paths that lead elsewhere, a pull request could show a secret of the machine.
    """

    __slots__ = ("_tops",)

    def __init__(self, *folders: str) -> None:
        """Each with its links followed once."""
        self._tops = tuple(os.path.join(target(folder), "") for folder in folders)

    def hold(self, path: str) -> bool:
        """Whether a path is one of the folders or lies below one, after all links are followed."""
        whole = os.path.join(target(path), "")
        return any(whole.startswith(top) and ".git" not in _steps(whole[len(top) :]) for top in self._tops)

    def opened(self, path: str, status: os.stat_result) -> bool:
        """Whether a file that was opened by a path lies inside, wherever the path led before."""
        end = target(path)
        return self.hold(end) and os.path.samestat(os.lstat(end), status)


def target(path: str) -> str:
    """Where a path leads after all links, as far as there is something; no path holds a NUL byte."""
    try:
        return os.path.realpath(path.partition("\0")[0])
    except OSError:  # a working directory that is gone
        return path


def work_tree(folder: str) -> str:
    """The top of the git work tree that holds a folder, the folder itself where none does."""
    top = start = target(folder)
    while not os.path.lexists(os.path.join(top, ".git")):
        top, below = os.path.dirname(top), top
        if top == below:
            return start
    return top


def _steps(path: str) -> list[str]:
    return path.lower().split(os.sep)
