"""The Calico release that manifests themselves show: ClusterInformation, and image tags of Calico's own components."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from callint.calico import Release, parse_release

if TYPE_CHECKING:
    from callint.source import Document

_IMAGE = re.compile(r"(?:^|/)(?:calico|calico-enterprise)?/?(?:node|typha|kube-controllers|cni|apiserver):v(3\.[0-9]+)")


def inferred_release(documents: Iterable[Document]) -> Release | None:
    """The newest release that the documents name, None when they name none or one that callint does not know."""
    found = {release for document in documents for text in _versions(document.value) if (release := _known(text))}
    return max(found, default=None)


def _known(text: str) -> Release | None:
    try:
        return parse_release(text)
    except ValueError:
        return None


def _versions(value: Any) -> Iterable[str]:
    if not isinstance(value, dict):
        return
    kind = value.get("kind")
    if kind == "ClusterInformation":
        version = (value.get("spec") or {}).get("calicoVersion") if isinstance(value.get("spec"), dict) else None
        if isinstance(version, str):
            yield version
    elif kind in ("DaemonSet", "Deployment"):
        yield from _images(value)


def _images(value: dict[str, Any]) -> Iterable[str]:
    pod: Any = value
    for step in ("spec", "template", "spec"):
        pod = pod.get(step) if isinstance(pod, dict) else None
    if not isinstance(pod, dict):
        return
    for key in ("containers", "initContainers"):
        containers = pod.get(key)
        for container in containers if isinstance(containers, list) else ():
            image = container.get("image") if isinstance(container, dict) else None
            match = _IMAGE.search(image) if isinstance(image, str) else None
            if match and "calico" in str(image):
                yield match[1]
