"""Names for what results depend on: any bytes, and this very callint."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from hashlib import blake2b

from callint import __version__
from callint.shipped import directory


def digest(*parts: bytes | str) -> str:
    """A name for the parts, which no other sequence of parts has."""
    whole = blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        whole.update(b"%d:" % len(data))
        whole.update(data)
    return whole.hexdigest()


def stamp() -> str:
    """A name for the program: Python, release, and every file of the code, rules and schemas by path, size and time.

    No edit of a checkout goes unseen. Two installations share nothing, for where files have no times of their own, as
    in reproducible images, a file of the same size may be another one.
    """
    return digest(sys.version, __version__, *_files())


def _files() -> Iterator[str]:
    for root in (os.path.dirname(os.path.dirname(os.path.abspath(__file__))), directory("rules"), directory("schemas")):
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in sorted(names):
                status = os.stat(os.path.join(folder, name))
                yield f"{folder}/{name} {status.st_size} {status.st_mtime_ns}"
