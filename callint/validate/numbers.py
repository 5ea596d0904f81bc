"""AS numbers and durations: what Go decodes, and what the schemas on the way say of it."""

from __future__ import annotations

from typing import Any

from callint.finding import Path
from callint.net.asn import parse_as_number
from callint.objects.fields import whole
from callint.validate import values
from callint.validate.ports import POISON
from callint.validate.scope import Effect, Flaw, Scope, judge
from callint.validate.shape import Check

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
    if value.__class__ is str:
        judge(scope, path, values.duration(value), stored=POISON)


def above_int32(scope: Scope, path: Path, value: Any) -> None:
    """A number that Go holds, and that the CRD does not allow; on the road of calicoctl its bounds are narrower."""
    number = whole(value)
    if number is not None and number > INT32 and scope.road != "calicoctl":
        scope.say("number-above-int32", path, f'"{path[-1]}" is {number}, and {STRICT_INT32}')


def within(low: int, high: int, effect: Effect = POISON) -> Check:
    """A number inside of bounds; what Go cannot decode beyond them, the schema stage sees on the road of calicoctl."""

    def check(scope: Scope, path: Path, value: Any) -> None:
        number = whole(value)
        if number is None or low <= number <= high or (effect is POISON and scope.road == "calicoctl"):
            return
        message = f'"{path[-1]}" is {number}, {low} to {high} was expected; {effect.text}'
        scope.say(effect.kind, path, message, gap=True)

    return check


int32 = within(-INT32 - 1, INT32)
"""A number of 32 bits to Go's decoder."""
