"""Go's durations: `90s`, `1m30s`, `1.5h` (Go time.ParseDuration)."""

from __future__ import annotations

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,
    "\u03bcs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_LONGEST = (1 << 63) - 1
_DIGITS = frozenset("0123456789")


def parse_duration(text: str) -> int:
    """Read a duration; gives nanoseconds. Raises ValueError with a sentence."""
    rest = text[1:] if text[:1] in ("+", "-") else text
    total = 0
    if rest != "0":
        wrong = ValueError(
            f'"{text}" is no duration; numbers with units such as "90s", "1m30s" or "1.5h" were expected'
        )
        if not rest or len(rest) > 100:
            raise wrong
        at = 0
        while at < len(rest):
            whole_end = _span(rest, at)
            fraction_end = _span(rest, whole_end + 1) if rest[whole_end : whole_end + 1] == "." else whole_end
            unit_end = fraction_end
            while unit_end < len(rest) and rest[unit_end] not in _DIGITS and rest[unit_end] != ".":
                unit_end += 1
            whole, fraction = rest[at:whole_end], rest[whole_end + 1 : fraction_end]
            unit = _UNITS.get(rest[fraction_end:unit_end])
            if unit is None or not (whole or fraction):
                raise wrong
            total += int(whole or "0") * unit + int(fraction or "0") * unit // 10 ** len(fraction)
            at = unit_end
    if total > _LONGEST:
        raise ValueError(f'the duration "{text}" is longer than Go can count')
    return -total if text[:1] == "-" else total


def _span(text: str, at: int) -> int:
    while at < len(text) and text[at] in _DIGITS:
        at += 1
    return at
