"""Names of network interfaces, and the patterns that match them."""

from __future__ import annotations

LONGEST_NAME = 15
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


def parse_interface(text: str, *, extra: str = "") -> str:
    """Check a name of letters, digits, `_`, `.`, `-` and the `extra` ones (`*` in patterns of BGP, `:+` in Felix's).

    Raises ValueError with a sentence (validator regexes of interface names).
    """
    if not 0 < len(text) <= LONGEST_NAME:
        raise ValueError(f'"{text}" is no interface; 1 to {LONGEST_NAME} characters were expected, not {len(text)}')
    wrong = sorted({character for character in text if character not in _NAME and character not in extra})
    if wrong:
        raise ValueError(f'"{text}" is no interface; it must not contain {", ".join(map(repr, wrong))}')
    return text


def glob_matches(pattern: str, name: str) -> bool:
    """Whether BIRD's pattern matches the whole name; `*` is any characters, none included (bird lib/patmatch.c).

    Behind a `*` BIRD looks for the next character as it stands, so that one with `**` in it matches no interface.
    """
    head, *inner = pattern.split("*")
    if not inner:
        return pattern == name
    if "**" in pattern:
        return False
    tail = inner.pop()
    if len(name) < len(head) + len(tail) or not (name.startswith(head) and name.endswith(tail)):
        return False
    at, end = len(head), len(name) - len(tail)
    for piece in inner:
        at = name.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def glob_covers(a: str, b: str) -> bool:
    """Whether every name that matches `b` matches `a` too; not told of patterns that match none."""
    if "**" in a or "**" in b:
        return False
    head, star, tail = a.partition("*")
    if star and "*" not in tail and "*" in b:
        return b.startswith(head) and b.endswith(tail)
    # A character that `a` does not name is the hardest for it, so that one stands for all that a star of `b` may be.
    other = next(character for character in map(chr, range(len(a) + 1)) if character not in a)
    return glob_matches(a, b.replace("*", other))
