"""Which of the configuration's clusters a document is part of, and what is read as a manifest and is none."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from callint.config import NAMES, REST, ClusterConfig, Config
from callint.finding import Problem
from callint.source import Document
from callint.source.discover import show
from callint.source.globs import base_of, covers
from callint.suppress import absolute


def divide(
    documents: Sequence[Document], clusters: Sequence[ClusterConfig]
) -> list[tuple[ClusterConfig, list[Document]]]:
    """Each document goes to the clusters whose manifests hold its file, the deepest folder first."""
    roots: _Roots = {}
    for about in clusters:
        for root in map(show, about.manifests):
            roots.setdefault(root, []).append(("", about))
            base, below = base_of(root)
            if below:
                roots.setdefault(base, []).append((below, about))
    parts: dict[str, tuple[ClusterConfig, list[Document]]] = {about.name: (about, []) for about in clusters}
    fallback = clusters[0] if len(clusters) == 1 else REST
    for file, group in groupby(documents, attrgetter("file")):
        beside = list(group)
        for holder in _holders(file, roots) or [fallback]:
            parts.setdefault(holder.name, (holder, []))[1].extend(beside)
    return [part for part in parts.values() if part[1] or len(parts) == 1]


_Roots = dict[str, list[tuple[str, ClusterConfig]]]
"""Folders and files with whose manifests they are: everything below, or what matches a pattern there."""


def _holders(file: str, roots: _Roots) -> list[ClusterConfig]:
    """All that name the same deepest folder, as clusters do that share a base."""
    folder = file
    while folder:
        below = file[len(folder) + 1 :] if folder != "." else file
        found = {about.name: about for pattern, about in roots.get(folder, ()) if not pattern or covers(pattern, below)}
        if found:
            return list(found.values())
        folder = folder.rpartition("/")[0] or ("." if folder != "." else "")
    return []


def unread(config: Config, documents: Sequence[Document]) -> Iterator[Problem]:
    """Configurations among the files that were read, other than the one that is in force."""
    used = absolute(config.file) if config.file else ""
    for file, (document, *_) in groupby(documents, attrgetter("file")):
        if file.rpartition("/")[2] not in NAMES or absolute(file) == used or not _configures(document.value):
            continue
        force = f'"{show(config.file)}" is in force' if config.file else "it is below the paths that were given"
        first = next(iter(document.value), None)
        span = document.span() if first is None else document.span((first,), key=True)
        cure = "check its folder by itself, or let one configuration above name the clusters"
        if os.path.dirname(absolute(file)) == os.path.dirname(used):
            cure = "keep one of the two, or name this one with --config"
        yield Problem("configuration-unread", span, f"this configuration is not read, {force}", help=cure)


def _configures(value: object) -> bool:
    """Whether a file of such a name is a configuration: workflows of CI and manifests have keys that none has."""
    from callint.conform import breaches

    found = breaches("callint.json", value)
    return isinstance(value, dict) and not any(one.keyword == "additionalProperties" and not one.path for one in found)


def facts_among(documents: Iterable[Document], read: Iterable[str]) -> Iterator[Problem]:
    """Facts of nodes among the manifests, the first of each file, but for those `read` as facts, by links, too."""
    files = tuple(read)
    told, real = set(files), set[str]()
    for document in documents:
        value = document.value
        if isinstance(value, dict) and "node" in value and document.file not in told and _is_facts(value):
            told.add(document.file)
            real = real or set(map(os.path.realpath, files))
            if os.path.realpath(document.file) in real:
                continue
            message = f'these look like facts of node "{value["node"]}", and they are not read as facts'
            cure = "name the file or its folder with --facts, or under `facts` in callint.yaml"
            yield Problem("facts-unread", document.span(("node",)), message, help=cure)


def _is_facts(value: dict[str, object]) -> bool:
    """Whether a document says more than of which node it is, and has no key that facts have not."""
    from callint.conform import breaches

    return len(value) > 2 and all(
        one.path[:1] not in ((), ("version",), ("node",)) for one in breaches("facts.json", value)
    )
