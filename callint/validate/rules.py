"""One rule of a policy or profile: protocol, ICMP, HTTP, and its two sides (validateRule, validateHTTPRule)."""

from __future__ import annotations

from typing import Any

from callint.finding import Path
from callint.objects.fields import as_text, integer
from callint.validate.metadata import annotation_map
from callint.validate.plain import plain
from callint.validate.ports import POLICY_IGNORED, protocol
from callint.validate.scope import CEL, LATE_CEL, Effect, Scope
from callint.validate.shape import UNREADABLE, Check, has, lacks

_WORDS = {"ICMP": 4, "ICMPv6": 6}
_NUMBERS: dict[float, int] = {1: 4, 58: 6}
_PASSED_OVER = Effect("silently-widened", "Felix passes over it, so that the rule is as wide as its other conditions")


def rule(direction: str, kind: str) -> Check:
    """The check of one rule of `ingress` or `egress` in an object of a kind."""
    outward = direction == "egress"
    profile = kind == "Profile"
    clusterwide = kind.endswith("GlobalNetworkPolicy")

    def check(scope: Scope, path: Path, value: Any) -> None:
        if value.__class__ is not dict or plain(scope, value):
            return
        from callint.validate.entities import entity, families

        number = _protocols(scope, path, value)
        source, destination = value.get("source"), value.get("destination")
        if source.__class__ is dict:
            entity(scope, (*path, "source"), source, number, not outward, False, clusterwide)
        if destination.__class__ is dict:
            entity(scope, (*path, "destination"), destination, number, outward, True, clusterwide)
        if source or destination:
            families(scope, path, value, source, destination)
        if value.get("http") is not None:
            _http(scope, path, value, outward and not profile)
        about = value.get("metadata")
        if about.__class__ is dict and about.get("annotations"):
            annotation_map(scope, (*path, "metadata", "annotations"), about["annotations"])
        if scope.road == "crd" and scope.release < CEL:
            _unguarded(scope, path, value)

    return check


def _protocols(scope: Scope, path: Path, value: dict[str, Any]) -> int | None:
    """The number of the rule's protocol; 0 when it names none, None when it cannot be read."""
    written, other = value.get("protocol"), value.get("notProtocol")
    number: int | None = 0
    if written is not None:
        number = protocol(scope, (*path, "protocol"), written, POLICY_IGNORED)
    if other is not None:
        protocol(scope, (*path, "notProtocol"), other, POLICY_IGNORED)
    written, other = _stored(scope, written), _stored(scope, other)
    version = value.get("ipVersion")
    if version in (4, 6):
        for name, said in (("protocol", written), ("notProtocol", other)):
            _version(scope, path, name, said, version)
    if "icmp" in value or "notICMP" in value:
        for name in ("icmp", "notICMP"):
            found = value.get(name)
            if found.__class__ is dict:
                _icmp(scope, (*path, name), found, written)
    return number


def _stored(scope: Scope, said: Any) -> Any:
    """A protocol as the rules of CRDs see it: behind calicoctl digits are a number (numorstring/protocol.go)."""
    text = scope.road == "calicoctl" and said.__class__ is str and len(said) <= 3
    return int(said) if text and said.isascii() and said.isdigit() else said


def _version(scope: Scope, path: Path, name: str, said: Any, version: int) -> None:
    family = _WORDS.get(said) if said.__class__ is str else None
    if family is None and scope.release >= LATE_CEL and said.__class__ in (int, float):
        family = _NUMBERS.get(said)
    if family is not None and family != version:
        scope.refuse(
            "icmp-mismatch",
            (*path, name),
            f'the protocol "{said}" is of IPv{family}, and "ipVersion" is {version}',
            since=LATE_CEL,
            related=scope.related(*path, "ipVersion", label=f"{version} here"),
        )


def _icmp(scope: Scope, path: Path, icmp: dict[str, Any], protocol: Any) -> None:
    if icmp.get("code") is not None and icmp.get("type") is None:
        scope.refuse("icmp-mismatch", (*path, "code"), 'an ICMP "code" needs a "type" beside it', since=CEL, key=True)
    if path[-1] == "notICMP" or protocol is UNREADABLE:
        return
    allowed: tuple[Any, ...] = ("ICMP", "ICMPv6", 1, 58) if scope.release >= LATE_CEL else ("ICMP", "ICMPv6")
    if protocol.__class__ is bool or protocol not in allowed:
        named = "no protocol" if protocol is None else f'the protocol "{protocol}"'
        message = f'"icmp" goes with the protocols "ICMP" and "ICMPv6" only, and the rule has {named}'
        scope.refuse("icmp-mismatch", path, message, since=LATE_CEL, key=True)


def _http(scope: Scope, path: Path, rule: dict[str, Any], outward: bool) -> None:
    http, place = rule["http"], (*path, "http")
    if http.__class__ is not dict:
        return
    if outward:
        message = '"http" is allowed in ingress rules only'
        scope.refuse("misplaced-http", place, message, stored=_PASSED_OVER, key=True)
    action = rule.get("action")
    if isinstance(action, str) and action != "Allow":
        message = f'"http" goes with the action "Allow" only, and the rule has "{action}"'
        scope.refuse("misplaced-http", place, message, since=CEL, key=True)
    protocol = _stored(scope, rule.get("protocol"))
    if protocol is not None and protocol is not UNREADABLE and protocol not in ("TCP", 6):
        message = f'"http" goes with the protocol "TCP" or none, and the rule has "{protocol}"'
        scope.refuse("misplaced-http", place, message, since=CEL, key=True)
    methods = http.get("methods")
    if methods.__class__ is list:
        for index, method in enumerate(methods):
            if method is not None and method is not UNREADABLE and method in methods[:index]:
                scope.refuse("value-not-allowed", (*place, "methods", index), f'the method "{method}" is repeated')
    paths = http.get("paths")
    for index, one in enumerate(paths if paths.__class__ is list else ()):
        if one.__class__ is dict:
            _http_path(scope, (*place, "paths", index), one)


def _http_path(scope: Scope, path: Path, one: dict[str, Any]) -> None:
    if UNREADABLE in one.values():
        return
    if has(one, "exact") and has(one, "prefix"):
        scope.refuse("exclusive-fields", (*path, "prefix"), '"exact" and "prefix" cannot both be set', key=True)
    elif lacks(one, "exact") and lacks(one, "prefix"):
        scope.refuse("missing-companion", path, 'a path of "http" needs "exact" or "prefix"')
    for name in ("exact", "prefix"):
        text = as_text(one.get(name))
        if text and (text[0] != "/" or any(character in text for character in "?# ")):
            message = f'"{text}" is no path; it begins with "/" and has no "?", "#" or space'
            scope.refuse("malformed-text", (*path, name), message, gap=True)


def _unguarded(scope: Scope, path: Path, rule: dict[str, Any]) -> None:
    """What the bare CRDs of v3.31 and before let in."""
    action = rule.get("action")
    if isinstance(action, str) and action.lower() not in ("allow", "deny", "log", "pass"):
        message = f'"{action}" is no action; "Allow", "Deny", "Log" or "Pass" was expected'
        scope.say("value-not-allowed", (*path, "action"), message, gap=True)
    version = integer(rule, "ipVersion")
    if version is not None and version not in (4, 6):
        message = f'"ipVersion" is {version}, 4 or 6 was expected'
        scope.refuse("out-of-range", (*path, "ipVersion"), message, stored=POLICY_IGNORED, gap=True)
    for name in ("icmp", "notICMP"):
        icmp = rule.get(name)
        for field, most in (("type", 254), ("code", 255)):
            number = integer(icmp, field) if isinstance(icmp, dict) else None
            if number is not None and not 0 <= number <= most:
                message = f"the ICMP {field} is {number}, 0 to {most} was expected"
                scope.refuse("out-of-range", (*path, name, field), message, stored=POLICY_IGNORED, gap=True)
