"""IPv4 and IPv6 addresses and CIDRs, read and printed exactly as Go's net package does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from callint.record import NamedTuple

Family = Literal[4, 6]
FAMILIES: tuple[Family, ...] = (4, 6)
BITS: dict[int, int] = {4: 32, 6: 128}
LAST: dict[int, int] = {4: (1 << 32) - 1, 6: (1 << 128) - 1}

_OCTETS = {str(number): number for number in range(256)}
_LENGTHS = {str(number): number for number in range(33)}
_MAPPED = 0xFFFF << 32
_HEX = frozenset("0123456789abcdefABCDEF")
_OCTET = r"(?:[1-9]?[0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])"
_V4_LINES = rf"(?:(?:{_OCTET}\.){{3}}{_OCTET}/(?:[12]?[0-9]|3[0-2])(?:\n|\Z))*"
_MANY = 8
"""From so many texts on one expression says it sooner than a look at each."""


class Address(NamedTuple):
    """One address as a number; `::ffff:1.2.3.4` is the IPv4 address 1.2.3.4, as in Go."""

    family: Family
    value: int

    def __str__(self) -> str:
        return format_address(self.family, self.value)

    @property
    def link_local(self) -> bool:
        """Whether it is of one link alone: in 169.254.0.0/16 or fe80::/10."""
        return self.value >> 16 == 0xA9FE if self.family == 4 else self.value >> 118 == 0xFE80 >> 6

    def prefix(self) -> Prefix:
        """The network that holds this address alone."""
        return Prefix(self.family, self.value, BITS[self.family])


class Prefix(NamedTuple):
    """An address with a prefix length; host bits may be set, and only `masked`, `first` and `last` look past them."""

    family: Family
    value: int
    length: int

    def __str__(self) -> str:
        return f"{format_address(self.family, self.value)}/{self.length}"

    @property
    def address(self) -> Address:
        """The address in front of the slash."""
        return Address(self.family, self.value)

    @property
    def first(self) -> int:
        """The lowest address of the network."""
        host = BITS[self.family] - self.length
        return self.value >> host << host

    @property
    def last(self) -> int:
        """The highest address of the network."""
        return self.value | ((1 << (BITS[self.family] - self.length)) - 1)

    def masked(self) -> Prefix:
        """The network itself, without host bits."""
        return Prefix(self.family, self.first, self.length)

    def contains(self, other: Prefix | Address) -> bool:
        """Whether every address of `other` lies in this network; never across families."""
        host = BITS[self.family] - self.length
        if self.family != other.family or (isinstance(other, Prefix) and other.length < self.length):
            return False
        return self.value >> host == other.value >> host

    def overlaps(self, other: Prefix) -> bool:
        """Whether the networks share an address: then one contains the other."""
        return self.contains(other) if self.length <= other.length else other.contains(self)


def format_address(family: Family, value: int) -> str:
    """Dotted IPv4, or IPv6 in the form of RFC 5952: lower case, the first longest run of zero groups as `::`."""
    if family == 4:
        return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"
    groups = [value >> shift & 0xFFFF for shift in range(112, -1, -16)]
    start, length = 0, 0
    for index in range(8):
        end = index
        while end < 8 and groups[end] == 0:
            end += 1
        if end - index > length:
            start, length = index, end - index
    if length < 2:
        return ":".join(f"{group:x}" for group in groups)
    head, tail = groups[:start], groups[start + length :]
    return ":".join(f"{group:x}" for group in head) + "::" + ":".join(f"{group:x}" for group in tail)


def parse_ip(text: str, family: Family | None = None) -> Address:
    """Read a bare address (the class `ip`, `ipv4` or `ipv6`).

    Raises ValueError with a sentence. Octets have no leading zeros and zones are refused (Go net.ParseIP).
    """
    if "/" in text:
        raise ValueError(f'"{text}" is a network; an address without a prefix length was expected')
    return _of_family(_address(text, text), text, family)


def parse_cidr(text: str, family: Family | None = None, *, bare: bool = True) -> Prefix:
    """Read a CIDR whose host bits may be set (the class `cidr`); a bare address counts as its host network.

    `bare=False` demands the slash (Go net.ParseCIDR, the schema format `cidr`). Raises ValueError with a sentence.
    """
    address, slash, mask = text.partition("/")
    if mask in _LENGTHS and family != 6 and (value := _v4(address)) is not None:  # nearly all there are
        return Prefix(4, value, _LENGTHS[mask])
    if not slash:
        if not bare:
            _address(text, text)
            bits = 128 if ":" in text else 32
            raise ValueError(f'"{text}" has no prefix length; a network such as "{text}/{bits}" was expected')
        return _of_family(_address(text, text), text, family).prefix()
    parsed, mapped = _address(address, text), ":" in address
    limit = 128 if mapped else 32
    digits = mask.lstrip("0") or mask[-1:]
    if not (mask.isascii() and mask.isdigit() and len(digits) <= 3 and int(digits) <= limit):
        raise ValueError(f'"{text}" has the prefix length "{mask}"; a number from 0 to {limit} was expected')
    length = int(digits)
    if mapped and parsed.family == 4:
        # Go masks the sixteen bytes first: the network is IPv4 only while the mask keeps the mapping.
        parsed, length = (parsed, length - 96) if length >= 96 else (Address(6, _MAPPED | parsed.value), length)
    checked = _of_family(parsed, text, family)
    return Prefix(checked.family, checked.value, length)


def surely_v4(text: str, *, host_bits: bool) -> bool:
    """Whether the text is an IPv4 network with its length, said at little cost; False decides nothing."""
    address, _, mask = text.partition("/")
    length = _LENGTHS.get(mask)
    value = _v4(address) if length is not None else None
    return value is not None and length is not None and (host_bits or not value & (LAST[4] >> length))


def surely_all_v4(texts: Sequence[Any], *, host_bits: bool) -> bool:
    """Whether each is an IPv4 network with its length, said of many at still less cost; False decides nothing."""
    if host_bits and len(texts) >= _MANY:
        try:
            lines = "\n".join(texts)
        except TypeError:  # one is no text
            return False
        return lines.count("\n") < len(texts) and re.compile(_V4_LINES).fullmatch(lines) is not None
    return all(text.__class__ is str and surely_v4(text, host_bits=host_bits) for text in texts)


def parse_net(text: str, *, bare: bool = True) -> Prefix:
    """Read a network without host bits (the classes `net`, `netv4`, `netv6`); otherwise like `parse_cidr`."""
    prefix = parse_cidr(text, bare=bare)
    network = prefix.masked()
    if network != prefix:
        raise ValueError(f'"{text}" has host bits set; the network is {network}')
    return prefix


def parse_peer(text: str) -> tuple[Address, int | None]:
    """Read a BGP peer's address with its port, if any: `IPv4`, `IPv6`, `IPv4:port` or `[IPv6]:port`.

    Raises ValueError with a sentence (validator processIPPort).
    """
    host, port = text, ""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not (bracket and rest.startswith(":")):
            raise ValueError(f'"{text}" is no peer address; "[IPv6]:port" needs the port, and IPv6 alone no brackets')
        address, port = parse_ip(host, 6), rest[1:]
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
        address = parse_ip(host, 4)
    else:
        return parse_ip(text), None
    digits = port.lstrip("0")
    if not (port.isascii() and port.isdigit() and 0 < len(digits) <= 5 and int(digits) <= 65535):
        raise ValueError(f'"{text}" has the port "{port}"; a number from 1 to 65535 was expected')
    return address, int(digits)


def _of_family(address: Address, text: str, family: Family | None) -> Address:
    if family is not None and address.family != family:
        raise ValueError(f'"{text}" is IPv{address.family}; IPv{family} was expected')
    return address


def _address(text: str, whole: str) -> Address:
    """Parse `text`; `whole` is what the author wrote and what a message quotes."""
    value = _v4(text)
    if value is not None:
        return Address(4, value)
    if ":" not in text:
        raise ValueError(_why_not_v4(text, whole))
    if "%" in text:
        raise ValueError(f'"{whole}" has a zone; an address without "%" was expected')
    value = _v6(text)
    if value is None:
        raise ValueError(f'"{whole}" is no IPv6 address')
    return Address(4, value & LAST[4]) if value >> 32 == 0xFFFF else Address(6, value)


def _v4(text: str) -> int | None:
    parts = text.split(".")
    if len(parts) != 4:
        return None
    a, b, c, d = parts
    try:
        return _OCTETS[a] << 24 | _OCTETS[b] << 16 | _OCTETS[c] << 8 | _OCTETS[d]
    except KeyError:
        return None


def _why_not_v4(text: str, whole: str) -> str:
    parts = text.split(".")
    if len(parts) == 4 and all(part.isascii() and part.isdigit() for part in parts):
        if any(len(part) > 1 and part[0] == "0" for part in parts):
            return f'"{whole}" has an octet with leading zeros; Go refuses them, for they could mean octal'
        return f'"{whole}" has an octet above 255'
    return f'"{whole}" is no IP address'


def _v6(text: str) -> int | None:
    head, ellipsis, tail = text.partition("::")
    if "::" in tail or tail.startswith(":"):
        return None
    left, right = _groups(head, last=not ellipsis), _groups(tail, last=True)
    if left is None or right is None:
        return None
    missing = 8 - len(left) - len(right)
    if missing < 1 if ellipsis else missing != 0:
        return None
    value = 0
    for group in (*left, *[0] * missing, *right):
        value = value << 16 | group
    return value


def _groups(text: str, *, last: bool) -> list[int] | None:
    """The 16-bit groups of one side of `::`; only the last side may end in dotted IPv4."""
    if not text:
        return []
    groups: list[int] = []
    parts = text.split(":")
    for index, part in enumerate(parts):
        if 0 < len(part) <= 4 and _HEX.issuperset(part):
            groups.append(int(part, 16))
            continue
        value = _v4(part) if last and index == len(parts) - 1 else None
        if value is None:
            return None
        groups += (value >> 16, value & 0xFFFF)
    return groups
