"""Labels without which a selector matches nothing: what lacks them all need not be asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import lru_cache

from callint.record import NamedTuple
from callint.selector.plain import Plain, plain, required
from callint.selector.syntax import All, And, Compare, Global, Has, Member, Not, Or, Selector, atoms


class Need(NamedTuple):
    """A label that must be there: with this value, or with None with any."""

    key: str
    value: str | None


_Cost = Callable[[Need], int]


def _nothing(_: Need) -> int:
    """The cost where nothing is known of it."""
    return 0


def needs(selector: Selector, cost: _Cost = _nothing) -> Collection[Need] | None:
    """Labels of which whatever the selector matches has at least one; None if there are no such.

    Of several answers the one of which `cost` says the least; an empty one where nothing can match at all.
    """
    return _needs(selector, cost, positive=True)


def mentioned(selector: Selector) -> list[frozenset[Need]]:
    """What `needs` chooses from."""
    known = plain(selector)
    return [frozenset(_in_atoms(selector))] if known is None else _named(known)


def _in_atoms(selector: Selector) -> Iterator[Need]:
    for atom in atoms(selector):
        if isinstance(atom, Compare):
            yield Need(atom.key, atom.value)
        elif isinstance(atom, Member):
            for value in atom.values:
                yield Need(atom.key, value)
        elif isinstance(atom, Has):
            yield Need(atom.key, None)


def _named(known: Plain) -> list[frozenset[Need]]:
    """For each label that must be there what a plain selector needs of it."""
    return [_any_of(key, values) for key, values in known.items() if required(values)]


@lru_cache(maxsize=1 << 12)
def _any_of(key: str, values: frozenset[str | None] | None) -> frozenset[Need]:
    """A label with one of some values, or with any."""
    return frozenset((Need(key, None),) if values is None else [Need(key, value) for value in values])


def _needs(selector: Selector, cost: _Cost, *, positive: bool) -> Collection[Need] | None:
    if isinstance(selector, (And, Or)):
        parts = (_needs(operand, cost, positive=positive) for operand in selector.operands)
        return _cheapest(parts, cost) if isinstance(selector, And) == positive else _all_of(parts)
    if isinstance(selector, Not):
        return _needs(selector.operand, cost, positive=not positive)
    if isinstance(selector, Compare):
        if selector.operator in ("==", "!="):
            equal = (selector.operator == "==") == positive
            return (Need(selector.key, selector.value),) if equal else None
        return (Need(selector.key, None),) if positive else None
    if isinstance(selector, Member):
        among = selector.negated != positive
        return [Need(selector.key, value) for value in selector.values] if among else None
    if isinstance(selector, Has):
        return (Need(selector.key, None),) if positive else None
    return None if positive or not isinstance(selector, (All, Global)) else ()


def _cheapest(parts: Iterable[Collection[Need] | None], cost: _Cost) -> Collection[Need] | None:
    best, lowest = None, 0
    for part in parts:
        if part is not None:
            price = sum([cost(need) for need in part])
            if best is None or price < lowest:
                best, lowest = part, price
            if not price:
                break
    return best


def _all_of(parts: Iterable[Collection[Need] | None]) -> Collection[Need] | None:
    found: set[Need] = set()
    for part in parts:
        if part is None:
            return None
        found.update(part)
    return found
