"""What most selectors are: values that some labels must have or must not have, and labels that must not be there.

Each label is named once. So any labels will do that are right one by one, and two such selectors are compared label by
label, without the search of `callint.selector.satisfy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import TypeAlias

from callint.selector.syntax import All, And, Compare, Global, Has, Member, Not, Selector, atoms

Plain: TypeAlias = "Mapping[str, frozenset[str | None] | None]"
"""The values of which each label that is named must have one, `ABSENT` where it must not be there; None is any.

`Unless` are values that it must not have, if it is there.
"""

ABSENT: frozenset[str | None] = frozenset((None,))


class Unless(frozenset["str | None"]):
    """Values that a label must not have."""

    __slots__ = ()


@lru_cache(maxsize=1 << 18)
def plain(selector: Selector) -> Plain | None:
    """The labels that a selector names; None if it says more of them than that, or contradicts itself."""
    found: dict[str, frozenset[str | None] | None] = {}
    pending = [selector]
    while pending:
        one = pending.pop()
        if isinstance(one, And):
            pending += one.operands
            continue
        values: frozenset[str | None] | None
        if isinstance(one, Compare) and one.operator == "==":
            key, values = one.key, _only(one.value)
        elif isinstance(one, Member) and one.values:
            key, values = one.key, Unless(one.values) if one.negated else one.values
        elif isinstance(one, Has):
            key, values = one.key, None
        elif isinstance(one, Not) and isinstance(one.operand, Has):
            key, values = one.operand.key, ABSENT
        elif isinstance(one, Compare) and one.operator == "!=":
            key, values = one.key, Unless((one.value,))
        elif isinstance(one, (All, Global)):
            continue
        else:
            return None
        if found.setdefault(key, values) is not values:
            return None
    return found


def keys(selector: Selector) -> AbstractSet[str]:
    """The labels that the selector names."""
    known = plain(selector)
    if known is not None:
        return known.keys()
    return {atom.key for atom in atoms(selector) if isinstance(atom, (Has, Compare, Member))}


@lru_cache(maxsize=1 << 12)
def _only(value: str) -> frozenset[str]:
    """The set of one value: it takes as much memory as four texts, so equal ones are one."""
    return frozenset((value,))


def sample(one: Plain) -> dict[str, str]:
    """Labels that are matched: the shortest values, the first of equally long ones."""
    return {key: _shortest(values) for key, values in one.items() if required(values)}


def required(values: frozenset[str | None] | None) -> bool:
    """Whether a label must be there."""
    return values is not ABSENT and values.__class__ is not Unless


def _shortest(values: frozenset[str | None] | None) -> str:
    """The shortest of some values, or of any."""
    if values is None:
        return ""
    return (next(iter(values)) if len(values) == 1 else min(values, key=_length_first)) or ""


def implied(one: Plain, other: Plain) -> bool:
    """Whether the second matches whatever the first does."""
    for key, values in other.items():
        if key not in one:
            return False
        own = one[key]
        if values is None:
            if not required(own):
                return False
        elif own is None:
            return False
        elif values.__class__ is Unless:
            if not (own >= values if own.__class__ is Unless else own.isdisjoint(values)):
                return False
        elif own.__class__ is Unless or not own <= values:
            return False
    return True


def meet(one: Plain, other: Plain) -> bool:
    """Whether some labels match both."""
    for key, values in one.items():
        others = other.get(key, values)
        if values is None or others is None:
            if values is ABSENT or others is ABSENT:
                return False
        elif values.__class__ is Unless:
            if others.__class__ is not Unless and others <= values:
                return False
        elif values <= others if others.__class__ is Unless else values.isdisjoint(others):
            return False
    return True


def _length_first(text: str | None) -> tuple[int, str]:
    return (len(text), text) if text else (0, "")
