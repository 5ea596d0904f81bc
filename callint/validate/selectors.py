"""Selectors inside objects: the offending word inside the scalar, and where `global()` may stand."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from callint.calico import Release
from callint.calico.defaults import LAST_LEGACY_SELECTORS
from callint.finding import Path, Span, Step
from callint.objects.fields import as_text
from callint.record import NamedTuple
from callint.selector import SelectorError, parse
from callint.validate.label_values import impossible_value
from callint.validate.scope import Effect, Flaw, Scope, judge
from callint.validate.shape import Check

_NAMED: dict[Step, str] = {
    "namespaceSelector": "a namespace",
    "serviceAccountSelector": "a service account",
}
_NAME = re.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Wrong(NamedTuple):
    """Why a text is no selector: the problem, the place of the word inside the text, a way out."""

    flaw: Flaw
    offset: int
    length: int
    hint: str


@lru_cache(maxsize=4096)
def wrong(text: str, strict: bool, longest: int) -> Wrong | None:
    """What is wrong with a selector's text; None for a selector of at most `longest` characters."""
    try:
        parse(text, strict=strict, max_length=longest)
    except SelectorError as error:
        if error.limit:
            return Wrong(Flaw("selector-limit", f"{error} and is not read"), error.offset, error.length, "")
        broken = text[error.offset : error.offset + 1] in ("\n", "\r")
        kind = "selector-newline" if broken else "bad-selector"
        return Wrong(Flaw(kind, str(error)), error.offset, error.length, error.hint)
    return None


def readable(scope: Scope, text: str) -> bool:
    """Whether the scope's release reads a text as a selector."""
    try:
        parse(text, strict=scope.release > LAST_LEGACY_SELECTORS, max_length=scope.limits.selector_length)
    except SelectorError:
        return False
    return True


def selector(
    *,
    since: Release | None = None,
    stored: Effect | None = None,
    global_: Check | None = None,
) -> Check:
    """A selector; `stored` is what becomes of one that cannot be read, `global_` looks at one that names `global(`."""

    def check(scope: Scope, path: Path, value: Any) -> None:
        text = value if value.__class__ is str else as_text(value)
        if not text:
            return
        if scope.road != "calicoctl":
            text = _sent(scope, path, text)
        strict, longest = scope.release > LAST_LEGACY_SELECTORS, scope.limits.selector_length
        found = None if readable(scope, text) else wrong(text, strict, longest)
        if found is not None and found.flaw.kind == "selector-limit":
            scope.say(found.flaw.kind, path, found.flaw.message, gap=True)
        elif found is not None:
            span = word(scope, path, text, found.offset, found.length)
            hint = _by_name(path, text) or found.hint
            judge(scope, path, found.flaw, since=since, stored=stored, malformed=True, span=span, hint=hint)
        elif global_ is not None and "global(" in text:
            global_(scope, path, text)
        elif (value_in_vain := impossible_value(text)) is not None:
            token, message = value_in_vain
            span = word(scope, path, text, token.start, token.end - token.start)
            scope.say("impossible-label-value", path, message, span=span)

    return check


def _by_name(path: Path, text: str) -> str:
    """How what has a name is selected by it, where the name stands in place of a selector."""
    whose = _NAMED.get(path[-1])
    named = whose is not None and _NAME.fullmatch(text)
    return f"{whose} of that name is selected by `projectcalico.org/name == '{text}'`" if named else ""


def _sent(scope: Scope, path: Path, text: str) -> str:
    """The text as the API server gets it: kubectl ends a file in a line break, which a block at its end may keep.

    Of the road of calicoctl, which ends nothing, kubectl may be a part or not (apimachinery util/yaml LineReader).
    """
    resource = scope.resource
    source = resource.document.source.text
    if source[-1:] == "\n" or resource.document.end < len(source) or text[-1] == "\n":
        return text
    if resource.document.style((*resource.base, *path)) != "block":
        return text
    span = resource.span(*path)
    head = resource.document.source.line(span.line)[span.column - 1 :].partition(" ")[0]
    last = source.count("\n") + 1 == span.end_line
    return f"{text}\n" if last and "-" not in head else text


def no_global(first: Release, since: Release, where: str) -> Check:
    """`global(` is refused in this selector, even inside a literal (the check is one of substrings)."""

    def check(scope: Scope, path: Path, value: Any) -> None:
        if scope.release >= first:
            at = value.find("global(")
            scope.refuse(
                "misplaced-global",
                path,
                f'"global()" is allowed as the whole "namespaceSelector" of a rule only, not in {where}',
                since=since,
                span=word(scope, path, value, at, len("global()")),
            )

    return check


def only_global(scope: Scope, path: Path, value: Any) -> None:
    """In a rule's namespaceSelector `global()` stands alone or not at all; only Go's validator looks."""
    if value.strip(" \t") != "global()":
        at = value.find("global(")
        message = '"global()" must be the whole selector; it cannot be negated or combined'
        scope.refuse("misplaced-global", path, message, span=word(scope, path, value, at, len("global()")))


def word(scope: Scope, path: Path, text: str, offset: int, length: int) -> Span | None:
    """The place of a part of a scalar's text; None where the whole scalar is all that can be shown."""
    resource = scope.resource
    span = resource.span(*path)
    if span.line != span.end_line or not text:
        return None
    written = resource.document.source.line(span.line)[span.column - 1 : span.end_column - 1]
    places = _places(written, text)
    if places is None:
        return None
    start = min(offset, len(text) - 1)
    end = min(max(offset + length, start + 1), len(text))
    return span._replace(column=span.column + places[start], end_column=span.column + places[end - 1] + 1)


def _places(written: str, text: str) -> list[int] | None:
    """Where each character of the text stands in the scalar as it is written on one line."""
    if written == text:
        return list(range(len(text)))
    quote = written[:1]
    if quote not in ("'", '"') or written[-1:] != quote or len(written) < 2:
        return None
    places: list[int] = []
    at, end = 1, len(written) - 1
    escape = "\\" if quote == '"' else "'"
    characters = []
    while at < end:
        if written[at] == escape:
            at += 1
            if written[at] not in (escape, quote):
                return None
        places.append(at)
        characters.append(written[at])
        at += 1
    return places if "".join(characters) == text else None
