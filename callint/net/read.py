"""Values as manifests write them; None where they are none, for whoever must go on without."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TypeVar

from callint.net.address import Address, Family, Prefix, parse_cidr, parse_ip
from callint.net.asn import parse_as_number
from callint.net.community import Community, parse_community

T = TypeVar("T")
_DIGITS = 10
"""Those of the largest numbers that any field holds; Python itself reads no more than some thousands."""


def _or_none(parse: Callable[[], T]) -> T | None:
    try:
        return parse()
    except ValueError:
        return None


@lru_cache(maxsize=1 << 16)
def cidr(text: str | None, family: Family | None = None) -> Prefix | None:
    """A network or a single address, host bits kept."""
    return _or_none(lambda: parse_cidr(text, family)) if text else None


def network(text: str | None, family: Family | None = None) -> Prefix | None:
    """A network without its host bits."""
    found = cidr(text, family)
    return found.masked() if found is not None else None


def address(text: str | None, family: Family | None = None) -> Address | None:
    """A bare address."""
    return _or_none(lambda: parse_ip(text, family)) if text else None


def prefixes(texts: Iterable[str]) -> Iterator[Prefix]:
    """The networks and single addresses that can be read, host bits kept; the rest is left out, as Calico does."""
    return filter(None, map(cidr, texts))


def addresses(texts: Iterable[str]) -> Iterator[Address]:
    """The addresses of those."""
    return (prefix.address for prefix in prefixes(texts))


def networks(texts: Iterable[str], family: Family) -> tuple[Prefix, ...]:
    """The networks of one family among the texts."""
    return tuple(found for text in texts if (found := network(text, family)) is not None)


def as_number(value: object) -> int | None:
    """An AS number."""
    return _or_none(lambda: parse_as_number(value)) if value is not None else None


def community(text: str | None) -> Community | None:
    """A community of two or three numbers."""
    return _or_none(lambda: parse_community(text)) if text else None


def decimal(text: str) -> int | None:
    """A number without sign."""
    digits = text.lstrip("0")
    return int(digits or "0") if text.isascii() and text.isdecimal() and len(digits) <= _DIGITS else None
