"""The words of a selector and where they stand (libcalico-go/lib/selector/tokenizer)."""

from __future__ import annotations

from collections.abc import Iterator
from sys import intern

from callint.record import NamedTuple

_LABEL_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-")
_LONGEST_LABEL = 512
CALLS = ("has", "all", "global")
# The longer spellings first: `not` and `in` may be written together.
_WORDS = (("contains",), ("starts", "with"), ("ends", "with"), ("not", "in"), ("in",))
_PUNCTUATION = frozenset("(){},!")
_PAIRS = {"=": "==", "&": "&&", "|": "||"}
_CURLY = frozenset("\u2018\u2019\u201c\u201d\u201e\u201a\u00ab\u00bb\u2032\u2033`")
# White space of Go's regular expressions, which the tokenizer of v3.29 and before admits in a few places.
_LEGACY_SPACE = " \t\n\f\r"


class SelectorError(ValueError):
    """The text is no selector: `str()` is a sentence, `hint` a way out, or empty.

    `offset` and `length` mark the word that is wrong; the length is 0 where the text ends too early.
    `limit` is true when the text is only larger than callint reads, and may well be fine for Calico.
    """

    def __init__(self, message: str, offset: int, length: int, *, hint: str = "", limit: bool = False) -> None:
        super().__init__(message)
        self.offset = offset
        self.length = length
        self.hint = hint
        self.limit = limit


class Token(NamedTuple):
    """One word: `kind` is the word itself, `label`, `string` or `end`; `value` is the name or the literal's content."""

    kind: str
    start: int
    end: int
    value: str = ""


def tokenize(text: str, *, strict: bool = False) -> Iterator[Token]:
    """Cut the text into words, up to and with one of kind `end`; `has`, `all` and `global` come with their parentheses.

    Line breaks count as space inside `has( )` and between two words of an operator, as up to Calico v3.29; `strict`
    reads as later releases. Raises SelectorError at the first character that begins no word.
    """
    inner = " \t" if strict else _LEGACY_SPACE
    at, after_label = 0, False
    while True:
        at = _skip(text, at, " \t")
        if at == len(text):
            yield Token("end", at, at)
            return
        token = _word(text, at, inner, after_label=after_label)
        yield token
        at, after_label = token.end, token.kind == "label"


def _word(text: str, at: int, inner: str, *, after_label: bool) -> Token:
    character = text[at]
    if character in _LABEL_CHARACTERS:
        found = _operator(text, at, inner) if after_label else _call(text, at, inner)
        return found or _label(text, at)
    if character in "\"'":
        close = text.find(character, at + 1)
        if close < 0:
            raise SelectorError(f"the string that opens with {character} is not closed", at, len(text) - at)
        return Token("string", at, close + 1, text[at + 1 : close])
    if text.startswith("!=", at):
        return Token("!=", at, at + 2)
    if character in _PUNCTUATION:
        return Token(character, at, at + 1)
    pair = _PAIRS.get(character, "")
    if pair and text.startswith(pair, at):
        return Token(pair, at, at + 2)
    raise _stray(text, at, pair)


def _stray(text: str, at: int, pair: str) -> SelectorError:
    character = text[at]
    if pair:
        return SelectorError(f'a single "{character}" is no operator', at, 1, hint=f'write "{pair}"')
    if character in "\r\n":
        where = "at its end" if not text[at:].strip() else "between its words"
        hint = 'end a YAML block scalar with ">-" or "|-" to drop the last line break'
        return SelectorError(
            f"the selector has a line break {where}, where Calico reads only spaces and tabs", at, 1, hint=hint
        )
    if character in _CURLY:
        return SelectorError(f"the quotation mark {character} opens no string", at, 1, hint="quote with \" or '")
    shown = character if character.isprintable() and character != " " else f"U+{ord(character):04X}"
    return SelectorError(f"the character {shown} has no meaning in a selector", at, 1)


def _label(text: str, at: int) -> Token:
    end = _label_end(text, at)
    if end - at > _LONGEST_LABEL:
        raise SelectorError(f"a label of {end - at} characters is longer than {_LONGEST_LABEL}", at, end - at)
    return Token("label", at, end, intern(text[at:end]))


def _call(text: str, at: int, inner: str) -> Token | None:
    """`has(key)`, `all()` or `global()`; the parenthesis must follow at once, else the word is an ordinary label."""
    for name in CALLS:
        if not text.startswith(f"{name}(", at):
            continue
        start = end = _skip(text, at + len(name) + 1, inner)
        if name == "has" and text[start : start + 1] in _LABEL_CHARACTERS:
            end = _label(text, start).end
        close = _skip(text, end, inner)
        if text[close : close + 1] == ")" and (end > start) == (name == "has"):
            return Token(name, at, close + 1, text[start:end])
        raise _bad_call(text, name, at, close)
    return None


def _bad_call(text: str, name: str, at: int, wrong: int) -> SelectorError:
    message = f'"{name}( )" takes {"one label name" if name == "has" else "nothing"} in its parentheses'
    if wrong >= len(text):
        return SelectorError(f"{message}, and is not closed", at, len(text) - at)
    if text[wrong] in "\r\n":
        return SelectorError(f"{message}, and no line break", wrong, 1)
    hint = "a label name stands there without quotes" if text[wrong] in "\"'" else ""
    return SelectorError(message, wrong, max(1, _label_end(text, wrong) - wrong), hint=hint)


def _operator(text: str, at: int, inner: str) -> Token | None:
    for words in _WORDS:
        end = at
        for word in words:
            end = _skip(text, end, inner) if end > at else end
            if not text.startswith(word, end):
                break
            end += len(word)
        else:
            if text[end : end + 1] not in _LABEL_CHARACTERS:
                return Token(" ".join(words), at, end)
    return None


def _label_end(text: str, at: int) -> int:
    while at < len(text) and text[at] in _LABEL_CHARACTERS:
        at += 1
    return at


def _skip(text: str, at: int, space: str) -> int:
    while at < len(text) and text[at] in space:
        at += 1
    return at
