"""Which of the configuration's clusters a document is part of."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import attrgetter

from callint.config import NAMES, REST, ClusterConfig, Config
from callint.finding import Problem, Span
from callint.source import Document
from callint.source.discover import SUFFIXES, discover, show
from callint.source.globs import WILDCARDS, base_of, compile_glob
from callint.suppress import above, absolute

_NAMED = 3
_MOST_READ, _MOST_BYTES = 100, 1 << 20
_MARK = b"projectcalico.org/"


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
        found = {
            about.name: about
            for pattern, about in roots.get(folder, ())
            if not pattern or compile_glob(pattern).fullmatch(below)
        }
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
        yield Problem("configuration-unread", span, f"this configuration is not read, {force}", help=cure)


def _configures(value: object) -> bool:
    """Whether a file of such a name is a configuration: workflows of CI and manifests have keys that none has."""
    from callint.conform import breaches

    found = breaches("callint.json", value)
    return isinstance(value, dict) and not any(one.keyword == "additionalProperties" and not one.path for one in found)


def facts_among(documents: Iterable[Document], read: Iterable[str]) -> Iterator[Problem]:
    """Facts of nodes among the manifests, the first of each file, but for the files that were `read` as facts."""
    told = set(read)
    for document in documents:
        value = document.value
        if isinstance(value, dict) and "node" in value and document.file not in told and _is_facts(value):
            told.add(document.file)
            message = f'these look like facts of node "{value["node"]}", and they are not read as facts'
            cure = "name the file or its folder with --facts, or under `facts` in callint.yaml"
            yield Problem("facts-unread", document.span(("node",)), message, help=cure)


def _is_facts(value: dict[str, object]) -> bool:
    """Whether a document says more than of which node it is, and has no key that facts have not."""
    from callint.conform import breaches

    return len(value) > 2 and all(
        one.path[:1] not in ((), ("version",), ("node",)) for one in breaches("facts.json", value)
    )


def named_singly(config: Config, given: Sequence[str], *, ignore: bool) -> Iterator[str]:
    """The manifests of the configuration, folders and patterns, of which the paths given hold every file one by one.

    With `ignore` but for those that git ignores.
    """
    if "-" in given or config.document is None:
        return
    held = frozenset(map(absolute, given)).union((absolute(config.file),) if config.file else ())
    folders = {folder for path in held for folder in above(path)}
    for root in dict.fromkeys(root for about in config.clusters for root in about.manifests):
        if held.isdisjoint(above(absolute(root))) and absolute(base_of(root)[0]) in folders:
            found = discover((root,), ignore)
            if not found.problems and not any(held.isdisjoint(above(absolute(one.path))) for one in found.places):
                yield root


def left_out(config: Config, given: Sequence[str], cluster: ClusterConfig) -> Iterator[Problem]:
    """That the paths given on the command line do not hold all manifests of a cluster.

    None given is all of them, and what comes by standard input is taken to be.
    """
    if not given or "-" in given or config.document is None:
        return
    held = frozenset(map(absolute, given))
    patterns = [path for path in held if WILDCARDS.intersection(path)]
    roots = [
        (number, root)
        for number, root in enumerate(cluster.manifests)
        if held.isdisjoint(above(absolute(root)))
        and not any(compile_glob(pattern).fullmatch(absolute(root)) for pattern in patterns)
    ]
    if roots:
        several = ("clusters", cluster.name) if "clusters" in config.document.value else ()
        span = config.document.span((*several, "manifests", roots[0][0]))
        names = ", ".join(f'"{show(root)}"' for _, root in roots[:_NAMED])
        names += f" and {len(roots) - _NAMED} more" if len(roots) > _NAMED else ""
        message = (
            f'cluster "{cluster.name}" has manifests in {names} that are not given: what they define is missing here'
        )
        yield Problem("manifests-left-out", span, message)


def beside(config: Config, given: Sequence[str]) -> tuple[str, ...]:
    """Files with objects of Calico beside files that are given one by one, where nothing says what a cluster has.

    No more than are to be named, and one.
    """
    if not given or "-" in given or any(about.manifests for about in config.clusters):
        return ()
    held = frozenset(map(absolute, given))
    patterns = [compile_glob(path) for path in held if WILDCARDS.intersection(path)]
    folders = sorted({os.path.dirname(path) for path in held if os.path.isfile(path)})
    found = (path for folder in folders if held.isdisjoint(above(folder)) for path in _files(folder))
    others = (path for path in found if path not in held and not any(one.fullmatch(path) for one in patterns))
    return tuple(islice(filter(_of_calico, islice(others, _MOST_READ)), _NAMED + 1))


def _files(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            files = [entry.path for entry in entries if entry.is_file(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(absolute(path) for path in files if path.endswith(SUFFIXES))


def _of_calico(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return _MARK in file.read(_MOST_BYTES)
    except OSError:
        return False


def left_beside(config: Config, given: Sequence[str], span: Span) -> Iterator[Problem]:
    """That manifests beside files that were given are not, told at a place where they may be missed."""
    others = beside(config, given)
    if others:
        names = ", ".join(f'"{os.path.basename(path)}"' for path in others[:_NAMED])
        names += " and others" if len(others) > _NAMED else ""
        message = f"manifests beside the files that are given are not: {names}; what they define is missing here"
        yield Problem("manifests-left-out", span, message, help="give the folder, not the files that changed")
