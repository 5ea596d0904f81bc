"""Reasoning about all labels at once: can a selector match, does one imply another, do two overlap?

Sound and complete for the whole language: alternatives of the normal form are searched depth first, and the conditions
that gather on each label are decided by `callint.selector.values`. A question may take so many steps as its size
allows, so that many take no longer than as many characters; after that the answer is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TypeAlias

from callint.record import NamedTuple
from callint.selector.formula import Formula, Group, Literal, conditions, joined, keys, literals, normal, required
from callint.selector.plain import implied, meet, plain, sample
from callint.selector.rewrite import demands
from callint.selector.syntax import GLOBAL, Selector
from callint.selector.values import Budget, ExhaustedError, find_value

_STEPS, _STEPS_EACH = 500, 20
"""What a question may take, and what more for each condition on a label."""

_STEPS_TO_VALUES = 200_000
"""What it may take where values are sought that Kubernetes admits, of which the shortest is wanted."""


class Unknown(NamedTuple):
    """The third answer, neither yes nor no: the question was too large."""

    reason: str


def satisfiable(selector: Selector, *, kubernetes: bool = False) -> dict[str, str] | Unknown | None:
    """Labels that the selector matches, `None` if there are none, `Unknown` where they are not found soon enough.

    `kubernetes` admits only values that Kubernetes admits (`find_value`). Labels that may be absent are left out.
    """
    known = None if kubernetes else plain(selector)
    return _labels(selector, kubernetes) if known is None else sample(known)


@lru_cache(maxsize=1 << 14)
def _labels(selector: Selector, kubernetes: bool) -> dict[str, str] | Unknown | None:
    formula = normal(selector)
    steps = _STEPS_TO_VALUES if kubernetes else _allowed(formula)
    return _solved(formula, Budget(steps), kubernetes=kubernetes)


def samples(selector: Selector, most: int) -> list[dict[str, str]]:
    """Labels that the selector matches by its first alternative and by so many of the last, as far as there are any."""
    first = satisfiable(selector)
    found = [first] if isinstance(first, dict) else []
    formula = normal(selector)
    if plain(selector) is None and isinstance(formula, Group) and not formula.every:
        each = (_solved(one, Budget(_allowed(one)), kubernetes=False) for one in formula.members[-most:])
        found += [one for one in each if isinstance(one, dict) and one not in found]
    return found


def implies(a: Selector, b: Selector) -> bool | None:
    """Whether `b` matches whatever `a` matches; `None` is unknown. `satisfiable(And([a, Not(b)]))` shows why not."""
    one, other = plain(a), plain(b)
    if one is not None and other is not None:
        return implied(one, other)
    found = difference(a, b)
    return None if isinstance(found, Unknown) else found is None


def difference(a: Selector, b: Selector, budget: Budget | None = None) -> dict[str, str] | Unknown | None:
    """Labels that `a` matches and `b` does not. The steps are taken from the budget as well."""
    if demands(b) - {GLOBAL} <= demands(a):
        return None
    return _of_both(normal(a), normal(b, positive=False), budget)


def overlaps(a: Selector, b: Selector, budget: Budget | None = None) -> bool | None:
    """Whether some labels match both; `None` is unknown. The steps are taken from the budget as well.

    `satisfiable(And([a, b]))` shows the labels.
    """
    one, other = plain(a), plain(b)
    if one is not None and other is not None:
        if budget is not None:
            budget.spend(1)
        return meet(one, other)
    found = intersection(a, b, budget)
    return None if isinstance(found, Unknown) else found is not None


def intersection(a: Selector, b: Selector, budget: Budget | None = None) -> dict[str, str] | Unknown | None:
    """Labels that both match. The steps are taken from the budget as well."""
    return _of_both(normal(a), normal(b), budget)


def _of_both(one: Formula, other: Formula, budget: Budget | None) -> dict[str, str] | Unknown | None:
    formula = joined([one, other], every=True)
    steps = _allowed(formula)
    own = Budget(steps)
    found = _solved(formula, own, kubernetes=False)
    if budget is not None:
        budget.spend(steps - own.left + _STEPS_EACH * len(literals(formula)) // 2)
    return found


def _allowed(formula: Formula) -> int:
    return _STEPS + sum(_STEPS_EACH + sum(2 + len(word) // 4 for word in one.words) for one in literals(formula))


def _solved(formula: Formula, budget: Budget, *, kubernetes: bool) -> dict[str, str] | Unknown | None:
    try:
        return _Search(budget, kubernetes=kubernetes).labels(formula)
    except ExhaustedError:
        return Unknown("the selector has too many alternatives")


_Known: TypeAlias = "dict[str, frozenset[Literal]]"
_NOTHING: frozenset[Literal] = frozenset()


class _State(NamedTuple):
    """Alternatives that are still open, those of the fewest first and the first of them next, and what must hold."""

    choices: tuple[Group, ...]
    next: int
    known: _Known


class _Search:
    """One search depth first.

    Of what was tried in vain for longer it remembers what mattered to the choices that were open, for where labels have
    little to do with each other the same is left to try again and again.
    """

    def __init__(self, budget: Budget, *, kubernetes: bool) -> None:
        self._budget = budget
        self._kubernetes = kubernetes
        self._decided: dict[frozenset[Literal], str | None] = {}
        self._joined: dict[tuple[int, int, int], tuple[Group, ...]] = {}
        self._last: dict[int, dict[str, int]] = {}
        self._refuted: dict[tuple[int, int], set[frozenset[tuple[str, frozenset[Literal]]]]] = {}

    def labels(self, formula: Formula) -> dict[str, str] | None:
        """Labels that meet the formula, those by its first alternatives; `None` if there are none."""
        state = self._entered(formula, _State((), 0, {}))
        path: list[tuple[_State, Iterator[Formula], int]] = []
        while True:
            if state is not None:
                if state.next == len(state.choices):
                    return {
                        key: self._value(literals) or "" for key, literals in state.known.items() if required(literals)
                    }
                path.append((state, iter(state.choices[state.next].members), self._budget.left))
            while path:
                before, alternatives, left = path[-1]
                alternative = next(alternatives, None)
                if alternative is not None:
                    state = self._entered(alternative, before._replace(next=before.next + 1))
                    break
                path.pop()
                if left - self._budget.left > len(before.known):
                    self._refuted.setdefault((id(before.choices), before.next), set()).add(self._mattering(before))
            else:
                return None

    def _entered(self, formula: Formula, before: _State) -> _State | None:
        """The state in which a formula holds besides; `None` if it cannot, or if that was tried."""
        fresh: dict[str, set[Literal]] = {}
        further: list[Group] = []
        pending = [formula]
        while pending:
            one = pending.pop()
            if isinstance(one, Literal):
                fresh.setdefault(one.key, set()).add(one)
            elif one.every or len(one.members) == 1:
                pending += one.members
            elif one.members:
                further.append(one)
            else:
                return None
        known = {**before.known, **{key: before.known.get(key, _NOTHING) | own for key, own in fresh.items()}}
        self._budget.spend(1 + len(fresh) + len(known) // 16)
        if any(self._value(known[key]) is None for key in fresh):
            return None
        choices, place = before.choices, before.next
        if further:
            choices, place = self._with(formula, further, before), 0
        while place < len(choices):
            self._budget.spend(len(choices[place].members))
            if not any(_met(one, known) for one in choices[place].members):
                break
            place += 1
        state = _State(choices, place, known)
        refuted = self._refuted.get((id(choices), place))
        return None if refuted and self._mattering(state) in refuted else state

    def _with(self, formula: Formula, further: list[Group], before: _State) -> tuple[Group, ...]:
        """The open choices with those of a formula; the same for the same, by which states are compared."""
        key = (id(before.choices), before.next, id(formula))
        if key not in self._joined:
            every = (*before.choices[before.next :], *further)
            self._budget.spend(len(every))
            self._joined[key] = tuple(sorted(every, key=lambda choice: len(choice.members)))
        return self._joined[key]

    def _mattering(self, state: _State) -> frozenset[tuple[str, frozenset[Literal]]]:
        """What is known of the labels that open choices name."""
        last = self._last.get(id(state.choices))
        if last is None:
            last = self._last[id(state.choices)] = {
                key: place for place, choice in enumerate(state.choices) for key in keys(choice)
            }
            self._budget.spend(len(state.choices))
        self._budget.spend(len(state.known))
        return frozenset(item for item in state.known.items() if last.get(item[0], -1) >= state.next)

    def _value(self, literals: frozenset[Literal]) -> str | None:
        """A value for the label, any text where it may be absent, `None` where its conditions contradict each other."""
        if not required(literals):
            return ""
        if any(one.operator == "has" and not one.positive for one in literals):
            return None
        if literals not in self._decided:
            self._decided[literals] = find_value(conditions(literals), self._budget, kubernetes=self._kubernetes)
        return self._decided[literals]


def _met(formula: Formula, known: _Known) -> bool:
    return isinstance(formula, Literal) and formula in known.get(formula.key, ())
