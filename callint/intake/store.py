"""What is kept of one tree: the pieces of its files, by what they were made of, and the last answer about all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping

from callint.cache import Folder, digest, home, opened, private, sealed, stamp
from callint.intake.judge import Measure

_SPARE = 1 << 20
"""Bytes of pieces that this run had no use for which are kept in any case: another branch may come back."""


class Store:
    """One file of pieces by name: a piece is two lines of JSON (`piece.py`), its name a manifest's path and bytes."""

    __slots__ = ("_folder", "_known", "_name")

    def __init__(self, folder: Folder, name: str) -> None:
        """Read the file of that name as far as it is whole."""
        self._folder = folder
        self._name = name
        self._known = opened(folder.read(name) or b"")

    def get(self, name: str) -> tuple[memoryview, memoryview] | None:
        """The two lines of a piece."""
        piece = self._known.get(name, memoryview(b""))
        cut = bytes(piece).find(b"\n")
        return None if cut < 0 else (piece[:cut], piece[cut + 1 :])

    def put(self, names: Iterable[str], fresh: Mapping[str, bytes]) -> None:
        """Keep the pieces of these names, those that are not known yet as given, and of other ones as much again."""
        if not fresh:
            return
        kept = {name: fresh.get(name) or self._known[name] for name in names if name in fresh or name in self._known}
        room = sum(map(len, kept.values())) + _SPARE
        for name, spare in self._known.items():
            if name not in kept and (room := room - len(spare)) >= 0:
                kept[name] = spare
        if self._folder.write(self._name, sealed(kept)):
            self._folder.trim()

    def answer(self, name: str) -> bytes:
        """The answer that was kept under the name; empty if there is none."""
        return bytes(opened(self._folder.read(f"{self._name}-answer") or b"").get(name, b""))

    def put_answer(self, name: str, answer: bytes) -> None:
        """Keep the answer under the name, in the place of the last one."""
        if answer and self.answer(name) != answer:
            self._folder.write(f"{self._name}-answer", sealed({name: answer}))


def open_store(measure: Measure, roots: Iterable[str]) -> Store | None:
    """The store for trees checked from the working directory; None where there is no private folder outside of them."""
    path = home()
    if path is None or any(_inside(path, root) for root in roots):
        return None
    folder = private(path)
    if folder is None:
        return None
    own = measure.crds.schemas if measure.crds else {}
    schemas = json.dumps(sorted((*key, schema) for key, schema in own.items()))
    return Store(folder, digest(stamp(), repr(measure.limits), schemas, os.fsencode(os.getcwd())))


def _inside(path: str, root: str) -> bool:
    """Whether a path lies below the folder that an argument is, or from which a glob is matched."""
    if not os.path.lexists(root):
        root = os.path.dirname(re.split(r"[*?[]", root)[0]) or "."
    above = os.path.realpath(root)
    return os.path.isdir(above) and os.path.commonpath((above, os.path.realpath(path))) == above
