"""What the schema of a kind says of a place in its objects, in the target's release and in others."""

from __future__ import annotations

from typing import Any

from callint.calico import Exact, Release, Road
from callint.calico.kinds import is_calico
from callint.finding import Path
from callint.schema.forms import words_of
from callint.schema.history import APIS, Schema, child, form, node_at, releases, resolve


class Lookup:
    """A kind with its whole history, and the target; for all of its objects each place is looked up once."""

    __slots__ = ("_enums", "_holders", "history", "kind", "release", "road")

    def __init__(self, kind: str, history: Schema, release: Exact, road: Road) -> None:
        """Nothing is looked up yet."""
        self.kind = kind
        self.history = history
        self.release: Exact = release
        self.road: Road = road
        # by the identity of nodes, which the history keeps
        self._enums: dict[int, list[tuple[Release, list[Any]]]] = {}
        self._holders: dict[tuple[int, tuple[str, ...]], dict[str, list[str]]] = {}

    @property
    def of_calico(self) -> bool:
        """Whether an API of Calico has the kind."""
        return any(map(is_calico, self.history.get(APIS, ())))

    def enums(self, path: Path) -> list[tuple[Release, list[Any]]]:
        """The values that each release allows at a path."""
        node = node_at(self.history, path)
        if node is None:
            return []
        if id(node) not in self._enums:
            forms = ((release, form(node, release, self.road) or {}) for release in releases())
            self._enums[id(node)] = [(release, there.get("enum", [])) for release, there in forms]
        return self._enums[id(node)]

    def words(self, path: Path) -> list[Any]:
        """The values that the target allows at a path, as an enum or as words in a pattern of Calico's."""
        node = node_at(self.history, path)
        there = form(node, self.release, self.road) if node else None
        return (there.get("enum") or words_of(there.get("pattern", ""))) if there else []

    def holders(self, node: Schema, known: tuple[str, ...], name: str) -> list[str]:
        """Those of the known fields of a node that have a field of a name."""
        key = id(node), known
        if key not in self._holders:
            found: dict[str, list[str]] = {}
            self._holders[key] = found
            for field in known:
                beside = child(self.history, node, field) if field not in ("metadata", "status") else None
                for inner, about in (beside or {}).get("properties", {}).items():
                    if about and form(resolve(self.history, about), self.release, self.road):
                        found.setdefault(inner, []).append(field)
        return self._holders[key].get(name, [])
