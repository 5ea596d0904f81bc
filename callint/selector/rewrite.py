"""Selectors made from selectors: prefixed keys, other meanings of `all()` and `global()`, and what joins several."""

from __future__ import annotations

from collections.abc import Callable

from callint.selector.syntax import ALL, All, And, Compare, Global, Has, Member, Not, Or, Selector, conjuncts


def rewrite(selector: Selector, change: Callable[[Selector], Selector]) -> Selector:
    """The same tree with every leaf changed."""
    if isinstance(selector, Not):
        return negate(rewrite(selector.operand, change))
    if isinstance(selector, (And, Or)):
        return type(selector)(rewrite(operand, change) for operand in selector.operands)
    return change(selector)


def with_prefix(selector: Selector, prefix: str) -> Selector:
    """Every key with a prefix in front, as namespace selectors get `pcns.` (selector/parser PrefixVisitor)."""

    def change(leaf: Selector) -> Selector:
        if isinstance(leaf, Has):
            return Has(prefix + leaf.key)
        if isinstance(leaf, Compare):
            return Compare(prefix + leaf.key, leaf.operator, leaf.value)
        if isinstance(leaf, Member):
            return Member(prefix + leaf.key, leaf.values, negated=leaf.negated)
        return leaf

    return rewrite(selector, change)


def replace_all(selector: Selector, *, all_: Selector | None = None, global_: Selector | None = None) -> Selector:
    """Other selectors in the place of `all()` and of `global()`, wherever they stand.

    Calico does this on the text (updateprocessors/rules.go), so that it also reaches into literals; this does not.
    """

    def change(leaf: Selector) -> Selector:
        if all_ is not None and isinstance(leaf, All):
            return all_
        return global_ if global_ is not None and isinstance(leaf, Global) else leaf

    return rewrite(selector, change)


def both(*selectors: Selector) -> Selector:
    """What all of them match; `all()` adds nothing, and no selector is `all()`."""
    kept = [selector for selector in selectors if selector != ALL]
    return And(kept) if len(kept) > 1 else (kept[0] if kept else ALL)


def demands(selector: Selector) -> set[Selector]:
    """What must hold for it to match, all of it; `all()` demands nothing."""
    return {one for one in conjuncts(selector) if one != ALL}


def either(first: Selector, *others: Selector) -> Selector:
    """What at least one of them matches."""
    return Or((first, *others)) if others else first


def negate(selector: Selector) -> Selector:
    """What it does not match."""
    return selector.operand if isinstance(selector, Not) else Not(selector)
