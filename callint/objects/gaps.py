"""What of an object could not be read, found by the paths to it and near it."""

from __future__ import annotations

from collections.abc import Iterable

from callint.finding import Path, Step


class Gaps:
    """Gaps by the steps that lead to them, numbered in their order."""

    __slots__ = ("_root",)

    def __init__(self, gaps: Iterable[Path]) -> None:
        """Sort them."""
        self._root = _Branch(0)
        for number, gap in enumerate(gaps):
            branch = self._root
            for step in gap:
                branch = branch.inside.get(step) or branch.inside.setdefault(step, _Branch(number))
            if branch.gap is None:
                branch.gap = number

    def first(self, path: Path) -> int | None:
        """The first gap that is at, in or above a path."""
        branch, found = self._root, []
        for step in path:
            if branch.gap is not None:
                found.append(branch.gap)
            inside = branch.inside.get(step)
            if inside is None:
                break
            branch = inside
        else:
            found.append(branch.first)
        return min(found, default=None)

    def among(self, path: Path, fields: Iterable[str]) -> set[str]:
        """Those fields of the mapping at a path for which there is a first gap."""
        branch = self._root
        for step in path:
            inside = branch.inside.get(step)
            if branch.gap is not None or inside is None:
                break
            branch = inside
        else:
            if branch.gap is None:
                return {field for field in fields if field in branch.inside}
        return set(fields) if branch.gap is not None else set()


class _Branch:
    """What is at a path: the gap there, if any, the first one there or below, and what the steps from there lead to."""

    __slots__ = ("first", "gap", "inside")

    def __init__(self, first: int) -> None:
        self.first = first
        self.gap: int | None = None
        self.inside: dict[Step, _Branch] = {}
