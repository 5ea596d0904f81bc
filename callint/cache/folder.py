"""The folder of the cache: the user's own and nobody else's, bounded, and done without wherever anything is odd."""

from __future__ import annotations

import os
import stat
import sys
import time
from contextlib import suppress

MOST_BYTES = 256 << 20
"""Bytes that all files of the cache may have together; the longest unused go first."""
LARGEST = 128 << 20
"""Bytes of one file; what is larger is not kept."""
_ABANDONED = 3600
"""Seconds after which a file that was never finished belongs to a run that is gone."""
_MARK = ".part"
_RELATIVE = {os.open, os.unlink, os.stat} <= os.supports_dir_fd and os.listdir in os.supports_fd
_SAFE = sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))


def home() -> str | None:
    """Where the cache belongs on this system, None where nobody says; `XDG_CACHE_HOME` decides if it is absolute."""
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(chosen):
        return os.path.join(chosen, "callint")
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "")
        return os.path.join(local, "callint", "cache") if os.path.isabs(local) else None
    user = os.path.expanduser("~")
    if not os.path.isabs(user):
        return None
    return os.path.join(user, "Library/Caches/callint" if sys.platform == "darwin" else ".cache/callint")


def private(path: str) -> Folder | None:
    """The folder at a path, made if need be; None unless it is a directory of this user's that nobody else can write.

    A link in its place is refused, and files are opened from the folder's own descriptor where the system can do that:
    whoever exchanges a folder above it later gains nothing.
    """
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        if not _RELATIVE:
            return Folder(path, None) if os.path.isdir(path) and not os.path.islink(path) else None
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _SAFE)
    except (OSError, ValueError):
        return None
    status = os.fstat(handle)
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        os.close(handle)
        return None
    return Folder(path, handle)


class Folder:
    """Files by name. Nothing raises: what cannot be read is absent, what cannot be written is not kept."""

    __slots__ = ("_handle", "path")

    def __init__(self, path: str, handle: int | None) -> None:
        """`handle` is the descriptor of the folder, None on systems that open files by their whole path alone."""
        self.path = path
        self._handle = handle

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            os.close(self._handle)

    def read(self, name: str) -> bytes | None:
        """The bytes of a file, which is marked as used; only a regular file of this user's is read."""
        try:
            handle = os.open(self._at(name), os.O_RDONLY | _SAFE, dir_fd=self._handle)
        except OSError:
            return None
        try:
            status = os.fstat(handle)
            mine = self._handle is None or status.st_uid == os.geteuid()
            if not mine or not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
                return None
            with suppress(OSError):
                os.utime(handle if os.utime in os.supports_fd else self._at(name))
            parts = []
            while part := os.read(handle, 1 << 24):
                parts.append(part)
            return b"".join(parts)
        except OSError:
            return None
        finally:
            os.close(handle)

    def write(self, name: str, data: bytes) -> bool:
        """Put a whole file in the place of the one of that name; whether that came about."""
        if len(data) > LARGEST:
            return False
        unfinished = f"{name}-{os.getpid()}-{time.monotonic_ns():x}{_MARK}"
        try:
            handle = os.open(
                self._at(unfinished), os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE, 0o600, dir_fd=self._handle
            )
        except OSError:
            return False
        try:
            try:
                left = memoryview(data)
                while left:
                    left = left[os.write(handle, left) :]
            finally:
                os.close(handle)
            os.replace(self._at(unfinished), self._at(name), src_dir_fd=self._handle, dst_dir_fd=self._handle)
        except OSError:
            self._remove(unfinished)
            return False
        except BaseException:
            self._remove(unfinished)
            raise
        return True

    def trim(self, most: int = MOST_BYTES) -> None:
        """Remove what was unused the longest until the rest has at most so many bytes, and what was never finished."""
        now = time.time()
        known = []
        for name in self._names():
            try:
                status = os.stat(self._at(name), dir_fd=self._handle, follow_symlinks=False)
            except OSError:
                continue
            if name.endswith(_MARK) and now - status.st_mtime > _ABANDONED:
                self._remove(name)
            elif stat.S_ISREG(status.st_mode):
                known.append((status.st_mtime, status.st_size, name))
        total = 0
        for _, size, name in sorted(known, reverse=True):
            total += size
            if total > most:
                self._remove(name)

    def _names(self) -> list[str]:
        try:
            return os.listdir(self.path if self._handle is None else self._handle)
        except OSError:
            return []

    def _remove(self, name: str) -> None:
        with suppress(OSError):
            os.unlink(self._at(name), dir_fd=self._handle)

    def _at(self, name: str) -> str:
        return os.path.join(self.path, name) if self._handle is None else name
