"""Ports and protocols of rules and endpoints (numorstring/port.go, numorstring/protocol.go, validatePort)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from callint.calico import Release
from callint.finding import Path
from callint.net.ports import WITH_PORTS, parse_port, parse_protocol
from callint.objects.fields import as_text
from callint.record import NamedTuple
from callint.validate.scope import Effect, Flaw, Scope, judge
from callint.validate.shape import UNREADABLE

NAMED_WITHOUT_PROTOCOL: Release = (3, 32)
"""From here on a list of named ports alone may do without a protocol."""

POISON = Effect("poison-value", "Go cannot decode it, so that no object of this kind is read any more")
POLICY_IGNORED = Effect("silently-ignored", "Felix then treats the whole policy as missing", modelled=True)

_DECODED = re.compile(r"[a-zA-Z0-9_.-]{1,128}")
_RANGE = re.compile(r"([0-9]+):([0-9]+)")


class Port(NamedTuple):
    """The verdict on one port: its flaw, whether Go cannot even decode it, and whether it is a name."""

    flaw: Flaw | None
    undecodable: bool
    named: bool


@lru_cache(maxsize=512)
def _port(value: int | str) -> Port:
    try:
        return Port(None, False, isinstance(parse_port(value), str))
    except ValueError as error:
        return Port(Flaw("bad-port", str(error)), _undecodable(value), False)


def _undecodable(value: int | str) -> bool:
    """Whether the decoder fails already: numbers above 16 bits, ranges that end before they start, odd characters."""
    if isinstance(value, int):
        return not 0 <= value <= 65535
    span = _RANGE.fullmatch(value)
    if span:
        low, high = (int(part) if len(part) < 10 else 1 << 16 for part in span.groups())
        return high > 65535 or low > high
    if value.isascii() and value.isdigit():
        return len(value) > 9 or int(value) > 65535
    return not _DECODED.fullmatch(value)


def port(value: Any) -> Port | None:
    """The verdict on a value; None for what is no number and no text."""
    if value.__class__ is float:
        if not value.is_integer():
            return Port(Flaw("bad-port", f"{value} is no port; a number from 1 to 65535 was expected"), True, False)
        value = int(value)
    return _port(value) if value.__class__ in (int, str) else None


def port_list(scope: Scope, path: Path, ports: Any, ignored: Effect) -> bool:
    """Judge a list of ports; tells whether a protocol must go with it. `ignored`: what Felix does with a bad one."""
    if ports.__class__ is not list:
        return False
    numbers = False
    for index, item in enumerate(ports):
        found = port(item)
        if found is None:
            numbers = numbers or item is UNREADABLE
            continue
        numbers = numbers or not found.named
        if found.flaw is not None:
            judge(scope, (*path, index), found.flaw, stored=POISON if found.undecodable else ignored)
    return bool(ports) and (numbers or scope.release < NAMED_WITHOUT_PROTOCOL)


@lru_cache(maxsize=256)
def _protocol(value: int | str, strict: bool) -> int | Flaw:
    try:
        return parse_protocol(value, strict=strict)
    except ValueError as error:
        return Flaw("bad-protocol", str(error))


def protocol(scope: Scope, path: Path, value: Any, ignored: Effect) -> int | None:
    """Judge a protocol and give its number; None when it has none."""
    if value.__class__ is float and value.is_integer():
        value = int(value)
    if value.__class__ not in (int, str, bool, float):
        return None
    text = value if value.__class__ in (int, str) else as_text(value) or ""
    found = _protocol(text, scope.road == "calicoctl")
    if isinstance(found, int):
        return found
    undecodable = value.__class__ is not str and not (value.__class__ is int and 0 <= value <= 255)
    judge(scope, path, found, stored=POISON if undecodable else ignored)
    return None


def carries_ports(number: int) -> bool:
    """Whether a protocol has ports that Calico knows."""
    return number in WITH_PORTS
