"""Bytes to text, as YAML reads them: UTF-8, or UTF-16 with a byte order mark (yaml.org/spec/1.1, 5.2)."""

from __future__ import annotations

import re

_SURROGATE = "[\ud800-\udfff]"


def decode(data: bytes) -> tuple[str, int]:
    """The text without its byte order mark, and the offset of the first character that is none, or -1.

    What cannot be decoded becomes U+FFFD, one for a byte, so that the rest can still be read.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", "replace")
        return text, -1 if _is_utf16(data) else max(0, text.find("\ufffd"))
    try:
        return data.decode("utf-8-sig"), -1
    except UnicodeDecodeError:
        text = data.decode("utf-8-sig", "surrogateescape")
        bad = re.search(_SURROGATE, text)
        return re.sub(_SURROGATE, "\ufffd", text), bad.start() if bad else 0


def _is_utf16(data: bytes) -> bool:
    try:
        data.decode("utf-16")
    except UnicodeDecodeError:
        return False
    return True
