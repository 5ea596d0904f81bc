r"""Text from the tree made harmless: what a terminal or a CI log would obey is shown instead.

Control characters, bidirectional overrides, invisible characters and lone surrogates become escapes such as `\x1b`.
`##[`, and the like of it for other CI systems (`##vso[`, `##teamcity[`), which a runner obeys anywhere in a line, gets
a backslash before its bracket; so does `::` where it would start a line (actions/runner, ActionCommand.cs).
"""

from __future__ import annotations

import re

UNSAFE = (
    r"\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f"
)
_UNSAFE = re.compile(f"[{UNSAFE}]")
LOG_COMMAND = re.compile(r"(##\w*)\[")
_LINE_COMMAND = re.compile(r"\s*(?=::)")
_LONGEST = 4000


def visible(text: str) -> str:
    """One line in place of any text, for the middle of a line: nothing in it acts; cut at 4000 characters."""
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}... ({len(text) - _LONGEST} more characters)"
    if not text.isprintable():
        text = _UNSAFE.sub(lambda match: escape(match.group()), text)
    return LOG_COMMAND.sub(r"\1\\[", text) if "##" in text else text


def guarded(line: str) -> str:
    """A visible line, harmless even where it begins, or follows nothing but blanks."""
    return _LINE_COMMAND.sub(r"\g<0>\\", line, count=1) if _LINE_COMMAND.match(line) else line


def escape(character: str) -> str:
    r"""The character if it is safe, else its escape: `\n`, `\x1b`, `\u202e`, `\U000e0041`."""
    return character.encode("unicode_escape").decode("ascii") if _UNSAFE.match(character) else character
