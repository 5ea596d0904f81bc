"""What kustomizations do to the objects of other files: patches, which are none by themselves, and namespaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from posixpath import dirname, join, normpath, relpath
from typing import Any

from callint.finding import Problem, counted
from callint.intake.judge import Judged
from callint.objects import fields
from callint.record import NamedTuple
from callint.source import Document, placeholder

_NAMES = frozenset(("kustomization.yaml", "kustomization.yml"))
_GROUP = "kustomize.config.k8s.io/"
_PATCHES = "patches are not applied"
_UNDONE = {
    "patches": _PATCHES,
    "patchesStrategicMerge": _PATCHES,
    "patchesJson6902": _PATCHES,
    "replacements": "replacements are not made",
}
"""What kustomizations change in objects of other files, and what callint says of it."""
_RESOURCES = ("resources", "bases", "components")
_NAMESPACED = frozenset(
    (
        *("NetworkPolicy", "Pod", "Service", "EndpointSlice", "ServiceAccount", "Secret", "ConfigMap", "Role"),
        *("RoleBinding", "Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "Job", "CronJob"),
    )
)
"""Kubernetes' own kinds that are read and are in a namespace, though none be written."""


Kustomizing = list[tuple[Document, dict[str, Any]]]
"""Kustomizations, with what they say."""


def kustomizations(documents: Iterable[Document]) -> Kustomizing:
    """Those among the documents, which are few or none, though all have to be looked at."""
    return [
        (document, value)
        for document in documents
        if isinstance(value := document.value, dict) and _is_kustomization(document.file, value)
    ]


def patches(kustomizing: Kustomizing) -> tuple[frozenset[str], list[Problem]]:
    """The files that kustomizations name as patches, and that nothing is changed by any, told once at the first.

    Source: api/types/kustomization.go of kustomize; `patchesStrategicMerge` may hold patches instead of paths.
    """
    files: set[str] = set()
    problems = []
    for document, value in kustomizing:
        given = [field for field in _UNDONE if isinstance(value.get(field), list) and value[field]]
        files.update(_place(join(dirname(document.file), path)) for field in given for path in _paths(value[field]))
        if given:
            problems.append(
                Problem(
                    "patches-unapplied",
                    document.span((given[0],), key=True),
                    f"these {_UNDONE[given[0]]}, and what they change is checked as it was before",
                    path=(given[0],),
                    help="give callint what `kustomize build` prints",
                )
            )
    if len(problems) > 1:
        others = counted(len(problems) - 1, "other kustomization")
        problems = [problems[0]._replace(message=f"{problems[0].message}; so it is with {others}")]
    return frozenset(files), problems


class _Kustomization(NamedTuple):
    """The namespace that it puts things into, if it names one, and the files and folders that these are in."""

    namespace: str | None
    resources: tuple[str, ...]


def namespaces(kustomizing: Kustomizing) -> dict[str, str]:
    """The namespace of what is in each file, where all kustomizations that take it in put it into one.

    The outermost that names one decides (api/types/kustomization.go and the NamespaceTransformer of kustomize).
    """
    known = {_folder(document): _kustomization(_folder(document), value) for document, value in kustomizing}
    inner = {path for one in known.values() for path in one.resources}
    found: dict[str, set[str | None]] = {}
    left: list[tuple[str, str | None]] = [(folder, None) for folder in known if folder not in inner]
    while left:
        path, around = left.pop()
        one = known.get(path)
        several = found.setdefault(path, set())
        namespace = around or (one.namespace if one else None)
        if namespace in several or len(several) > 1:
            continue
        several.add(namespace)
        left += [(child, namespace) for child in one.resources] if one else ()
    return {path: only for path, (only, *more) in found.items() if only is not None and not more}


def built(judged: Iterable[Judged], parts: frozenset[str], spaces: Mapping[str, str]) -> Iterator[Judged]:
    """Objects as kustomizations take them in: without patches, and in the namespace of their file, if it has one."""
    if not parts and not spaces:
        yield from judged
        return
    for one in judged:
        resource = one.resource
        file = _place(resource.document.file)
        if file in parts:
            continue
        if file in spaces and (resource.namespace is not None or resource.kind in _NAMESPACED):
            resource.namespace = spaces[file]
        yield one


def _folder(document: Document) -> str:
    return _place(dirname(document.file))


def _place(path: str) -> str:
    """The same for all ways to a place; what is in the working directory may be named from outside of it."""
    short = normpath(path)
    if short != ".." and not short.startswith("../"):
        return short
    try:
        return relpath(short)
    except (OSError, ValueError):  # a working directory that is gone, a NUL byte
        return short


def _kustomization(folder: str, value: dict[str, Any]) -> _Kustomization:
    namespace = fields.text(value, "namespace")
    paths = (path for field in _RESOURCES for path in fields.texts(value, field))
    written = namespace if namespace and placeholder(namespace) is None else None
    return _Kustomization(written, tuple(_place(join(folder, path)) for path in paths))


def _is_kustomization(file: str, value: dict[str, Any]) -> bool:
    """By its group, or by the name of its file: neither apiVersion nor kind need be written."""
    version = value.get("apiVersion")
    return (isinstance(version, str) and version.startswith(_GROUP)) or file.rpartition("/")[2] in _NAMES


def _paths(entries: list[Any]) -> Iterator[str]:
    for entry in entries:
        path = entry.get("path") if isinstance(entry, dict) else entry
        if isinstance(path, str) and "\n" not in path:
            yield path
