"""Plain scalars typed as goyaml.v2 types them (resolve.go), which is what kubectl and calicoctl read."""

from __future__ import annotations

import re
from math import isfinite, isnan

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS.update(dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True))
_WORDS.update(dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False))
NUMBER_STARTS = frozenset("0123456789+-.")
_INTEGER = r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))"
_FLOAT = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
_DOTTED = r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?"
_TIME = r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?"
_ZONE = "(?:Z|[-+](?:[01][0-9]|2[0-4]):(?:[0-5][0-9]|60))"
_TIMESTAMP = rf"([0-9]{{4}})-([0-9]{{1,2}})-([0-9]{{1,2}})(?:[Tt]{_TIME}{_ZONE}| +{_TIME})?"
_LONGEST_INTEGER = 4000
_MOST_KEPT = 50_000

TAG = "tag:yaml.org,2002:"
_TYPES: dict[str, tuple[type, ...]] = {"int": (int,), "float": (float,), "bool": (bool,), "null": (type(None),)}


class Mark(str):
    """A key with a meaning of its own: recognised by identity, so that no quoted text can be mistaken for it."""

    __slots__ = ()


MERGE = Mark("<<")
"""A plain `<<`: merges when it is a key, is a string when it is a value."""

_ODD: dict[str, Scalar] = {"<<": MERGE}
_ODD.update(dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")))
_ODD.update(dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")))
_ODD.update(dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")))
SPECIAL = {**_WORDS, **_ODD}


def scalar(text: str) -> Scalar:
    """The value of a plain scalar; MERGE for `<<`, and .inf and .nan as they are."""
    if text in SPECIAL:
        return SPECIAL[text]
    # The second test spares addresses and ranges, which fill these files, the expressions below.
    if text[0] in NUMBER_STARTS and not ("/" in text or ":" in text or text.count(".") > 1):
        return _number(text)
    return text


class Typed(dict[str, Scalar]):
    """A memo from the text of a plain scalar to its value.

    `odd` tells that something came by which a value cannot keep: .inf or .nan (JSON has no word for them), or `<<`.
    """

    __slots__ = ("odd",)

    def __init__(self) -> None:
        """Start with the words that are not strings."""
        super().__init__(_WORDS)
        self.odd = False

    def __missing__(self, text: str) -> Scalar:
        value = scalar(text)
        if text in _ODD:
            self.odd = True
        elif len(self) < _MOST_KEPT:
            self[text] = value
        return value

    def text(self, written: str) -> str:
        """What a scalar that is a text says."""
        return written


def _number(text: str) -> int | float | str:
    if text[0] != "0" and len(text) < 19 and text.isascii() and text.isdecimal():
        return int(text)
    if text[0] == ".":
        value = float(text) if re.fullmatch(_DOTTED, text) else None
        return text if value is None or not isfinite(value) else value
    plain = text.replace("_", "")
    match = re.fullmatch(_INTEGER, plain)
    if match and len(plain) < _LONGEST_INTEGER:
        sign, hexadecimal, binary, octal, decimal = match.groups()
        if hexadecimal:
            number = int(hexadecimal, 16)
        elif binary:
            number = int(binary, 2)
        else:
            number = int(octal, 8) if octal else int(decimal)
        if sign == "-":
            number = -number
        if -(2**63) <= number < 2**63 or (not sign and number < 2**64):
            return number
    if re.fullmatch(_FLOAT, plain):
        floating = float(plain)
        if isfinite(floating):
            return floating
    return text


def tagged(tag: str, text: str, typed: Typed) -> Scalar:
    """The value of a scalar with an explicit tag; ValueError where Go refuses it (goyaml.v2 resolve.go, decode.go)."""
    name = tag[len(TAG) :] if tag.startswith(TAG) else ""
    if name == "binary":
        from base64 import b64decode

        return b64decode(re.sub("[\r\n]", "", text), validate=True).decode("utf-8", "replace")
    if name == "timestamp" and not _is_timestamp(text):
        raise ValueError(name)
    if name not in _TYPES:
        return typed.text(text)
    value = typed[text]
    if name == "float" and isinstance(value, int) and not isinstance(value, bool) and value < 2**63:
        return float(value)
    if value.__class__ not in _TYPES[name]:
        raise ValueError(name)
    return value


def _is_timestamp(text: str) -> bool:
    """Whether Go reads a time there; a text it stays all the same."""
    match = re.fullmatch(_TIMESTAMP, text)
    if match is None:
        return False
    from datetime import datetime

    year, month, day, *times = match.groups()
    hour, minute, second = (int(number) for number in times if number) if any(times) else (0, 0, 0)
    try:
        datetime(int(year) or 2000, int(month), int(day), hour, minute, second)
    except ValueError:
        return False
    return True


def key_text(value: Scalar) -> str | None:
    """How kubectl prints a key that is not a string; None if it refuses it (sigs.k8s.io/yaml)."""
    if isinstance(value, bool):
        return go_text(value)
    if isinstance(value, int):
        return str(value) if value < 2**63 else None
    if isinstance(value, float):
        return _float32(value)
    return value


def go_text(value: int | float) -> str:
    """A number or boolean as sigs.k8s.io/yaml prints it into a Go string field."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = _float32(value)
        return _WORDLESS.get(text, text)
    return hex(value) if value.bit_length() > 256 else str(value)


_WORDLESS = {".inf": "+Inf", "-.inf": "-Inf", ".nan": "NaN"}


def _float32(value: float) -> str:
    """Go's FormatFloat(value, 'g', -1, 32): the shortest digits that give the same 32-bit number."""
    if isnan(value):
        return ".nan"
    import struct

    def narrow(number: float) -> float:
        try:
            return float(struct.unpack("f", struct.pack("f", number))[0])
        except OverflowError:
            return float("inf") if number > 0 else float("-inf")

    single = narrow(value)
    if not isfinite(single):
        return ".inf" if single > 0 else "-.inf"
    for precision in range(9):
        digits, _, power = f"{single:.{precision}e}".partition("e")
        if narrow(float(f"{digits}e{power}")) == single:
            break
    exponent = int(power)
    if exponent < -4 or exponent >= 6:
        return f"{digits}e{exponent:+03d}"
    decimals = len(digits.replace(".", "").lstrip("-")) - 1 - exponent
    return f"{float(f'{digits}e{exponent}'):.{max(0, decimals)}f}"
