"""Patches of kustomize: files with parts of objects, which are none by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from posixpath import dirname, join, normpath
from typing import Any

from callint.finding import Problem
from callint.source import Document

_NAMES = frozenset(("kustomization.yaml", "kustomization.yml"))
_GROUP = "kustomize.config.k8s.io/"
_FIELDS = ("patches", "patchesStrategicMerge", "patchesJson6902")


def patches(documents: Iterable[Document]) -> tuple[frozenset[str], list[Problem]]:
    """The files that kustomizations name as patches, and that these are not applied, once for each kustomization.

    Source: api/types/kustomization.go of kustomize; `patchesStrategicMerge` may hold patches instead of paths.
    """
    files: set[str] = set()
    problems = []
    for document in documents:
        value = document.value
        if not isinstance(value, dict) or not _is_kustomization(document.file, value):
            continue
        fields = [field for field in _FIELDS if isinstance(value.get(field), list) and value[field]]
        files.update(normpath(join(dirname(document.file), path)) for field in fields for path in _paths(value[field]))
        if fields:
            problems.append(
                Problem(
                    "patches-unapplied",
                    document.span((fields[0],), key=True),
                    "these patches are not applied, and what they change is checked as it was before",
                    path=(fields[0],),
                    help="give callint what `kustomize build` prints",
                )
            )
    return frozenset(files), problems


def _is_kustomization(file: str, value: dict[str, Any]) -> bool:
    """By its group, or by the name of its file: neither apiVersion nor kind need be written."""
    version = value.get("apiVersion")
    return (isinstance(version, str) and version.startswith(_GROUP)) or file.rpartition("/")[2] in _NAMES


def _paths(entries: list[Any]) -> Iterator[str]:
    for entry in entries:
        path = entry.get("path") if isinstance(entry, dict) else entry
        if isinstance(path, str) and "\n" not in path:
            yield path
