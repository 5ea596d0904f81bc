"""Text to selector, without recursion: bounded in time and depth, every error with its place and a way out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import cast

from callint.record import NamedTuple
from callint.selector.syntax import ALL, GLOBAL, And, Compare, Comparison, Has, Member, Not, Or, Selector
from callint.selector.tokens import CALLS, SelectorError, Token, tokenize

__all__ = ["Mention", "SelectorError", "mentions", "parse"]

MAX_LENGTH = 100_000
MAX_DEPTH = 100
_COMPARISONS = frozenset(("==", "!=", "contains", "starts with", "ends with"))
_SETS = frozenset(("in", "not in"))
_OPERATORS = '"==", "!=", "in", "not in", "contains", "starts with" or "ends with"'


class _Group:
    """An open parenthesis (or the whole text): the finished alternatives, and the operands of the unfinished one."""

    __slots__ = ("alternatives", "negated", "opened", "operands")

    def __init__(self, opened: Token | None, *, negated: bool) -> None:
        self.opened = opened
        self.negated = negated
        self.alternatives: list[Selector] = []
        self.operands: list[Selector] = []

    def end_alternative(self) -> None:
        self.alternatives.append(self.operands[0] if len(self.operands) == 1 else And(self.operands))
        self.operands = []

    def close(self) -> Selector:
        self.end_alternative()
        return self.alternatives[0] if len(self.alternatives) == 1 else Or(self.alternatives)


def parse(text: str, *, strict: bool = False, max_length: int = MAX_LENGTH, max_depth: int = MAX_DEPTH) -> Selector:
    """Read a selector; the empty text is `all()`.

    What some release of Calico reads is read, unless `strict` (see `tokenize`): where the target's release refuses it,
    `callint.validate` has said so. Raises SelectorError, and nothing else, for any text; its `limit` is true for one
    that is longer or more deeply nested than the limits. Whoever asks again gets the same tree: of every selector many
    checks ask.
    """
    if max_length != MAX_LENGTH or max_depth != MAX_DEPTH or (strict and _is_broken(text)):
        return _unusual(text, strict, max_length, max_depth)
    return _usual(text)


def parse_or_none(text: str | None) -> Selector | None:
    """The selector of a field; None where there is none, or one that cannot be read."""
    try:
        return parse(text) if text is not None else None
    except SelectorError:
        return None


def _is_broken(text: str) -> bool:
    """Whether releases may read a text differently."""
    return "\n" in text or "\r" in text or "\f" in text


@lru_cache(maxsize=1 << 18)
def _usual(text: str) -> Selector:
    """Kept by the text alone, which is there anyway: a key of four takes as much memory as a small tree."""
    return _parse(text, False, MAX_LENGTH, MAX_DEPTH)


@lru_cache(maxsize=1 << 18)
def _unusual(text: str, strict: bool, max_length: int, max_depth: int) -> Selector:
    return _parse(text, strict, max_length, max_depth)


def _parse(text: str, strict: bool, max_length: int, max_depth: int) -> Selector:
    if len(text) > max_length:
        raise SelectorError(f"the selector is longer than {max_length} characters", 0, len(text), limit=True)
    if "&&" in text and "||" not in text:
        operands: list[Selector] = []
        for piece in text.split("&&"):
            operand = _alone(piece.strip(" \t"), strict, max_depth)
            if operand is None:
                break
            operands.append(operand)
        else:
            return And(operands)
    return _read(text, strict, max_depth)


@lru_cache(maxsize=1 << 16)
def _alone(text: str, strict: bool, max_depth: int) -> Selector | None:
    """What stands between two `&&`, of which many selectors are made; None if it is no selector of its own.

    If all of them are, no `&&` stands inside a literal or a parenthesis, and each is read as it is between the others.
    """
    try:
        return _read(text, strict, max_depth) if text else None
    except SelectorError:
        return None


def _read(text: str, strict: bool, max_depth: int) -> Selector:
    tokens = tokenize(text, strict=strict)
    groups = [_Group(None, negated=False)]
    token = next(tokens)
    if token.kind == "end":
        return ALL
    while True:
        negated = False
        while token.kind == "!":
            negated, token = not negated, next(tokens)
        if token.kind == "(":
            if len(groups) > max_depth:
                message = f"the selector nests more than {max_depth} parentheses"
                raise SelectorError(message, token.start, 1, limit=True)
            groups.append(_Group(token, negated=negated))
            token = next(tokens)
            continue
        operand = _operand(token, tokens, text)
        token = next(tokens)
        groups[-1].operands.append(Not(operand) if negated else operand)
        while token.kind == ")" and groups[-1].opened:
            group = groups.pop()
            closed = group.close()
            groups[-1].operands.append(Not(closed) if group.negated else closed)
            token = next(tokens)
        if token.kind == "end":
            break
        if token.kind == "||":
            groups[-1].end_alternative()
        elif token.kind != "&&":
            raise _unexpected(token, '"&&", "||" or the end' if len(groups) == 1 else '"&&", "||" or ")"', text)
        token = next(tokens)
    opened = groups[-1].opened
    if opened:
        raise SelectorError('the parenthesis "(" is not closed', opened.start, 1)
    return groups[0].close()


def _operand(token: Token, tokens: Iterator[Token], text: str) -> Selector:
    if token.kind == "has":
        return Has(token.value)
    if token.kind in CALLS:
        return ALL if token.kind == "all" else GLOBAL
    if token.kind != "label":
        raise _unexpected(token, 'a label name, "has( )", "all()", "!" or "("', text)
    key, operator = token, next(tokens)
    if operator.kind in _COMPARISONS:
        literal = next(tokens)
        if literal.kind != "string":
            raise _unexpected(literal, "a quoted string", text)
        return Compare(key.value, cast(Comparison, operator.kind), literal.value)
    if operator.kind in _SETS:
        return Member(key.value, _set(tokens, text), negated=operator.kind == "not in")
    if operator.kind == "(" and key.value in CALLS:
        hint = f'write "{key.value}(" without the space' if operator.start > key.end else ""
        raise SelectorError(
            f'"{key.value}" and its parenthesis are not together', key.start, operator.end - key.start, hint=hint
        )
    raise _unexpected(operator, f'{_OPERATORS} after the label "{key.value}"', text, after=key)


def _set(tokens: Iterator[Token], text: str) -> list[str]:
    opened = next(tokens)
    if opened.kind != "{":
        raise _unexpected(opened, 'a set such as {"a", "b"}', text)
    values: list[str] = []
    token = next(tokens)
    while token.kind != "}":
        if token.kind != "string":
            raise _unexpected(token, 'a quoted string or "}"', text)
        values.append(token.value)
        token = next(tokens)
        if token.kind == ",":
            token = next(tokens)
        elif token.kind != "}":
            raise _unexpected(token, '"," or "}"', text)
    return values


def _unexpected(token: Token, expected: str, text: str, after: Token | None = None) -> SelectorError:
    word = text[token.start : token.end]
    hint = ""
    if token.kind == "label" and "string" in expected:
        hint = f'quote the value: "{word}"'
    elif token.kind == "label" and after is None and word.lower() in ("and", "or", "not"):
        hint = {"and": 'write "&&"', "or": 'write "||"', "not": 'write "!"'}[word.lower()]
    elif token.kind == "string" and "label name" in expected:
        hint = "a label name stands on the left, without quotes"
    elif after is not None and after.value.lower() == "not":
        hint = 'write "!"'
    elif after is not None and token.kind in ("&&", "||", ")", "end"):
        hint = f'write "has({after.value})" to ask only whether the label is there'
    elif token.kind == "," and '"&&"' in expected:
        hint = 'write "&&"'
    elif token.kind == "(" and "a set" in expected:
        hint = "a set stands in braces"
    elif token.kind == ")":
        hint = 'no "(" is open here' if "the end" in expected else ""
    found = "the selector ends" if token.kind == "end" else f"{_shown(word)} stands"
    return SelectorError(f"{found} where {expected} was expected", token.start, token.end - token.start, hint=hint)


def _shown(word: str) -> str:
    word = word if len(word) <= 40 else word[:39] + "…"
    return f"'{word}'" if '"' in word else f'"{word}"'


class Mention(NamedTuple):
    """A place where a selector names a label: the name's token, and the literals that it is compared with.

    `operator` is a word of the language, or `has`. The token of `has(key)` spans the whole call.
    """

    key: Token
    operator: str
    values: tuple[Token, ...]


def mentions(text: str, *, strict: bool = False) -> list[Mention]:
    """Every label that a valid selector names, with places, in the order of the text; raises SelectorError."""
    found: list[Mention] = []
    key: Token | None = None
    operator, values = "", []
    for token in tokenize(text, strict=strict):
        if token.kind == "string":
            values.append(token)
        elif token.kind in _COMPARISONS or token.kind in _SETS:
            operator = token.kind
        elif token.kind not in ("{", ",", "}"):
            if key is not None:
                found.append(Mention(key, operator, tuple(values)))
            key, operator, values = (token if token.kind in ("label", "has") else None), token.kind, []
    return found
