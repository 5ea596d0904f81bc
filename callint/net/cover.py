"""Is a product of sets covered by earlier ones? A search for its uncovered corner, without a set of the whole."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from callint.net import intervals
from callint.net.intervals import Intervals

Product = tuple[Intervals, ...]
"""One interval set a field, the same fields in the same order everywhere; empty if one of them is."""


class TooManyCornersError(Exception):
    """The search took more steps than it was given."""


def uncovered(product: Product, earlier: Iterable[Product], *, steps: int = 100_000) -> Product | None:
    """A part of `product`, itself a product, that none of the earlier ones touches; `None` if they cover it all.

    Raises TooManyCornersError after `steps` comparisons of a part with one of the earlier products.
    """
    near = [other for other in earlier if _meet(product, other)]
    if not all(product) or any(all(map(intervals.covers, other, product)) for other in near):
        return None
    # The large ones first: they leave fewer pieces for the others to split.
    near.sort(key=_volume, reverse=True)
    pending = [(product, 0)]
    while pending:
        corner, position = pending.pop()
        while position < len(near) and not _meet(corner, near[position]):
            position += 1
            steps -= 1
        if position == len(near):
            return corner
        steps -= 1
        if steps < 0:
            raise TooManyCornersError
        pending += ((part, position + 1) for part in _outside(corner, near[position]))
    return None


def _meet(a: Product, b: Product) -> bool:
    return all(map(intervals.overlaps, a, b))


def _volume(product: Product) -> int:
    return prod(map(intervals.size, product))


def _outside(product: Product, other: Product) -> list[Product]:
    """The disjoint products that make up what is in one and not in the other."""
    parts: list[Product] = []
    for field, side in enumerate(other):
        beyond = intervals.difference(product[field], side)
        if beyond:
            parts.append((*product[:field], beyond, *product[field + 1 :]))
        product = (*product[:field], intervals.intersection(product[field], side), *product[field + 1 :])
    return parts
