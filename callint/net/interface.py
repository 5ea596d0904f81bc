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
    """Whether BIRD's pattern matches the whole name; `*` is any characters, none included (bird lib/patmatch.c)."""
    head, *inner = pattern.split("*")
    if not inner:
        return pattern == name
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
    """Whether every name that matches `b` matches `a` too."""
    # A character that `a` does not name is the hardest for it, so that one stands for all that a star of `b` may be.
    other = "\0"
    seen: set[tuple[int, frozenset[int]]] = set()
    pending = [(0, _closure(a, {0}))]
    while pending:
        state = pending.pop()
        if state in seen:
            continue
        seen.add(state)
        j, places = state
        if j == len(b):
            if len(a) not in places:
                return False
        elif b[j] == "*":
            pending.append((j + 1, places))
            pending += ((j, _advance(a, places, character)) for character in {other, *a} - {"*"})
        else:
            pending.append((j + 1, _advance(a, places, b[j])))
    return True


def _advance(pattern: str, places: frozenset[int], character: str) -> frozenset[int]:
    stay = {place for place in places if pattern[place : place + 1] == "*"}
    move = {place + 1 for place in places if pattern[place : place + 1] == character}
    return _closure(pattern, stay | move)


def _closure(pattern: str, places: set[int]) -> frozenset[int]:
    """Places in the pattern, with those that a star reaches by standing for nothing."""
    pending, reached = list(places), set(places)
    while pending:
        place = pending.pop()
        if pattern[place : place + 1] == "*" and place + 1 not in reached:
            reached.add(place + 1)
            pending.append(place + 1)
    return frozenset(reached)
