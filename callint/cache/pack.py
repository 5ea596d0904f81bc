"""Many pieces of bytes in one file that proves whole: a digest, a line of JSON with names and lengths, the pieces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b

_DIGITS = 32


def sealed(pieces: Mapping[str, bytes | memoryview]) -> bytes:
    """The bytes of a file with these pieces."""
    index = json.dumps([[name, len(piece)] for name, piece in pieces.items()], separators=(",", ":"))
    body = b"".join((b"\n", index.encode(), b"\n", *pieces.values()))
    return _seal(body) + body


def opened(data: bytes) -> dict[str, memoryview]:
    """The pieces by name, in their order; none at all of a file in which a single byte is not as it was written."""
    view = memoryview(data)
    body = view[_DIGITS:]
    if bytes(view[:_DIGITS]) != _seal(body):
        return {}
    end = data.find(b"\n", _DIGITS + 1)
    at = end + 1
    pieces = {}
    try:
        for name, length in json.loads(data[_DIGITS:end]):
            pieces[name] = view[at : at + length]
            at += len(pieces[name])
    except (ValueError, TypeError, RecursionError):  # sealed, but not by `sealed`
        return {}
    return pieces


def _seal(body: bytes | memoryview) -> bytes:
    return blake2b(body, digest_size=_DIGITS // 2).hexdigest().encode()
