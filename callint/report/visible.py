r"""Text from the tree made harmless: what a terminal or a CI log would obey is shown instead.

Control characters, bidirectional overrides, invisible characters and lone surrogates become escapes such as `\x1b`.
`##[`, and the like of it for other CI systems (`##vso[`, `##teamcity[`), which a runner obeys anywhere in a line, gets
a backslash before its bracket; so does `::` where it would start a line (actions/runner, ActionCommand.cs).
"""

from __future__ import annotations

import re

# Patterns, compiled by their first use: a run whose text is plain needs neither.
UNSAFE = (
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)
LOG_COMMAND = r"(##\w*)\["
_LONGEST = 4000


def visible(text: str) -> str:
    """One line in place of any text, for the middle of a line: nothing in it acts; cut at 4000 characters."""
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}... ({len(text) - _LONGEST} more characters)"
    if not text.isprintable():
        text = re.sub(UNSAFE, lambda match: escape(match.group()), text)
    return re.sub(LOG_COMMAND, r"\1\\[", text) if "##" in text else text


def guarded(line: str) -> str:
    """A visible line, harmless even where it begins, or follows nothing but blanks."""
    rest = line.lstrip()
    return f"{line[: -len(rest)]}\\{rest}" if rest.startswith("::") else line


def escape(character: str) -> str:
    r"""The character if it is safe, else its escape: `\n`, `\x1b`, `\u202e`, `\U000e0041`."""
    return character.encode("unicode_escape").decode("ascii") if re.match(UNSAFE, character) else character
