"""Which of the configuration's clusters a document is part of."""

from __future__ import annotations

from collections.abc import Sequence

from callint.config import Calico, ClusterConfig
from callint.objects import Intent
from callint.source import Document
from callint.source.discover import show
from callint.source.globs import base_of, compile_glob

REST = ClusterConfig("default", Calico(), (), (), Intent())
"""The cluster of documents that belong to none of those that are configured."""


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
    files = dict.fromkeys(document.file for document in documents)
    holders = {file: _holders(file, roots) or [fallback] for file in files}
    for document in documents:
        for holder in holders[document.file]:
            parts.setdefault(holder.name, (holder, []))[1].append(document)
    return [part for part in parts.values() if part[1] or len(parts) == 1]


_Roots = dict[str, list[tuple[str, ClusterConfig]]]
"""Folders and files with whose manifests they are: everything below, or what matches a pattern there."""


def _holders(file: str, roots: _Roots) -> list[ClusterConfig]:
    """All that name the same deepest folder, as clusters do that share a base."""
    folder = file
    while folder:
        below = file[len(folder) + 1 :] if folder != "." else file
        found = {
            about.name: about
            for pattern, about in roots.get(folder, ())
            if not pattern or compile_glob(pattern).fullmatch(below)
        }
        if found:
            return list(found.values())
        folder = folder.rpartition("/")[0] or ("." if folder != "." else "")
    return []
