"""Documents with spans taken from PyYAML's own marks, so that the reader is tested against a second opinion."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from callint.finding import Span

DATA = Path(__file__).parent / "data"


class MarkedDocument:
    """One YAML document; only for well-formed text without aliases and duplicate keys."""

    def __init__(self, root: yaml.Node, file: str) -> None:
        self.file = file
        self.complete = True
        self.value: Any = yaml.constructor.SafeConstructor().construct_document(root)
        self._root = root

    def span(self, path: tuple[str | int, ...] = (), key: bool = False) -> Span:
        node, name = self._root, self._root
        for step in path:
            if isinstance(node, yaml.MappingNode):
                name, node = next((k, v) for k, v in node.value if k.value == step)
            else:
                node = name = node.value[step]
        if isinstance(node, yaml.MappingNode) and node.value and not key:
            return self.span((*path, node.value[0][0].value), key=True)
        place = name if key else node
        start, end = place.start_mark, place.end_mark
        return Span(self.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)


@pytest.fixture(scope="session")
def documents() -> Callable[[str], list[MarkedDocument]]:
    def parse(text: str, file: str = "facts.yaml") -> list[MarkedDocument]:
        return [MarkedDocument(node, file) for node in yaml.compose_all(text, yaml.SafeLoader)]

    return parse


@pytest.fixture(scope="session")
def saved() -> Callable[[str], str]:
    """The outputs recorded in a network namespace that was built for it."""
    return lambda name: (DATA / name).read_text("utf-8")
