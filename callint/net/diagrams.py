"""Interval decision diagrams: exact sets of points in a box of integer fields, canonical and shared.

A node splits one field into intervals and gives each a child; equal neighbours are merged, a node with one child is
that child, and nodes with equal content are one object. Hence equal sets are the same node, emptiness is a comparison,
and every path to a child that is not `EMPTY` leads to a point.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Literal

from callint.net.intervals import Interval, Intervals

Operation = Literal["and", "or", "minus"]
_END = 1 << 30
_SMALL = 3  # bits of a number of intervals or steps that count for nothing
_FEW = 64  # nodes of which each is asked about a value, instead of where all of them are divided


class TooLargeError(Exception):
    """A diagram grew beyond the limit of its space: the question is left unanswered rather than memory filled."""


class Node:
    """From interval to interval: `children[i]` is for values up to `bounds[i]` of the field with number `level`."""

    __slots__ = ("bounds", "children", "level")

    def __init__(self, level: int, bounds: tuple[int, ...], children: tuple[Node, ...]) -> None:
        self.level = level
        self.bounds = bounds
        self.children = children


EMPTY = Node(_END, (), ())
FULL = Node(_END, (), ())


class Space:
    """The fields, by their greatest values, and all nodes made for them; nodes of different spaces must not meet.

    `limit` bounds nodes and remembered results together (about 300 bytes and two microseconds each, and as much for
    eight intervals of a node or steps of an operation); past it operations raise TooLargeError.
    """

    __slots__ = ("_nodes", "_results", "_taken", "limit", "maxima")

    def __init__(self, maxima: Sequence[int], *, limit: int = 1_000_000) -> None:
        self.maxima = tuple(maxima)
        self.limit = limit
        self._nodes: dict[tuple[int, tuple[int, ...], tuple[Node, ...]], Node] = {}
        self._results: dict[tuple[Operation, Node, Node], Node] = {}
        self._taken = 0

    @property
    def crowded(self) -> bool:
        """Whether half of the limit is reached."""
        return 2 * self._taken > self.limit

    def check(self) -> None:
        """Raises TooLargeError where the limit was passed: to look further would take time for nothing."""
        if self._taken > self.limit:
            raise TooLargeError(f"more than {self.limit:,} nodes")

    def product(self, sides: Sequence[Intervals | None]) -> Node:
        """The points whose every field lies in its intervals; `None` leaves a field free."""
        node = FULL
        for level in range(len(self.maxima) - 1, -1, -1):
            side = sides[level]
            if side is not None:
                if side and not 0 <= side[0][0] <= side[-1][1] <= self.maxima[level]:
                    raise ValueError(f"field {level} has values from 0 to {self.maxima[level]}")
                node = self._step(level, side, node)
        return node

    def apply(self, operation: Operation, a: Node, b: Node) -> Node:
        """Union, intersection or difference of two sets."""
        known = _simple(operation, a, b)
        if known is not None:
            return known
        key = (operation, a, b)
        found = self._results.get(key)
        if found is not None:
            return found
        self.check()
        level = min(a.level, b.level)
        top = self.maxima[level]
        a_bounds, a_children = (a.bounds, a.children) if a.level == level else ((top,), (a,))
        b_bounds, b_children = (b.bounds, b.children) if b.level == level else ((top,), (b,))
        bounds: list[int] = []
        children: list[Node] = []
        i = j = steps = 0
        upper = -1
        while upper < top:
            steps += 1
            x, y = a_bounds[i], b_bounds[j]
            p, q = a_children[i], b_children[j]
            if operation != "or" and p is EMPTY:
                # a narrow set leaps over all that lies beside it in a large one
                upper, child = x, EMPTY
                j = bisect_left(b_bounds, x, j)
                y = b_bounds[j]
            elif operation == "and" and q is EMPTY:
                upper, child = y, EMPTY
                i = bisect_left(a_bounds, y, i)
                x = a_bounds[i]
            elif operation != "and" and q is EMPTY and x < y:
                # and of a large one all that lies beside a narrow one stays as it is
                i = _beside(bounds, children, a_bounds, a_children, i, y)
                upper = bounds[-1]
                continue
            elif operation == "or" and p is EMPTY and y < x:
                j = _beside(bounds, children, b_bounds, b_children, j, x)
                upper = bounds[-1]
                continue
            else:
                upper = x if x < y else y
                child = self.apply(operation, p, q)
            if children and children[-1] is child:
                bounds[-1] = upper
            else:
                bounds.append(upper)
                children.append(child)
            i += x == upper
            j += y == upper
        self._taken += 1 + (steps >> _SMALL)
        node = self._results[key] = self._node(level, tuple(bounds), tuple(children))
        return node

    def contains(self, node: Node, point: Sequence[int]) -> bool:
        """Whether the point is in the set."""
        while node.bounds:
            value = point[node.level]
            node = next(child for bound, child in zip(node.bounds, node.children, strict=True) if value <= bound)
        return node is FULL

    def pick(self, node: Node, choose: Callable[[int, Intervals], int]) -> tuple[int, ...] | None:
        """One point of the set, or `None`; `choose(field, intervals)` takes one of the values that lead to a point."""
        if node is EMPTY:
            return None
        point: list[int] = []
        for level, top in enumerate(self.maxima):
            if node.level != level:
                point.append(choose(level, ((0, top),)))
                continue
            pieces = [(pair, child) for pair, child in split(node) if child is not EMPTY]
            value = choose(level, tuple(pair for pair, _ in pieces))
            point.append(value)
            node = next(child for (low, high), child in pieces if low <= value <= high)
        return tuple(point)

    def telling(self, nodes: Iterable[Node], level: int) -> Callable[[int], object]:
        """What is equal for values of a field only if each of the sets holds the same points with either."""
        seen: set[Node] = set()
        todo = list(nodes)
        while todo:
            node = todo.pop()
            if node.level <= level and node not in seen:
                seen.add(node)
                todo += node.children if node.level < level else ()
        found = [node for node in seen if node.level == level]
        if len(found) > _FEW:
            return partial(bisect_left, sorted({bound for node in found for bound in node.bounds}))
        return lambda value: tuple(node.children[bisect_left(node.bounds, value)] for node in found)

    def count(self, node: Node) -> int:
        """How many points the set holds."""
        sizes: dict[Node, int] = {EMPTY: 0, FULL: 1}

        def size(one: Node) -> int:
            """Points over the fields from the node's own on."""
            if one not in sizes:
                sizes[one] = sum(
                    (high - low + 1) * size(child) * free(one.level + 1, child) for (low, high), child in split(one)
                )
            return sizes[one]

        def free(level: int, child: Node) -> int:
            ways = 1
            for top in self.maxima[level : child.level]:
                ways *= top + 1
            return ways

        return size(node) * free(0, node)

    def _step(self, level: int, side: Intervals, inside: Node) -> Node:
        bounds: list[int] = []
        children: list[Node] = []
        at, top = 0, self.maxima[level]
        for low, high in side:
            if low > at:
                bounds.append(low - 1)
                children.append(EMPTY)
            bounds.append(high)
            children.append(inside)
            at = high + 1
        if at <= top:
            bounds.append(top)
            children.append(EMPTY)
        return EMPTY if inside is EMPTY else self._node(level, tuple(bounds), tuple(children))

    def _node(self, level: int, bounds: tuple[int, ...], children: tuple[Node, ...]) -> Node:
        if len(children) == 1:
            return children[0]
        key = (level, bounds, children)
        node = self._nodes.get(key)
        if node is None:
            self.check()
            self._taken += 1 + (len(bounds) >> _SMALL)
            node = self._nodes[key] = Node(level, bounds, children)
        return node


def _beside(
    bounds: list[int], children: list[Node], own: tuple[int, ...], its: tuple[Node, ...], start: int, end: int
) -> int:
    """Put all intervals of a node from one on that end below `end` behind others; the number of the next."""
    after = bisect_left(own, end, start)
    if children and children[-1] is its[start]:
        bounds[-1] = own[start]
        start += 1
    bounds += own[start:after]
    children += its[start:after]
    return after


def split(node: Node) -> Iterator[tuple[Interval, Node]]:
    """The intervals of a node, each with its child."""
    low = 0
    for high, child in zip(node.bounds, node.children, strict=True):
        yield (low, high), child
        low = high + 1


def _simple(operation: Operation, a: Node, b: Node) -> Node | None:
    if operation == "and":
        if a is EMPTY or b is EMPTY:
            return EMPTY
        return b if a is FULL else a if b is FULL or a is b else None
    if operation == "or":
        if a is FULL or b is FULL:
            return FULL
        return b if a is EMPTY else a if b is EMPTY or a is b else None
    if a is EMPTY or b is FULL or a is b:
        return EMPTY
    return a if b is EMPTY else None
