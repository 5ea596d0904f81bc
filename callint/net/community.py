"""BGP communities: standard `a:b` of 16 bits each, large `a:b:c` of 32 bits each."""

from __future__ import annotations

Community = tuple[int, ...]
_BITS = {2: 16, 3: 32}


def parse_community(text: str) -> Community:
    """Read a community value of two or three numbers.

    Raises ValueError with a sentence (validator validateCommunities).
    """
    parts = text.split(":")
    bits = _BITS.get(len(parts), 0)
    if not bits or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f'"{text}" is no community; "a:b" or "a:b:c" of numbers was expected')
    if any(len(part.lstrip("0")) > 10 or int(part) >= 1 << bits for part in parts):
        raise ValueError(f'"{text}" is no community; each of {len(parts)} numbers is at most {(1 << bits) - 1}')
    return tuple(map(int, parts))


def format_community(community: Community) -> str:
    """The text of a community, without leading zeros."""
    return ":".join(map(str, community))
