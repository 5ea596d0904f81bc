"""AS numbers and durations: what Go decodes, and what the schemas on the way say of it."""

from __future__ import annotations

from typing import Any

from callint.finding import Path
from callint.net.asn import parse_as_number
from callint.objects.fields import as_text, whole
from callint.validate import values
from callint.validate.ports import POISON
from callint.validate.scope import Flaw, Scope, judge

INT32 = (1 << 31) - 1
STRICT_INT32 = "Kubernetes v1.36 and later refuse numbers above 2147483647 here, for the CRD says int32"
"""kubernetes PR 136582, calico issue 13494."""


def as_number(scope: Scope, path: Path, value: Any) -> None:
    """An AS number as number or text (numorstring/asnumber.go); its type is the schema stage's affair."""
    if value.__class__ not in (int, str, float):
        return
    try:
        number = parse_as_number(value)
    except ValueError as error:
        judge(scope, path, Flaw("bad-as-number", str(error)), stored=POISON)
        return
    if value.__class__ is float and number < 1 << 16:
        message = f'{value} is read as the AS number {number}; one in two parts is quoted, as in "{value}"'
        scope.say("bad-as-number", path, message)
    if number > INT32:
        message = f"the AS number {number} is right for Calico, but {STRICT_INT32}"
        scope.say("number-above-int32", path, message)


def node_as_number(scope: Scope, path: Path, value: Any) -> None:
    """The AS number of a Node, which an annotation stores."""
    if value.__class__ in (int, str, float):
        try:
            parse_as_number(value)
        except ValueError as error:
            scope.say("bad-as-number", path, str(error), gap=True)


def duration(scope: Scope, path: Path, value: Any) -> None:
    """A duration that Go decodes (metav1.Duration); one that it cannot is poison where nothing else guards it."""
    text = as_text(value)
    if text is None or value.__class__ is not str:
        return
    flaw = values.duration(text)
    if flaw is not None:
        judge(scope, path, flaw, stored=POISON)


def above_int32(scope: Scope, path: Path, value: Any) -> None:
    """A number that Go holds, and that the CRD does not allow; on the road of calicoctl its bounds are narrower."""
    number = whole(value)
    if number is not None and number > INT32 and scope.road != "calicoctl":
        scope.say("number-above-int32", path, f'"{path[-1]}" is {number}, and {STRICT_INT32}')


def int32(scope: Scope, path: Path, value: Any) -> None:
    """A number of 32 bits to Go's decoder."""
    within(scope, path, value, -INT32 - 1, INT32)


def within(scope: Scope, path: Path, value: Any, low: int, high: int) -> None:
    """A number that Go's decoder cannot hold outside bounds; the schema stage looks on the road of calicoctl."""
    number = whole(value)
    if number is not None and scope.road != "calicoctl" and not low <= number <= high:
        message = f'"{path[-1]}" is {number}, {low} to {high} was expected; {POISON.text}'
        scope.say(POISON.kind, path, message, gap=True)
