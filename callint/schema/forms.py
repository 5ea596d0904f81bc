"""Calico's patterns for texts, in words: what a value was expected to be."""

from __future__ import annotations

from callint.suggest import did_you_mean, nearest

_DURATION = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))*$"
_UP_TO_65535 = "[0-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
_COMMUNITY = f"^(({_UP_TO_65535}):({_UP_TO_65535})|"
_WORDS = {
    _DURATION: "numbers with ms, s, m or h were expected, as in 1m30s",
    _DURATION.replace(r"\.", r"\\."): "whole numbers with ms, s, m or h were expected",
    r"^((([0-9]*(\.[0-9]*)?)(us|[smh]))+|Auto)$": 'numbers with us, ms, s, m or h were expected, or "Auto"',
    r"^(\d+):(\d+)$|^(\d+):(\d+):(\d+)$": "two or three numbers with colons between were expected, as in 64512:100",
    r"^[1-9]\d{0,3}/(?:second|minute|hour|day)$": "a number up to 9999 per second, minute, hour or day was expected",
    r"^([a-zA-Z0-9-_]+=(true|false|),)*([a-zA-Z0-9-_]+=(true|false|))?$": "NAME=true or NAME=false was expected, with "
    "commas between several",
    r"^([a-zA-Z0-9-_]+=([^=]+),)*([a-zA-Z0-9-_]+=([^=]+))?$": "NAME=VALUE was expected, with commas between several",
    r"^([a-zA-Z0-9%: /_-])*$": 'letters, digits, spaces, "%", ":", "/", "_" and "-" were expected',
}
_HEAD, _TAIL = "(?i:^(", ")?$)"


def expected(pattern: str, value: str) -> str | None:
    """What Calico's own pattern asks for, with the word that was probably meant; None for a pattern of others."""
    if pattern.startswith(_COMMUNITY):
        return "two numbers up to 65535 or three up to 4294967295 were expected, with colons between"
    words = words_of(pattern)
    if words:
        hint = did_you_mean(nearest(value, words), ";")
        return "one of " + ", ".join(f'"{word}"' for word in words) + f" was expected{hint}"
    return _WORDS.get(pattern)


def words_of(pattern: str) -> list[str]:
    """The words in a pattern of Calico's that admits no others; none for another pattern."""
    body = pattern.removeprefix(_HEAD).removesuffix(_TAIL)
    words = body.split("|")
    return words if pattern == f"{_HEAD}{body}{_TAIL}" and all(word.isalnum() for word in words) else []
