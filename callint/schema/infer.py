"""The target that manifests themselves show: the release by versions and image tags, the dataplane by its switches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from callint.calico import Dataplane, Release, parse_release
from callint.calico.defaults import FELIX_FALSE, FELIX_TRUE

if TYPE_CHECKING:
    from callint.source import Document

_IMAGE = r"(?:^|/)calico/(?:node|typha|kube-controllers|cni|apiserver):v(3\.[0-9]{1,3})(?:\.|$)"
_TELLING = ("ClusterInformation", "Installation", "DaemonSet", "Deployment")
_SWITCHING = ("DaemonSet", "Installation", "FelixConfiguration")
_LINUX: dict[str, Dataplane] = {"BPF": "ebpf", "Iptables": "iptables", "Nftables": "nftables"}


def inferred_release(documents: Iterable[Document]) -> Release | None:
    """The newest release that the documents name, None when they name none or one that callint does not know.

    ClusterInformation says it, the status of the operator's Installation, and the image tags of Calico's components.
    """
    telling = _of_kinds(documents, _TELLING)
    found = {release for value in telling for text in _versions(value) if (release := _known(text))}
    return max(found, default=None)


def inferred_dataplane(documents: Iterable[Document]) -> Dataplane | None:
    """The dataplane that an Installation, calico-node's environment or the default FelixConfiguration switches on.

    None when none says it. The environment counts before any FelixConfiguration.
    """
    values = _of_kinds(documents, _SWITCHING)
    off = any(_ebpf_is(FELIX_FALSE, value) for value in values)
    for value in values:
        if value["kind"] == "DaemonSet":
            if _ebpf_is(FELIX_TRUE, value):
                return "ebpf"
        elif value["kind"] == "Installation":
            chosen = _at(value, "spec", "calicoNetwork", "linuxDataplane")
            if isinstance(chosen, str) and chosen in _LINUX:
                return _LINUX[chosen]
        elif _at(value, "metadata", "name") == "default":
            if _at(value, "spec", "bpfEnabled") is True and not off:
                return "ebpf"
            if _at(value, "spec", "nftablesMode") == "Enabled":
                return "nftables"
    return None


def _ebpf_is(words: tuple[str, ...], value: dict[str, Any]) -> bool:
    """Whether an object is calico-node's DaemonSet, and one of the words its switch of eBPF, of several the last."""
    if value["kind"] != "DaemonSet" or _at(value, "metadata", "name") != "calico-node":
        return False
    containers = _at(value, "spec", "template", "spec", "containers")
    for container in containers if isinstance(containers, list) else ():
        variables = _at(container, "env")
        listed = variables if isinstance(variables, list) else ()
        told = [_at(one, "value") for one in listed if _at(one, "name") == "FELIX_BPFENABLED"]
        if told:
            return str(told[-1]).lower() in words
    return False


def _of_kinds(documents: Iterable[Document], kinds: tuple[str, ...]) -> list[dict[str, Any]]:
    return [value for document in documents if isinstance(value := document.value, dict) and value.get("kind") in kinds]


def _known(text: str) -> Release | None:
    try:
        return parse_release(text)
    except ValueError:
        return None


def _at(value: Any, *path: str) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _versions(value: dict[str, Any]) -> Iterator[str]:
    kind = value.get("kind")
    if kind == "ClusterInformation":
        version = _at(value, "spec", "calicoVersion")
    elif kind == "Installation":
        version = _at(value, "status", "calicoVersion")
    else:
        version = None
        yield from _images(_at(value, "spec", "template", "spec"))
    if isinstance(version, str):
        yield version


def _images(pod: Any) -> Iterator[str]:
    for key in ("containers", "initContainers"):
        containers = _at(pod, key)
        for container in containers if isinstance(containers, list) else ():
            image = _at(container, "image")
            match = re.search(_IMAGE, image) if isinstance(image, str) else None
            if match:
                yield match[1]
