"""Reasoning about all labels at once: can a selector match, does one imply another, do two overlap?

Sound and complete for the whole language: a tree is brought into negation normal form, its alternatives are searched
depth first, and the conditions that gather on each label are decided by `callint.selector.values`. The search has a
budget, and after it the answer is unknown.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from callint.selector.plain import implied, meet, plain, sample
from callint.selector.syntax import All, And, Compare, Global, Has, Member, Not, Or, Selector
from callint.selector.values import Budget, Conditions, ExhaustedError, find_value

STEPS = 200_000


class Unknown(NamedTuple):
    """The third answer, neither yes nor no: the question was too large."""

    reason: str


def satisfiable(selector: Selector, *, kubernetes: bool = False, steps: int = STEPS) -> dict[str, str] | Unknown | None:
    """Labels that the selector matches, `None` if there are none, `Unknown` after so many steps.

    `kubernetes` admits only values that Kubernetes admits (`find_value`). Labels that may be absent are left out.
    """
    known = None if kubernetes else plain(selector)
    if known is not None:
        return sample(known)
    budget = Budget(steps)
    try:
        return _search(_normal(selector, positive=True), budget, kubernetes=kubernetes)
    except ExhaustedError:
        return Unknown("the selector has too many alternatives")


def implies(a: Selector, b: Selector, *, kubernetes: bool = False, steps: int = STEPS) -> bool | None:
    """Whether `b` matches whatever `a` matches; `None` is unknown. `satisfiable(And([a, Not(b)]))` shows why not."""
    one, other = (None, None) if kubernetes else (plain(a), plain(b))
    if one is not None and other is not None:
        return implied(one, other)
    if _demands(b) <= _demands(a):
        return True
    found = satisfiable(And([a, Not(b)]), kubernetes=kubernetes, steps=steps)
    return None if isinstance(found, Unknown) else found is None


def _demands(selector: Selector) -> set[Selector]:
    """What must hold for a selector to match, all of it."""
    found: set[Selector] = set()
    pending = [selector]
    while pending:
        one = pending.pop()
        if isinstance(one, And):
            pending += one.operands
        elif not isinstance(one, (All, Global)):
            found.add(one)
    return found


def overlaps(a: Selector, b: Selector, *, kubernetes: bool = False, steps: int = STEPS) -> bool | None:
    """Whether some labels match both; `None` is unknown. `satisfiable(And([a, b]))` shows the labels."""
    one, other = (None, None) if kubernetes else (plain(a), plain(b))
    if one is not None and other is not None:
        return meet(one, other)
    found = satisfiable(And([a, b]), kubernetes=kubernetes, steps=steps)
    return None if isinstance(found, Unknown) else found is not None


class _Literal(NamedTuple):
    """A condition on one label, false of an absent one, or its negation; `words` are the values of `in`, else one."""

    key: str
    operator: str
    words: frozenset[str]
    positive: bool


class _Group(NamedTuple):
    """All of the members hold, or one of them does. One class, for tuples of equal content are equal across classes."""

    every: bool
    members: tuple[_Formula, ...]


_Formula: TypeAlias = "_Literal | _Group"
_Known: TypeAlias = "dict[str, frozenset[_Literal]]"
_Branch: TypeAlias = "tuple[_Formula, tuple[_Group, ...], _Known]"


def _normal(selector: Selector, *, positive: bool) -> _Formula:
    if isinstance(selector, Not):
        return _normal(selector.operand, positive=not positive)
    if isinstance(selector, (And, Or)):
        every = isinstance(selector, And) == positive
        members = (_normal(operand, positive=positive) for operand in selector.operands)
        flat = [one for member in members for one in _flat(member, every=every)]
        return _Group(every, tuple(flat) if every else _joined(flat))
    if isinstance(selector, Has):
        return _Literal(selector.key, "has", frozenset(), positive)
    if isinstance(selector, Member):
        return _Literal(selector.key, "in", selector.values, positive != selector.negated)
    if isinstance(selector, Compare):
        words = frozenset((selector.value,))
        if selector.operator in ("==", "!="):
            return _Literal(selector.key, "in", words, positive == (selector.operator == "=="))
        return _Literal(selector.key, selector.operator, words, positive)
    if isinstance(selector, (All, Global)):
        return _Group(positive, ())
    raise TypeError(f"{type(selector).__name__} is no selector")


def _flat(member: _Formula, *, every: bool) -> tuple[_Formula, ...]:
    return member.members if isinstance(member, _Group) and member.every == every else (member,)


def _joined(alternatives: list[_Formula]) -> tuple[_Formula, ...]:
    """The alternatives without repetition, those that name values of one label as one."""
    values: dict[str, frozenset[str]] = {}
    rest: dict[_Formula, None] = {}
    for one in alternatives:
        if isinstance(one, _Literal) and one.operator == "in" and one.positive:
            values[one.key] = values.get(one.key, frozenset()) | one.words
        else:
            rest[one] = None
    return (*(_Literal(key, "in", words, positive=True) for key, words in values.items()), *rest)


def _search(formula: _Formula, budget: Budget, *, kubernetes: bool) -> dict[str, str] | None:
    decided: dict[frozenset[_Literal], str | None] = {}

    def value(literals: frozenset[_Literal]) -> str | None:
        """A value for the label, any text where it may be absent, `None` where its conditions contradict each other."""
        if not _required(literals):
            return ""
        if any(one.operator == "has" and not one.positive for one in literals):
            return None
        if literals not in decided:
            decided[literals] = find_value(_conditions(literals), budget, kubernetes=kubernetes)
        return decided[literals]

    branches: list[_Branch] = [(formula, (), {})]
    while branches:
        gathered = _gather(*branches.pop(), budget)
        if gathered is None:
            continue
        choices, known = gathered
        values = {key: value(literals) for key, literals in known.items()}
        if None in values.values():
            continue
        if not choices:
            return {key: text for key, text in values.items() if text is not None and _required(known[key])}
        chosen = min(choices, key=lambda choice: len(choice.members))
        rest = tuple(choice for choice in choices if choice is not chosen)
        branches += ((alternative, rest, known) for alternative in reversed(chosen.members))
    return None


def _gather(
    formula: _Formula, choices: tuple[_Group, ...], known: _Known, budget: Budget
) -> tuple[tuple[_Group, ...], _Known] | None:
    """Take in what must hold: conditions go to their labels, choices that are met fall away; `None` if it cannot."""
    fresh: dict[str, set[_Literal]] = {}
    pending, still_open = [formula], list(choices)
    while pending:
        one = pending.pop()
        if isinstance(one, _Literal):
            fresh.setdefault(one.key, set()).add(one)
        elif one.every or len(one.members) == 1:
            pending += one.members
        elif one.members:
            still_open.append(one)
        else:
            return None
    known = {**known, **{key: known.get(key, frozenset()) | literals for key, literals in fresh.items()}}
    budget.spend(1 + len(known) + sum(len(choice.members) for choice in still_open))
    return tuple(choice for choice in still_open if not any(_met(one, known) for one in choice.members)), known


def _met(formula: _Formula, known: _Known) -> bool:
    return isinstance(formula, _Literal) and formula in known.get(formula.key, ())


def _required(literals: frozenset[_Literal]) -> bool:
    """Whether the label must be there: an absent one meets every negated condition."""
    return any(literal.positive for literal in literals)


def _conditions(literals: frozenset[_Literal]) -> Conditions:
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
