"""BGPFilter (validateBGPFilterRuleV4, validateBGPFilterRuleV6, confd bgp_processor.go filterStatement)."""

from __future__ import annotations

from typing import Any

from callint.finding import Path
from callint.net import read
from callint.net.address import BITS, Family
from callint.objects.fields import as_text, integer
from callint.validate import values
from callint.validate.bgp import BIRD_REFUSES, NOT_RENDERED, network
from callint.validate.numbers import as_number
from callint.validate.scope import CEL, Scope
from callint.validate.shape import UNREADABLE, Check, Whole, each, fields, has, lacks, text

_WORDS = {
    "action": ("Accept", "Reject"),
    "matchOperator": ("Equal", "NotEqual", "In", "NotIn"),
    "source": ("RemotePeers",),
}
_UNSIZED = "without one BIRD rejects every route that reaches the rule"


def _rule(family: Family) -> Whole:
    def check(scope: Scope, path: Path, rule: dict[str, Any]) -> None:
        _companions(scope, path, rule)
        span = rule.get("prefixLength")
        if span.__class__ is dict and has(rule, "cidr"):
            _lengths(scope, path, rule, span, BITS[family])
        if has(rule, "operations") and rule.get("action") not in ("Accept", UNREADABLE):
            message = '"operations" change a route that is accepted, and this rule does not say "action: Accept"'
            scope.refuse("exclusive-fields", (*path, "operations"), message, since=CEL, key=True)
        if scope.road == "crd" and scope.release < CEL:
            for name, words in _WORDS.items():
                said = rule.get(name)
                if said.__class__ is str and said and said not in words:
                    message = f'"{name}" is "{said}", {" or ".join(words)} was expected; {NOT_RENDERED.text}'
                    scope.say(NOT_RENDERED.kind, (*path, name), message, gap=True)

    return check


def _companions(scope: Scope, path: Path, rule: dict[str, Any]) -> None:
    """`cidr` and `matchOperator` go together, `prefixLength` with both."""
    if has(rule, "cidr") and lacks(rule, "matchOperator") and scope.release > (3, 26):
        message = '"cidr" needs "matchOperator" beside it'
        scope.refuse("missing-companion", (*path, "cidr"), message, since=CEL, stored=NOT_RENDERED, key=True)
    if has(rule, "matchOperator") and lacks(rule, "cidr") and scope.release > (3, 26):
        message = '"matchOperator" needs "cidr" beside it'
        scope.refuse("missing-companion", (*path, "matchOperator"), message, since=CEL, key=True)
    if rule.get("prefixLength") is not None and lacks(rule, "cidr"):
        message = '"prefixLength" needs "cidr" beside it'
        scope.refuse("missing-companion", (*path, "prefixLength"), message, since=CEL, stored=NOT_RENDERED, key=True)


def _lengths(scope: Scope, path: Path, rule: dict[str, Any], span: dict[str, Any], bits: int) -> None:
    """No road looks whether any length is left, and BIRD refuses an empty range (lab of `bird -p`)."""
    prefix = read.cidr(as_text(rule["cidr"]) or "")
    low, high = integer(span, "min"), integer(span, "max")
    if prefix is None or any(span.get(name) is not None and integer(span, name) is None for name in ("min", "max")):
        return
    if not all(0 <= bound <= bits for bound in (low, high) if bound is not None):
        return
    first, last = max(prefix.length, low or 0), bits if high is None else high
    if first > last:
        why = f'"max" is {last}'
        against = f'"min" is {low}' if low and low > prefix.length else f'"{rule["cidr"]}" is longer'
        message = f"the prefix lengths are none: {why} and {against}; {BIRD_REFUSES.text}"
        place = (*path, "prefixLength", "max" if high is not None else "min")
        scope.say("reversed-range", place, message)


def _direction(family: Family) -> Check:
    return each(
        fields(
            _rule(family),
            cidr=network(values.net_v4 if family == 4 else values.net_v6, _UNSIZED),
            interface=text(values.interface("*")),
            asPathPrefix=each(as_number),
            operations=each(fields(prependASPath=fields(prefix=each(as_number)))),
        )
    )


_V4, _V6 = _direction(4), _direction(6)
KINDS: dict[str, Check] = {
    "BGPFilter": fields(spec=fields(importV4=_V4, exportV4=_V4, importV6=_V6, exportV6=_V6)),
}
