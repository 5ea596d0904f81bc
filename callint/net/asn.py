"""AS numbers (numorstring/asnumber.go)."""

from __future__ import annotations

_LAST_AS = (1 << 32) - 1


def parse_as_number(value: object) -> int:
    """Read an AS number: a number, its digits, or two 16-bit parts as in `"1.10"`; ValueError has a sentence.

    Of `64512.0` YAML leaves Go the number alone.
    """
    if isinstance(value, float):
        if value.is_integer():
            return parse_as_number(int(value))
        raise ValueError(f'{value} is a number with a fraction; an AS number in two parts is quoted, as in "1.10"')
    if isinstance(value, str):
        high, dot, low = value.partition(".")
        number = (_bits(high, 16) << 16 | _bits(low, 16)) if dot else _bits(high, 32)
        if number >= 0 and (not dot or min(_bits(high, 16), _bits(low, 16)) >= 0):
            return number
    elif isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LAST_AS:
        return value
    raise ValueError(
        f'"{value}" is no AS number; a number from 0 to {_LAST_AS}, or "high.low" of 16 bits each, was expected'
    )


def _bits(digits: str, bits: int) -> int:
    """The number that the digits say, or -1 if they say none of so many bits."""
    if not (digits.isascii() and digits.isdigit()) or len(digits.lstrip("0")) > 10:
        return -1
    number = int(digits)
    return number if number < 1 << bits else -1
