"""Selectors in negation normal form: conditions on single labels, all or one of which must hold."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TypeAlias

from callint.record import NamedTuple
from callint.selector.syntax import All, And, Compare, Global, Has, Member, Not, Or, Selector
from callint.selector.values import Conditions


class Literal(NamedTuple):
    """A condition on one label, false of an absent one, or its negation; `words` are the values of `in`, else one."""

    key: str
    operator: str
    words: frozenset[str]
    positive: bool


class Group(NamedTuple):
    """All of the members hold, or one of them does. One class, for tuples of equal content are equal across classes."""

    every: bool
    members: tuple[Formula, ...]


Formula: TypeAlias = "Literal | Group"


@lru_cache(maxsize=1 << 12)
def normal(selector: Selector, *, positive: bool = True) -> Formula:
    """The selector, or with `positive` false what it does not match."""
    return _read(selector, positive)


def _read(selector: Selector, positive: bool) -> Formula:
    if isinstance(selector, Not):
        return _read(selector.operand, not positive)
    if isinstance(selector, (And, Or)):
        every = isinstance(selector, And) == positive
        return joined([_read(*one) for one in _operands(selector, positive, every=every)], every=every)
    if isinstance(selector, Has):
        return Literal(selector.key, "has", frozenset(), positive)
    if isinstance(selector, Member):
        return Literal(selector.key, "in", selector.values, positive != selector.negated)
    if isinstance(selector, Compare):
        words = frozenset((selector.value,))
        if selector.operator in ("==", "!="):
            return Literal(selector.key, "in", words, positive == (selector.operator == "=="))
        return Literal(selector.key, selector.operator, words, positive)
    if isinstance(selector, (All, Global)):
        return Group(positive, ())
    raise TypeError(f"{type(selector).__name__} is no selector")


def _operands(selector: Selector, positive: bool, *, every: bool) -> Iterator[tuple[Selector, bool]]:
    """Of what all must hold, or else one, each with whether it is to be met; none is such a group itself."""
    pending = [(selector, positive)]
    while pending:
        one, positive = pending.pop()
        if isinstance(one, Not):
            pending.append((one.operand, not positive))
        elif isinstance(one, (And, Or)) and (isinstance(one, And) == positive) == every:
            pending += ((operand, positive) for operand in reversed(one.operands))
        else:
            yield one, positive


def joined(formulas: list[Formula], *, every: bool) -> Group:
    """All of several formulas, or one of them; of groups of the same kind their members."""
    flat = [one for formula in formulas for one in _flat(formula, every=every)]
    return Group(every, tuple(flat) if every else _alternatives(flat))


def _flat(member: Formula, *, every: bool) -> tuple[Formula, ...]:
    return member.members if isinstance(member, Group) and member.every == every else (member,)


def _alternatives(formulas: list[Formula]) -> tuple[Formula, ...]:
    """Alternatives without repetition, those that name values of one label as one."""
    values: dict[str, frozenset[str]] = {}
    rest: dict[Formula, None] = {}
    for one in formulas:
        if isinstance(one, Literal) and one.operator == "in" and one.positive:
            values[one.key] = values.get(one.key, frozenset()) | one.words
        else:
            rest[one] = None
    return (*(Literal(key, "in", words, positive=True) for key, words in values.items()), *rest)


def keys(formula: Formula) -> set[str]:
    """The labels that a formula names."""
    return {one.key for one in literals(formula)}


def literals(formula: Formula) -> list[Literal]:
    """The conditions of a formula, in any order."""
    found: list[Literal] = []
    pending = [formula]
    while pending:
        one = pending.pop()
        if isinstance(one, Literal):
            found.append(one)
        else:
            pending += one.members
    return found


def required(literals: frozenset[Literal]) -> bool:
    """Whether the label must be there: an absent one meets every negated condition."""
    return any(literal.positive for literal in literals)


def conditions(literals: frozenset[Literal]) -> Conditions:
    """What the value of a label that is there must be."""

    def words(operator: str, *, positive: bool) -> frozenset[str]:
        return frozenset().union(
            *(one.words for one in literals if one.operator == operator and one.positive == positive)
        )

    sets = [one.words for one in literals if one.operator == "in" and one.positive]
    return Conditions(
        among=frozenset.intersection(*sets) if sets else None,
        starts=words("starts with", positive=True),
        ends=words("ends with", positive=True),
        contains=words("contains", positive=True),
        not_among=words("in", positive=False),
        not_starts=words("starts with", positive=False),
        not_ends=words("ends with", positive=False),
        not_contains=words("contains", positive=False),
    )
