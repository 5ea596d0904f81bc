"""Regular expressions as Go reads them (Go regexp/syntax), which has neither look-around nor references."""

from __future__ import annotations

import re

_GROUP = r"\((?:\?(?:P?<[A-Za-z0-9_]+>|[imsU]*(?:-[imsU]+)?([:)]))|(?!\?))"
_NO_GROUP = r"(?s)\(\?(?:<[=!]|P[=>]|-?.)?"
_REPEAT = r"(?:[*+?]|\{(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\})\??"
_CATEGORY = "(?i:[clmnpsz]|c[cfnos]|l[clmotu]|m[cen]|n[dlo]|p[cdefios]|s[ckmo]|z[lps])"
_SCRIPT = r"(?i:yi\}|(?![a-z]{1,2}\})[ _-]*[a-z][a-z _-]*\})"
"""Which of the longer names there are depends on the release of Go, and so does case: since 1.25 any will do."""
_SET = rf"\\(?:[dDsSwW]|[pP](?:[CLMNPSZclmnpsz]|\{{\^?(?:{_CATEGORY}\}}|{_SCRIPT})))"
_PLACE = r"\\[AbBz]"
_HEXADECIMAL = r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})"
_CHARACTER = rf"\\(?:([afnrtv])|(0[0-7]{{0,2}}|[1-7][0-7]{{1,2}})|{_HEXADECIMAL}|([\x00-/:-@\[-`{{-\x7f]))"
_NAMED = r"\^?(?:al(?:num|pha)|ascii|blank|cntrl|digit|graph|lower|p(?:rint|unct)|space|upper|word|xdigit)"
_CONTROLS = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_MOST = 1000
_LAST = 0x10FFFF


def check_regexp(text: str) -> None:
    """Raises ValueError with a sentence unless Go compiles the text; how much it would repeat in all is not counted."""
    depth = at = 0
    atom = repeated = False
    while at < len(text):
        sign, again = text[at], repeated
        repeated = False
        if sign == "(":
            at, opened = _group(text, at)
            depth += opened
            atom = atom and not opened
        elif sign == ")":
            if not depth:
                raise _wrong(text, 'for no "(" stands before the ")"')
            at, depth, atom = at + 1, depth - 1, True
        elif sign == "|":
            at, atom = at + 1, False
        elif (found := re.compile(_REPEAT).match(text, at)) is not None:
            if not atom:
                raise _wrong(text, f'for nothing stands before "{found[0]}" that it could repeat')
            if again:
                raise _wrong(text, f'which has no second "{found[0]}"')
            low, high = int(found[1] or 0), int(found[3] or found[1] or 0)
            if not low <= high <= _MOST:
                raise _wrong(text, f'which repeats nothing "{found[0]}" times')
            at, repeated = found.end(), True
        elif text.startswith(r"\Q", at):
            end = text.find(r"\E", at + 2)
            atom = atom or end != at + 2 < len(text)
            at = len(text) if end < 0 else end + 2
        else:
            at, atom = _one(text, at), True
    if depth:
        raise _wrong(text, 'for a ")" is missing')


def _group(text: str, at: int) -> tuple[int, bool]:
    """Where the head of a group ends, and whether it opens one and does not just set flags."""
    found = re.compile(_GROUP).match(text, at)
    if found is None:
        odd = re.compile(_NO_GROUP).match(text, at)
        raise _wrong(text, f'which has no "{odd[0] if odd else "(?"}"')
    return found.end(), found[1] != ")"


def _one(text: str, at: int) -> int:
    """Where one character, set of characters or place ends."""
    if text[at] == "[":
        return _class(text, at + 1)
    if text[at] == "\\":
        found = re.compile(rf"{_SET}|{_PLACE}").match(text, at)
        return found.end() if found else _character(text, at)[1]
    return at + 1


def _class(text: str, at: int) -> int:
    at = begin = at + (text[at : at + 1] == "^")
    while text[at : at + 1] != "]" or at == begin:
        end = text.find(":]", at + 2) if text.startswith("[:", at) else -1
        if end >= 0:
            if not re.fullmatch(_NAMED, text[at + 2 : end]):
                raise _wrong(text, f'which has no "{text[at : end + 2]}"')
            at = end + 2
            continue
        found = re.compile(_SET).match(text, at)
        if found is not None:
            at = found.end()
            continue
        start = at
        low, at = _character(text, at)
        if text[at : at + 1] == "-" and text[at + 1 : at + 2] not in ("", "]"):
            high, at = _character(text, at + 1)
            if high < low:
                raise _wrong(text, f'for the range "{text[start:at]}" ends before it begins')
    return at + 1


def _character(text: str, at: int) -> tuple[int, int]:
    """The number of one character, and where it ends."""
    if at >= len(text):
        raise _wrong(text, 'for a "]" is missing')
    if text[at] != "\\":
        return ord(text[at]), at + 1
    found = re.compile(_CHARACTER).match(text, at)
    if found is None:
        if at + 1 == len(text):
            raise _wrong(text, 'for nothing stands behind the last "\\"')
        named = re.compile(r"\\[pP]\{[^{}]{1,40}\}").match(text, at)
        raise _wrong(text, f'which has no "{named[0] if named else text[at : at + 2]}"')
    control, octal, short, long, own = found.groups()
    if control:
        number = _CONTROLS[control]
    elif own:
        number = ord(own)
    else:
        number = int(octal, 8) if octal else int(short or long, 16)
    if number > _LAST:
        raise _wrong(text, f'which has no "{found[0]}"')
    return number, found.end()


def _wrong(text: str, why: str) -> ValueError:
    return ValueError(f'"{text}" is no regular expression of Go, {why}')
