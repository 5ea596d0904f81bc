"""Is a product of sets covered by earlier ones? A search for its uncovered corner, without a set of the whole."""

from __future__ import annotations

from collections.abc import Sequence

from callint.net import intervals
from callint.net.intervals import Intervals

Product = tuple[Intervals, ...]
"""One interval set a field, the same fields in the same order everywhere; empty if one of them is."""


class TooManyCornersError(Exception):
    """The search took more steps than it was given."""


def uncovered(product: Product, earlier: Sequence[Product], *, steps: int = 100_000) -> Product | None:
    """A part of `product`, itself a product, that none of the earlier ones touches; `None` if they cover it all.

    Raises TooManyCornersError after `steps` comparisons of two products.
    """
    pending = [(product, 0)] if all(product) else []
    while pending:
        corner, position = pending.pop()
        meets = False
        while position < len(earlier) and not meets:
            steps -= 1
            if steps < 0:
                raise TooManyCornersError
            meets = all(map(intervals.overlaps, corner, earlier[position]))
            position += 1
        if not meets:
            return corner
        pending += ((part, position) for part in _outside(corner, earlier[position - 1]))
    return None


def _outside(product: Product, other: Product) -> list[Product]:
    """The disjoint products that make up what is in one and not in the other."""
    parts: list[Product] = []
    for field, side in enumerate(other):
        beyond = intervals.difference(product[field], side)
        if beyond:
            parts.append((*product[:field], beyond, *product[field + 1 :]))
        product = (*product[:field], intervals.intersection(product[field], side), *product[field + 1 :])
    return parts
