"""What makes no sense in a configuration, though schemas/callint.json finds nothing wrong with its form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from callint.calico import no_road, parse_release
from callint.finding import Path
from callint.net.address import parse_cidr

Nonsense = tuple[Path, str, bool]
"""Where it stands, one sentence, and whether it is the key that is wrong."""


def service(said: str | Mapping[str, Any]) -> tuple[str, int | None]:
    """The name of a service of a node, and its port where it says one."""
    return (said, None) if isinstance(said, str) else (said["name"], said["port"])


def nonsense(plain: Mapping[str, Any]) -> Iterator[Nonsense]:
    """All that could only be passed over in silence."""
    clusters = plain.get("clusters", {})
    if clusters and "manifests" in plain:
        yield ("manifests",), '"manifests" stands beside "clusters", of which each names its own', True
    yield from _of_cluster(plain, ())
    shared = plain.get("calico", {})
    if not clusters:
        yield from _road({}, shared, ())
    for name, own in clusters.items():
        at = ("clusters", name)
        yield from _of_cluster(own, at)
        yield from _road(shared, own.get("calico", {}), at)
    for number, item in enumerate(plain.get("ignore", [])):
        if "until" in item:
            yield from _day(item["until"], ("ignore", number, "until"))


def _of_cluster(own: Mapping[str, Any], at: Path) -> Iterator[Nonsense]:
    if "release" in own.get("calico", {}):
        yield from _read(parse_release, own["calico"]["release"], (*at, "calico", "release"))
    for number, text in enumerate(own.get("masqueraded", [])):
        yield from _read(parse_cidr, text, (*at, "masqueraded", number))
    for number, kind in enumerate(own.get("complete", [])):
        yield from _kind(kind, (*at, "complete", number))
    for node, about in own.get("nodes", {}).items():
        for interface, services in about.get("services", {}).items():
            yield from _services(services, (*at, "nodes", node, "services", interface))


def _road(shared: Mapping[str, Any], own: Mapping[str, Any], at: Path) -> Iterator[Nonsense]:
    """A road into the cluster that its release has not."""
    calico = {**shared, **own}
    release = parse_release(calico["release"]) if "release" in calico else None
    if said := no_road(release, calico.get("applied-with")):
        key = "release" if "release" in own and "applied-with" not in own else "applied-with"
        yield (*(at if key in own else ()), "calico", key), said, False


def _read(parse: Callable[[str], object], text: str, at: Path) -> Iterator[Nonsense]:
    try:
        parse(text)
    except ValueError as error:
        yield at, str(error), False


def _kind(kind: str, at: Path) -> Iterator[Nonsense]:
    from callint.schema.catalogue import meant_kind

    meant = meant_kind(kind)
    if meant is not None:
        yield at, f'"{kind}" is no kind of Calico or Kubernetes, did you mean "{meant}"', False


def _services(listed: list[Any], at: Path) -> Iterator[Nonsense]:
    ports: dict[str, int | None] = {}
    for number, said in enumerate(listed):
        name, port = service(said)
        if ports.setdefault(name, port) != port:
            place = (*at, number) if isinstance(said, str) else (*at, number, "name")
            yield place, f'"{name}" stands here with two ports, of which one alone would be asked for', False


def _day(text: str, at: Path) -> Iterator[Nonsense]:
    from datetime import date

    try:
        date.fromisoformat(text)
    except ValueError:
        yield at, f'"{text}" is no day', False
