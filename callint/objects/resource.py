"""One object of a document: its identity, its plain content, and where each value of it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from callint.calico.kinds import CANONICAL, LIST_FIELDS, NAMESPACED, V3, is_calico, is_item, is_list
from callint.finding import ObjectRef, Path, Span, Step
from callint.objects import fields

if TYPE_CHECKING:
    from callint.objects.gaps import Gaps
    from callint.source import Document

_OF_CHARTS = ("HelmRelease", "Application")
_TALOS_NETWORKS = frozenset(("podSubnets", "serviceSubnets"))


class Resource:
    """A Kubernetes or Calico object as written, addressed by paths from its own root.

    `gaps` are the paths of values that a schema error made unreadable: whoever needs one of them must not guess.
    `sound` tells that it was judged, and that nothing is wrong with it. What is `of_chart` stands in values of one.
    """

    __slots__ = (
        "_ref",
        "_sorted",
        "annotations",
        "api_version",
        "base",
        "document",
        "gaps",
        "kind",
        "labels",
        "name",
        "namespace",
        "of_chart",
        "plain",
        "sound",
    )

    def __init__(self, document: Document, base: Path, plain: dict[str, Any], gaps: tuple[Path, ...] = ()) -> None:
        """`base` leads from the document's root to the object; `plain` is the object's own map."""
        metadata = fields.mapping(plain, "metadata")
        self.document = document
        self.base = base
        self.plain = plain
        self.gaps = gaps
        self.sound = False
        self.of_chart = False
        self._sorted: Gaps | None = None
        self._ref: ObjectRef | None = None
        self.api_version = fields.text(plain, "apiVersion") or ""
        kind = fields.text(plain, "kind") or ""
        self.kind = CANONICAL.get(kind, kind) if is_calico(self.api_version) else kind
        self.name = fields.text(metadata, "name") or ""
        self.namespace = self._namespace(fields.text(metadata, "namespace"))
        self.labels = fields.labels(metadata)
        self.annotations = fields.labels(metadata, "annotations")

    def _namespace(self, written: str | None) -> str | None:
        """A namespaced Calico object without namespace lands in `default` (calicoctl resourcemgr.go, kubectl alike)."""
        if not is_calico(self.api_version):
            return written
        if self.kind in NAMESPACED:
            return written or "default"
        return None

    @property
    def home(self) -> str:
        """The namespace of an object that has one, whoever applies it without: kubectl then takes `default`."""
        return self.namespace or "default"

    @property
    def spec(self) -> dict[str, Any]:
        """The plain `spec`; empty when absent or unreadable."""
        return fields.mapping(self.plain, "spec")

    @property
    def whole(self) -> bool:
        """Whether all of it could be read, and all of the document that it stands in."""
        return not self.gaps and self.document.complete

    @property
    def legible(self) -> bool:
        """Whether its spec could be read, and all of the document that it stands in."""
        return self.document.complete and not (self.gaps and self.unreadable("spec"))

    @property
    def printed(self) -> bool:
        """Whether the API server or calicoctl gave it out."""
        metadata = fields.mapping(self.plain, "metadata")
        return any(fields.text(metadata, key) is not None for key in ("uid", "resourceVersion"))

    @property
    def ref(self) -> ObjectRef:
        """The identity that findings carry."""
        if self._ref is None:
            self._ref = ObjectRef(self.api_version, self.kind, self.namespace, self.name)
        return self._ref

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes two objects the same stored object: both Calico groups are one (`crd-history`, corpus notes)."""
        group = V3 if is_calico(self.api_version) else self.api_version
        return (group, self.kind, self.namespace or "", self.name)

    @property
    def folder(self) -> str:
        """The folder of the file that defines the object."""
        return self.document.file.rpartition("/")[0] or "."

    def span(self, *path: Step, key: bool = False) -> Span:
        """Where a value of the object stands; a missing path gives the nearest thing above it that exists."""
        return self.document.span((*self.base, *path), key=key)

    def unreadable(self, *path: Step) -> bool:
        """Whether the value at the path, or one inside or above it, is a gap."""
        return self.gap(path) is not None

    def gap(self, path: Path) -> Path | None:
        """The first gap that is at, in or above a path."""
        if not self.gaps:
            return None
        number = self._sorted_gaps.first(path)
        return None if number is None else self.gaps[number]

    def unreadable_fields(self, path: Path, fields: Iterable[str]) -> set[str]:
        """Those fields of the mapping at a path of which `unreadable` is true, asked together."""
        return self._sorted_gaps.among(path, fields) if self.gaps else set()

    @property
    def _sorted_gaps(self) -> Gaps:
        if self._sorted is None:
            from callint.objects.gaps import Gaps

            self._sorted = Gaps(self.gaps)
        return self._sorted

    def __repr__(self) -> str:
        """For people who debug."""
        return f"<{self.ref} {self.document.file}:{self.span().line}>"


def resources(document: Document) -> Iterator[Resource]:
    """The objects inside a document, and behind those that tell of charts the Installations that their values are."""
    for base, plain in unpack(document):
        yield Resource(document, base, plain)
        if plain.get("kind") in _OF_CHARTS:
            from callint.objects.chart_values import described

            for excerpt, installation in described(document, base, plain):
                made = Resource(excerpt, (), installation)
                made.of_chart = True
                yield made


def unpack(document: Document) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The objects inside a document with the paths to them; `List` and `*List` objects and bare lists are opened.

    A list with fields that no list has, or with items that are no objects, is an object too, so that somebody can say
    so. Values that are no objects (no `kind` and no `apiVersion`) are left out: chart values are not manifests. What
    sets up k3s, RKE2 or Talos has neither, and is let in as it tells of the networks of the cluster.
    """
    return _objects((), document.value)


def _objects(path: Path, value: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _objects((*path, index), item)
    elif isinstance(value, dict):
        kind = value.get("kind")
        items = value.get("items")
        if isinstance(kind, str) and kind.endswith("List") and isinstance(items, list):
            odd = not value.keys() <= LIST_FIELDS or not all(is_item(item, kind) for item in items)
            if odd and is_list(value.get("apiVersion"), kind):
                yield path, value
            typed = {"apiVersion": value.get("apiVersion"), "kind": kind.removesuffix("List")}
            for index, item in enumerate(items):
                yield from _objects((*path, "items", index), _typed(item, typed))
        elif isinstance(kind, str) or isinstance(value.get("apiVersion"), str) or _sets_up(path, value):
            yield path, value


def _sets_up(path: Path, value: dict[str, Any]) -> bool:
    """Whether it is the configuration of k3s or RKE2, or one of Talos or a patch of it, and names networks."""
    if path:
        return False
    named = "cluster-cidr" in value or "service-cidr" in value
    return named or not _TALOS_NETWORKS.isdisjoint(fields.mapping(fields.mapping(value, "cluster"), "network"))


def _typed(item: Any, typed: dict[str, Any]) -> Any:
    """Items of a typed list need not repeat apiVersion and kind (calicoctl decodes them as the list's kind)."""
    if isinstance(item, dict) and typed["kind"] and item.get("kind") is None:
        return {**typed, **item, "kind": typed["kind"]}
    return item
