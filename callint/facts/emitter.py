"""Plain facts as YAML that a person would have written: one line for each interface, route and socket."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]{1,2})?")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_RESERVED = frozenset(("true", "false", "yes", "no", "on", "off", "y", "n", "null"))


def render(facts: Mapping[str, Any]) -> str:
    """YAML of a facts mapping in its own order, without aliases; every reader of YAML 1.1 or 1.2 reads the same.

    Raises TypeError for values that are not text, numbers, truth values, lists or mappings.
    """
    lines = []
    for key, value in facts.items():
        if isinstance(value, (list, tuple)) and value:
            lines.append(f"{_string(key)}:")
            lines += [f"  - {_flow(item)}" for item in value]
        else:
            lines.append(f"{_string(key)}: {_flow(value)}")
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_string(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_flow, value)) + "]"
    raise TypeError(f"no facts hold a {type(value).__name__}")


def _string(text: str) -> str:
    if _ADDRESS.fullmatch(text) or (_WORD.fullmatch(text) and text.lower() not in _RESERVED):
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    code = ord(character)
    if character in '"\\':
        return "\\" + character
    if 0xD800 <= code < 0xE000:
        # No YAML can hold half a surrogate pair.
        return "\N{REPLACEMENT CHARACTER}"
    if character.isprintable() and code < 0xFFFE:
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
