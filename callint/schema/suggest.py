"""The nearest known name to a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 64


def distance(one: str, other: str, bound: int) -> int:
    """Edits between two words (insert, delete, replace, swap of neighbours); anything above `bound` is `bound + 1`."""
    if abs(len(one) - len(other)) > bound:
        return bound + 1
    before: list[int] = []
    previous = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > bound:
            return bound + 1
        before, previous = previous, row
    return min(previous[-1], bound + 1)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant: same letters first, then one edit for every four, at most three."""
    lower = name.lower()
    if not 2 <= len(name) <= _LONGEST:
        return next((word for word in known if word.lower() == lower), None)
    best, bound = None, min(3, (len(name) + 3) // 4) + 1
    for word in sorted(known):
        if word.lower() == lower:
            return word
        edits = distance(lower, word.lower(), bound - 1)
        if edits < bound:
            best, bound = word, edits
    return best
