"""What a selector means: an immutable tree that prints canonically and matches labels (selector/parser/ast.go)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

Comparison = Literal["==", "!=", "contains", "starts with", "ends with"]
Labels = Mapping[str, str]


class Selector:
    """A node of the tree, equal by structure; `str()` is Calico's canonical text, which parses to an equal tree."""

    __slots__ = ("_hash",)

    def matches(self, labels: Labels) -> bool:
        """Whether an object with these labels, inherited ones merged in, is selected."""
        raise NotImplementedError  # an abstract class would make each isinstance of a node slower

    def _parts(self) -> tuple[object, ...]:
        return ()

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other) or not isinstance(other, Selector):
            return False
        return hash(self) == hash(other) and self._parts() == other._parts()

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            self._hash: int = hash((type(self).__name__, self._parts()))
        return self._hash

    def __repr__(self) -> str:
        return f"<Selector {self}>"


class All(Selector):
    """`all()`, which also stands for the empty text: matches everything."""

    __slots__ = ()

    def matches(self, labels: Labels) -> bool:
        return True

    def __str__(self) -> str:
        return "all()"


class Global(Selector):
    """`global()`: matches everything in the raw language; the conversion of rules gives it its meaning."""

    __slots__ = ()

    def matches(self, labels: Labels) -> bool:
        return True

    def __str__(self) -> str:
        return "global()"


class Has(Selector):
    """`has(key)`."""

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key = key

    def matches(self, labels: Labels) -> bool:
        return self.key in labels

    def _parts(self) -> tuple[object, ...]:
        return (self.key,)

    def __str__(self) -> str:
        return f"has({self.key})"


class Compare(Selector):
    """`key == "value"` and its kin. An absent label satisfies `!=` and nothing else."""

    __slots__ = ("key", "operator", "value")

    def __init__(self, key: str, operator: Comparison, value: str) -> None:
        self.key = key
        self.operator: Comparison = operator
        self.value = value

    def matches(self, labels: Labels) -> bool:
        found = labels.get(self.key)
        if found is None:
            return self.operator == "!="
        return compare(found, self.operator, self.value)

    def _parts(self) -> tuple[object, ...]:
        return (self.key, self.operator, self.value)

    def __str__(self) -> str:
        return f"{self.key} {self.operator} {quote(self.value)}"


class Member(Selector):
    """`key in {...}`, or `not in` when negated. An absent label satisfies `not in` and never `in`."""

    __slots__ = ("key", "negated", "values")

    def __init__(self, key: str, values: Iterable[str], *, negated: bool = False) -> None:
        self.key = key
        self.values = frozenset(values)
        self.negated = negated

    def matches(self, labels: Labels) -> bool:
        found = labels.get(self.key)
        return (found is not None and found in self.values) != self.negated

    def _parts(self) -> tuple[object, ...]:
        return (self.key, self.values, self.negated)

    def __str__(self) -> str:
        values = ", ".join(quote(value) for value in sorted(self.values))
        return f"{self.key} {'not in' if self.negated else 'in'} {{{values}}}"


class Not(Selector):
    """`!operand`."""

    __slots__ = ("operand",)

    def __init__(self, operand: Selector) -> None:
        self.operand = operand

    def matches(self, labels: Labels) -> bool:
        return not self.operand.matches(labels)

    def _parts(self) -> tuple[object, ...]:
        return (self.operand,)

    def __str__(self) -> str:
        return f"!{self.operand}"


class _Operands(Selector):
    __slots__ = ("operands",)
    word = ""

    def __init__(self, operands: Iterable[Selector]) -> None:
        self.operands = tuple(operands)

    def _parts(self) -> tuple[object, ...]:
        return self.operands

    def __str__(self) -> str:
        return f"({f' {self.word} '.join(map(str, self.operands))})"


class And(_Operands):
    """`a && b && ...` of two or more operands."""

    __slots__ = ()
    word = "&&"

    def matches(self, labels: Labels) -> bool:
        return all(operand.matches(labels) for operand in self.operands)


class Or(_Operands):
    """`a || b || ...` of two or more operands."""

    __slots__ = ()
    word = "||"

    def matches(self, labels: Labels) -> bool:
        return any(operand.matches(labels) for operand in self.operands)


ALL = All()
GLOBAL = Global()


def evaluate(selector: Selector, labels: Labels, *inherited: Labels) -> bool:
    """Whether the labels match; `inherited` maps (a namespace's, a profile's) fill gaps, an earlier one first."""
    if inherited:
        merged: dict[str, str] = {}
        for layer in reversed(inherited):
            merged |= layer
        labels = {**merged, **labels}
    return selector.matches(labels)


def compare(found: str, operator: Comparison, value: str) -> bool:
    """What an operator says of the value of a label that is present."""
    if operator == "==":
        return found == value
    if operator == "!=":
        return found != value
    if operator == "contains":
        return value in found
    return found.startswith(value) if operator == "starts with" else found.endswith(value)


def quote(value: str) -> str:
    """A string literal; the language has no escapes, so that no literal can hold both kinds of quotes."""
    return f"'{value}'" if '"' in value else f'"{value}"'


def atoms(selector: Selector) -> list[Selector]:
    """The leaves of the tree, from left to right."""
    found: list[Selector] = []
    pending = [selector]
    while pending:
        one = pending.pop()
        if isinstance(one, _Operands):
            pending += reversed(one.operands)
        elif isinstance(one, Not):
            pending.append(one.operand)
        else:
            found.append(one)
    return found


def conjuncts(selector: Selector) -> list[Selector]:
    """What must hold for it to match, all of it, from right to left: nothing of that is joined by `&&`."""
    found: list[Selector] = []
    pending = [selector]
    while pending:
        one = pending.pop()
        if isinstance(one, And):
            pending += one.operands
        else:
            found.append(one)
    return found


def keys_and_values(selector: Selector) -> dict[str, frozenset[str]]:
    """The labels that the selector names, each with the values (or parts of values) that it is compared with."""
    found: dict[str, frozenset[str]] = {}
    for atom in atoms(selector):
        if isinstance(atom, Has):
            found.setdefault(atom.key, frozenset())
        elif isinstance(atom, Compare):
            found[atom.key] = found.get(atom.key, frozenset()) | {atom.value}
        elif isinstance(atom, Member):
            found[atom.key] = found.get(atom.key, frozenset()) | atom.values
    return found
