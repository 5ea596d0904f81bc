"""A violated keyword in words: what is there, what was expected, and whether another release knows it."""

from __future__ import annotations

import json
from typing import Any

from callint.calico import Release, format_release
from callint.calico.kinds import NETWORKING, V3
from callint.finding import Path, counted
from callint.record import NamedTuple
from callint.schema import catalogue, enterprise, remedy
from callint.schema import fault as keyword
from callint.schema.fault import Fault
from callint.schema.forms import expected
from callint.schema.history import (
    DEPRECATED,
    POINTER,
    USE,
    Schema,
    first_patch,
    form,
    node_at,
    release_of,
    releases,
    resolve,
)
from callint.schema.lookup import Lookup
from callint.source import placeholder
from callint.source.scalars import go_text
from callint.suggest import did_you_mean, nearest

_NOUNS = {
    "object": "a map",
    "array": "a list",
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_WHOLE_SECONDS = r"^([0-9]+(\\.[0-9]+)?(ms|s|m|h))*$"
_LONGEST = 60
_QUOTED = json.JSONEncoder(ensure_ascii=False)
_ABOUT_NAMES = (keyword.UNKNOWN, keyword.CASE, keyword.DEPRECATED)


class Story(NamedTuple):
    """What to say of one fault: kind of problem, message, help; `key` when the name is wrong and not the value.

    `gaps` are the places that nobody may read after it: its own, or where the value was meant to stand.
    """

    kind: str
    message: str
    key: bool = False
    gaps: tuple[Path, ...] = ()
    help: str = ""
    repeats: Path | None = None


def dotted(path: Path) -> str:
    """`spec.ingress[0].action`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def shown(value: Any) -> str:
    """A value in a message, short."""
    if isinstance(value, str):
        return _QUOTED.encode(value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…")
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and value.bit_length() > 256:
        return "a number of many digits"
    return json.dumps(value)


def explain(known: Lookup, fault: Fault) -> Story | None:
    """The story of one fault; None when it is no fault after all (text that only looks like a placeholder)."""
    value, path = fault.value, fault.path
    where = f'"{dotted(path)}"'
    mark = None if fault.keyword in _ABOUT_NAMES else _placeholder(value)
    if mark is not None:
        if mark.startswith("<"):
            return Story("placeholder-left", f"{where} still holds the placeholder {shown(mark)}", gaps=(path,))
        return Story("variable-left", f"{where} holds {shown(mark)}, whose value is not known here", gaps=(path,))
    if fault.keyword == keyword.PLACEHOLDER:
        return None
    if fault.keyword == keyword.UNKNOWN:
        return _unknown_field(known, fault)
    if fault.keyword == keyword.CASE:
        right = (*path[:-1], fault.expected)
        return Story(
            "calicoctl-only",
            f'{where} is read as "{fault.expected}" by calicoctl alone; kubectl refuses or drops it',
            key=True,
            gaps=(right,),
        )
    if fault.keyword == keyword.CONVERTED:
        return Story(
            "calicoctl-only",
            f'{where} is {shown(value)}, which calicoctl turns into the text "{go_text(value)}"; '
            "kubectl refuses what is no string",
        )
    if fault.keyword == "required":
        holder = dotted(path[:-1]) or known.kind
        return Story("missing-field", f'"{holder}" needs the field "{fault.expected}"', gaps=(path,))
    if fault.keyword == "type":
        words = known.words(path) if isinstance(value, (bool, int, float)) else []
        said = (
            f"{where} is {_is(value)}, {_one_of(words)} was expected"
            if words
            else mistyped(path, value, fault.expected)
        )
        instead = remedy.in_quotes(value, words) or remedy.instead(known.history, path, value)
        return Story("wrong-type", said, gaps=(path,), help=instead)
    if fault.keyword == "enum":
        return _value(known, fault)
    if fault.keyword == "uniqueItems":
        twin = (*path[:-1], fault.expected)
        return Story("value-not-allowed", f"{where} repeats {shown(value)}, but the list is a set", repeats=twin)
    if fault.keyword == "pattern":
        return _pattern(fault, where)
    return _bound(fault, where)


def _placeholder(value: Any) -> str | None:
    if isinstance(value, str) and ("(?P<" in value or "(?<" in value):  # a named group of a regular expression
        return None
    return placeholder(value)


def mistyped(path: Path, value: Any, types: str | list[str]) -> str:
    """What a value is, and of which types one was expected."""
    return f'"{dotted(path)}" is {_is(value)}, {_wanted(types)} was expected'


def _is(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"the boolean {shown(value)}"
    if isinstance(value, (int, float)):
        return f"the number {shown(value)}"
    return f"the string {shown(value)}" if isinstance(value, str) else shown(value)


def _wanted(types: str | list[str]) -> str:
    names = [types] if isinstance(types, str) else [name for name in types if name != "null"]
    return " or ".join(_NOUNS.get(name, name) for name in names)


def _bound(fault: Fault, where: str) -> Story:
    value, bound = fault.value, fault.expected
    side = "at most" if fault.keyword.startswith("max") else "at least"
    if fault.keyword in ("minimum", "maximum"):
        said = f"{where} is {shown(value)}, {side} {bound} was expected"
        return Story("out-of-range", said, gaps=(fault.path,))
    noun = {"Length": "character", "Items": "item", "Properties": "field"}[fault.keyword[3:]]
    size = len(value) if isinstance(value, (str, list, dict)) else 0
    those = f"{'is' if bound == 1 else 'are'} {'allowed' if side == 'at most' else 'needed'}"
    return Story("out-of-range", f"{where} has {counted(size, noun)}, {side} {bound} {those}")


def _pattern(fault: Fault, where: str) -> Story:
    wanted = expected(fault.expected, fault.value)
    if wanted is None:
        long = len(fault.expected) > 2 * _LONGEST
        form = "have the form that Calico's schema asks for" if long else f"match {fault.expected}"
        wanted = f"which does not {form}"
    fractions = (
        "Calico's schema refuses fractions here, by a doubled backslash in its pattern: write 500ms for 0.5s"
        if fault.expected == _WHOLE_SECONDS
        else ""
    )
    return Story("malformed-text", f"{where} is {shown(fault.value)}, {wanted}", gaps=(fault.path,), help=fractions)


def _value(known: Lookup, fault: Fault) -> Story:
    """A value outside an enum: of another release, of Enterprise, or near to a known one."""
    where = f'"{dotted(fault.path)}"'
    field = next((step for step in reversed(fault.path) if isinstance(step, str)), "")
    if fault.value in enterprise.VALUES.get((known.kind, field), ()):
        said = f"{where} is {shown(fault.value)}, a value of Calico Enterprise"
        return Story("enterprise-only", said, gaps=(fault.path,))
    having = [release for release, values in known.enums(fault.path) if fault.value in values]
    if having and having[-1] > known.release:
        first = next(release for release in having if release > known.release)
        said = f"which Calico has from {format_release(first)} on; the target is {format_release(known.release)}"
        return Story("field-too-new", f"{where} is {shown(fault.value)}, {said}", gaps=(fault.path,))
    if having:
        said = f"which Calico had up to {format_release(having[-1])}; now {_one_of(fault.expected)}"
        return Story("field-removed", f"{where} is {shown(fault.value)}, {said}", gaps=(fault.path,))
    words = [word for word in fault.expected if isinstance(word, str)]
    asked = isinstance(fault.value, str) and fault.value and len(words) > 1
    hint = did_you_mean(nearest(fault.value, words), ";") if asked else ""
    said = f"{where} is {shown(fault.value)}, {_one_of(fault.expected)} was expected{hint}"
    return Story("value-not-allowed", said, gaps=(fault.path,), help=remedy.in_quotes(fault.value, words))


def _one_of(values: list[Any]) -> str:
    allowed = ", ".join(map(shown, values))
    return f"one of {allowed}" if len(values) > 1 else allowed


def _unknown_field(known: Lookup, fault: Fault) -> Story:
    """A name that the target does not know: too new, gone, of Enterprise, or mistyped."""
    path, name = fault.path, str(fault.path[-1])
    parent = dotted(path[:-1]) or known.kind
    where = f'"{dotted(path)}"'
    holder = node_at(known.history, path[:-1])
    node = (holder or {}).get("properties", {}).get(name)
    if node is not None:
        return _other_release(known, resolve(known.history, node), where)
    if enterprise.is_field(known.kind, name):
        said = f"{where} is a field of Calico Enterprise; open source Calico has none"
        return Story("enterprise-only", said, key=True, gaps=enterprise.unread(path))
    near = nearest(name, fault.expected)
    said = f'"{name}" is no field of "{parent}"'
    if near is not None and near.lower() == name.lower():
        elsewhere = ", and only calicoctl takes any case" if known.of_calico else ""
        said = f'{said}; it is written "{near}"{elsewhere}'
        return Story("unknown-field", said, key=True, gaps=((*path[:-1], near),))
    holders = known.holders(holder, fault.expected, name) if holder else []
    if holders:
        names = " and ".join(f'"{holder}"' for holder in holders)
        said = f"{said}; it belongs under {names}" if len(holders) == 1 else f"{said}; {names} have it"
        return Story("unknown-field", said, key=True, gaps=tuple((*path[:-1], holder, name) for holder in holders))
    meant, instead = _ELSEWHERE.get((known.kind, name), ("", ""))
    if instead in fault.expected:
        return Story("unknown-field", f"{said}; {meant}", key=True, gaps=((*path[:-1], instead),))
    gaps = ((*path[:-1], near),) if near is not None else ()
    other = _other_api(known, path)
    hint = f'; NetworkPolicy of "{other}" has it' if other else did_you_mean(near, ";")
    unseen = "" if name.isprintable() else "it holds characters that look like spaces or like nothing: type it anew"
    return Story("unknown-field", said + hint, key=True, gaps=gaps, help=unseen)


_ELSEWHERE = {
    ("IPPool", "encapsulation"): ('"ipipMode" and "vxlanMode" say here what an Installation says by it', "ipipMode"),
    ("ClusterNetworkPolicy", "ports"): (
        'ports stand under "protocols", as in `{tcp: {destinationPort: {number: 443}}}`',
        "protocols",
    ),
}
"""Fields that other kinds have: what says the same, in words, and the name of the field that does."""


def _other_api(known: Lookup, path: Path) -> str:
    """The API whose NetworkPolicy has a field, where Calico's or Kubernetes' has not what the other one has."""
    if known.kind not in ("NetworkPolicy", "GlobalNetworkPolicy"):
        return ""
    api = NETWORKING if known.of_calico else V3
    other = catalogue.find(api, "NetworkPolicy")
    holder = node_at(other, path[:-1]) if other else None
    return api if path[-1] in (holder or {}).get("properties", {}) else ""


def _other_release(known: Lookup, node: Schema, where: str) -> Story:
    """A field that another release has, or another road."""
    use = f'; "{node[USE]}" takes its place' if USE in node else ""
    there = [release for release in releases() if form(node, release, known.road)]
    first = next((release for release in there if release >= known.release[:2]), None)
    if first is not None:
        patch = first_patch(node, first)
        needed = format_release((*first, patch) if patch else first)
        said = f"needs Calico {needed}; the target is {format_release(known.release)}"
        return Story("field-too-new", f"{where} {said}", key=True)
    if there:
        return Story("field-removed", f"{where} is gone since Calico {format_release(_next(there[-1]))}{use}", key=True)
    return Story("field-removed", f"{where} is a leftover that must not be set{use}", key=True)


def _next(release: Release) -> Release:
    return release[0], release[1] + 1


def deprecated(known: Lookup, fault: Fault) -> Story:
    """A field that still works and should not be used; false need not be replaced where Go leaves it out, as absent."""
    path = fault.path
    node = node_at(known.history, path) or {}
    use = f'; use "{node[USE]}"' if USE in node else ""
    if fault.value is False and not node.get(POINTER):
        use = "; false is the same as leaving it out: remove it"
    since = format_release(release_of(node[DEPRECATED])) if DEPRECATED in node else "this release"
    return Story("field-deprecated", f'"{dotted(path)}" is deprecated since Calico {since}{use}', key=True)
