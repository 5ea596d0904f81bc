"""Reading one regular file, and nothing else, without ever waiting for it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

from callint.source.bounds import Bounds

_FLAGS = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"))
_BLOCK = 1 << 16
OWN = 1 << 20
"""How many bytes a file of callint's own may have, such as a configuration."""


class TooLargeError(Exception):
    """The file is larger than it may be."""


class NotRegularError(Exception):
    """The path leads to something else than a file; the text says to what."""


class UnreadableError(Exception):
    """A file that had to be read cannot be; the text is the reason."""


def read_regular(path: str, limit: int, allowed: Callable[[os.stat_result], bool] | None = None) -> bytes:
    """The bytes of a regular file; raises OSError, ValueError (a NUL in the path), NotRegularError or TooLargeError.

    A FIFO is opened without waiting for its writer and then refused, so that none can take a file's place in between.
    Nor can a link: `allowed` is asked about what was opened, whatever stood there when the path was looked at.
    """
    handle = os.open(path, os.O_RDONLY | _FLAGS)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise NotRegularError(what(status.st_mode))
        if allowed and not allowed(status):
            raise NotRegularError("another file has taken its place meanwhile, which lies outside")
        if status.st_size > limit:
            raise TooLargeError
        parts = []
        left = limit + 1
        while left > 0 and (part := os.read(handle, min(left, max(status.st_size + 1, _BLOCK)))):
            parts.append(part)
            left -= len(part)
        if left <= 0:
            raise TooLargeError
        return b"".join(parts)
    finally:
        os.close(handle)


def read_text(path: str, bounds: Bounds | None = None, limit: int = OWN) -> str:
    """The text of a small UTF-8 file of callint's own, such as a configuration; raises UnreadableError with why."""
    allowed = (lambda status: bounds.opened(path, status)) if bounds else None
    try:
        return read_regular(path, limit, allowed).decode("utf-8-sig")
    except TooLargeError as error:
        raise UnreadableError(f"is larger than {limit} bytes") from error
    except UnicodeDecodeError as error:
        raise UnreadableError(f"is not UTF-8: the byte at offset {error.start} begins no character") from error
    except NotRegularError as error:
        raise UnreadableError(f"cannot be read: {error}") from error
    except (OSError, ValueError) as error:
        raise UnreadableError(f"cannot be read: {why(error)}") from error


def why(error: OSError | ValueError) -> str:
    """Why a path leads to no file that can be opened; ValueError, which each Python words otherwise, means a NUL."""
    if isinstance(error, FileNotFoundError) and error.filename and os.path.islink(error.filename):
        return "it is a link to something that is not there"
    words = (error.strerror or str(error)) if isinstance(error, OSError) else "no path holds a NUL byte"
    return words[:1].lower() + words[1:]


def what(mode: int) -> str:
    """What an inode is that is no file."""
    if stat.S_ISFIFO(mode):
        return "it is a pipe, not a file; give - to read standard input"
    if stat.S_ISDIR(mode):
        return "it is a directory"
    return "it is a socket" if stat.S_ISSOCK(mode) else "it is a device"
