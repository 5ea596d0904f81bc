"""The release that manifests themselves show, by versions of objects and charts and by image tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from callint.calico import Exact, parse_exact

if TYPE_CHECKING:
    from callint.source import Document

_IMAGE = r"(?:^|/)calico/(?:node|typha|kube-controllers|cni|apiserver):v(3\.[0-9]{1,3}(?:\.[0-9]{1,3})?)(?:[.@-]|$)"
_LAST = 10_000
"""Above all patches: a release without one means the last of its minor."""
_CHART = "tigera-operator"
_OF_CHARTS = ("HelmRelease", "HelmChart", "Application", "OCIRepository")
_TELLING = ("ClusterInformation", "Installation", "DaemonSet", "Deployment", *_OF_CHARTS)


def inferred_release(documents: Iterable[Document]) -> Exact | None:
    """The newest release that the documents name, None when they name none or one that callint does not know.

    ClusterInformation says it, the status of the operator's Installation, the image tags of Calico's components, and
    the version of the operator's chart, which is that of Calico.
    """
    telling = _telling(document.value for document in documents)
    found = {release for kind, value in telling for text in _versions(kind, value) if (release := _known(text))}
    return max(found, key=lambda release: (*release, _LAST), default=None)


def _telling(values: Iterable[Any], of: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Objects of the kinds that tell, with these; those of lists are `of` the list's kind where they name none."""
    for value in values:
        kind = value.get("kind", of) if isinstance(value, dict) else None
        if kind in _TELLING:
            yield kind, value
        elif isinstance(value, list):
            yield from _telling(value)
        elif isinstance(kind, str) and kind.endswith("List") and isinstance(value.get("items"), list):
            yield from _telling(value["items"], kind.removesuffix("List"))


def _known(text: str) -> Exact | None:
    try:
        return parse_exact(text)
    except ValueError:
        return None


def _at(value: Any, *path: str) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _versions(kind: str, value: dict[str, Any]) -> Iterator[str]:
    if kind == "ClusterInformation":
        version = _at(value, "spec", "calicoVersion")
    elif kind == "Installation":
        version = _at(value, "status", "calicoVersion")
    elif kind in _OF_CHARTS:
        version = _of_chart(value.get("spec"))
    else:
        version = None
        yield from _images(_at(value, "spec", "template", "spec"))
    if isinstance(version, str):
        yield version


def _of_chart(spec: Any) -> Any:
    """The version of the chart that Flux, k3s or Argo CD is told to install."""
    url = _at(spec, "url")
    if isinstance(url, str) and url.endswith(f"/{_CHART}"):
        return _at(spec, "ref", "tag")
    sources = _at(spec, "sources")
    several = sources if isinstance(sources, list) else ()
    for one in (spec, _at(spec, "chart", "spec"), _at(spec, "source"), *several):
        if _at(one, "chart") == _CHART:
            return _at(one, "version") or _at(one, "targetRevision")
    return None


def _images(pod: Any) -> Iterator[str]:
    for key in ("containers", "initContainers"):
        containers = _at(pod, key)
        for container in containers if isinstance(containers, list) else ():
            image = _at(container, "image")
            match = re.search(_IMAGE, image) if isinstance(image, str) else None
            if match:
                yield match[1]
