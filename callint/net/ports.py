"""Ports and protocols of rules (numorstring/port.go, numorstring/protocol.go, validator validatePort)."""

from __future__ import annotations

from functools import lru_cache

from callint.net.intervals import Interval

ICMP, TCP, UDP, ICMPV6, SCTP, UDPLITE = 1, 6, 17, 58, 132, 136
PROTOCOLS = {"TCP": TCP, "UDP": UDP, "ICMP": ICMP, "ICMPv6": ICMPV6, "SCTP": SCTP, "UDPLite": UDPLITE}
PROTOCOL_NAMES = {number: name for name, number in PROTOCOLS.items()}
WITH_PORTS = frozenset((TCP, UDP, SCTP))
"""The protocols that a rule with ports may name."""

CLIENT_PORTS: Interval = (32768, 60999)
"""From which Linux opens connections (net.ipv4.ip_local_port_range)."""

_FOLDED = {name.lower(): number for name, number in PROTOCOLS.items()}
_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_LONGEST_NAME = 15
_LONGEST_RANGE = len("65535:65535")
_LAST = 65535


def parse_port(value: object) -> Interval | str:
    """Read a port of a rule: a number, digits, `"80:90"`, or a name; gives (first, last), or the name.

    Raises ValueError with a sentence.
    """
    if isinstance(value, str):
        return _port_range(value) if ":" in value else _single_port(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f'{value} is no port; a number, a range such as "80:90" or a name was expected')
    port = _port(str(value), value)
    return port, port


def parse_protocol(value: object, *, strict: bool = False) -> int:
    """Read a protocol: one of `PROTOCOLS`, or a number from 1 to 255 as number or digits; gives the number.

    Any case will do, as for the reader of Calico's datastore; `strict` wants the exact one, as its validator does.
    Raises ValueError.
    """
    found = (PROTOCOLS.get(value) or _FOLDED.get(value.lower())) if isinstance(value, str) else None
    if found:
        if strict and value not in PROTOCOLS:
            raise ValueError(f'"{value}" is no protocol; "{PROTOCOL_NAMES[found]}" was expected')
        return found
    digits = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    number = int(digits) if _digits(digits) and len(digits.lstrip("0")) <= 3 else 0
    if not 1 <= number <= 255:
        raise ValueError(f'"{value}" is no protocol; {", ".join(PROTOCOLS)} or a number from 1 to 255 was expected')
    return number


def surely_port(value: object) -> bool:
    """Whether `parse_port` takes a number or a range, said at little cost; False decides nothing."""
    if value.__class__ is int:
        return 1 <= value <= _LAST
    if not isinstance(value, str) or len(value) > _LONGEST_RANGE or not value.isascii():
        return False
    low, colon, high = value.partition(":")
    return bool(colon) and low.isdecimal() and high.isdecimal() and 1 <= int(low) <= int(high) <= _LAST


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


@lru_cache(maxsize=1 << 10)
def _single_port(text: str) -> Interval | str:
    """One that is written without a range, as many are: the same ones come again and again."""
    if not _digits(text):
        return _port_name(text)
    port = _port(text, text)
    return port, port


def _port_range(text: str) -> Interval | str:
    low, _, high = text.partition(":")
    if not (low.isdigit() and high.isdigit() and text.isascii()):
        return _port_name(text)
    if len(text) <= _LONGEST_RANGE and 1 <= (first := int(low)) <= (last := int(high)) <= _LAST:
        return first, last
    first, last = _port(low, text), _port(high, text)
    if first > last:
        raise ValueError(f'the port range "{text}" ends before it starts')
    return first, last


def _port(digits: str, value: object) -> int:
    number = int(digits) if len(digits) <= 5 or len(digits.lstrip("0")) <= 5 else 0
    if not 1 <= number <= _LAST:
        shown = f'"{value}"' if isinstance(value, str) else value
        raise ValueError(f"{shown} is no port; a number from 1 to 65535 was expected")
    return number


def _port_name(text: str) -> str:
    if (
        0 < len(text) <= _LONGEST_NAME
        and _NAME.issuperset(text)
        and "--" not in text
        and text.strip("-") == text
        and not _digits(text.replace("-", ""))
    ):
        return text
    low, dash, high = text.partition("-")
    if dash and _digits(low) and _digits(high):
        raise ValueError(f'"{text}" is no port range; "{low}:{high}" was expected')
    raise ValueError(
        f'"{text}" is no port; a number, a range such as "80:90", or a name of up to {_LONGEST_NAME} lower-case '
        "letters, digits and single inner dashes was expected"
    )
