"""Judging YAML text: a document whose spans say which path they were asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path as File
from typing import Any

import pytest
import yaml

from callint.calico import Target, parse_exact
from callint.finding import Path, Span
from callint.schema import Examined, examine


class GoLoader(yaml.SafeLoader):
    """YAML with the scalars that tests write: no base 60, no dates."""


GoLoader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if not pair[0].endswith((":timestamp", ":int"))]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
GoLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(0|[1-9][0-9]*)$"), list("-+0123456789"))


class Paper:
    """Stands for a document: a span's file is the dotted path asked for, its column 1 for a key and 2 for a value."""

    complete = True

    def span(self, path: Path = (), key: bool = False) -> Span:
        return Span(".".join(map(str, path)), 1, 1 if key else 2, 1, 3)


Judge = Callable[..., Examined]


@pytest.fixture(scope="session")
def judge() -> Judge:
    """Judge one object, given as text or as a value: `judge(text, release, road)`."""

    def run(text: Any, release: str = "v3.32", road: str = "calicoctl", crds: Any = None) -> Examined:
        value = yaml.load(text, Loader=GoLoader) if isinstance(text, str) else text
        return examine(Paper(), (), value, Target.at(parse_exact(release)), road, crds)  # type: ignore[arg-type]

    return run


@pytest.fixture(scope="session")
def crd_folders(shared: File) -> list[File]:
    """The CRD files of every release."""
    return sorted(folder for folder in (shared / "crds").iterdir() if folder.is_dir())
