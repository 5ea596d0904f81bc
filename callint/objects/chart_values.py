"""Charts that others are told to install, and the Installation that the values of the operator's own describe.

Of `installation` the chart `tigera-operator` makes the spec of the Installation `default`, without `enabled`, and has
nothing of its own to add (charts/tigera-operator of Calico: values.yaml and templates/crs).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from callint.finding import Path, Span
from callint.objects import fields
from callint.record import NamedTuple
from callint.source import Document
from callint.source.document import Style

_OPERATOR = "tigera-operator"
CHARTS = frozenset((_OPERATOR, "calico", "canal", "rke2-calico", "rke2-canal"))
"""Those that install Calico."""
_FLUX = tuple(f"helm.toolkit.fluxcd.io/{version}" for version in ("v2", "v2beta2", "v2beta1"))
INSTALLERS = {
    "HelmRelease": _FLUX,
    "HelmChart": ("helm.cattle.io/v1",),
    "HelmChartConfig": ("helm.cattle.io/v1",),
    "Application": ("argoproj.io/v1alpha1",),
}
"""The kinds by which Flux, k3s, RKE2 and Argo CD are told of charts, with the versions of their APIs."""
# what changes values, or what is made of them, out of sight
_FLUX_ELSEWHERE: tuple[Path, ...] = (("valuesFrom",), ("postRenderers",), ("chart", "spec", "valuesFiles"))
_ARGO_ELSEWHERE = ("valueFiles", "parameters", "fileParameters")


class Release(NamedTuple):
    """A chart to be installed, and the path of values that are all that it is given; None where there may be others."""

    chart: str | None
    values: Path | None = None


def releases(plain: dict[str, Any]) -> Iterator[Release]:
    """The charts that an object of INSTALLERS tells of; values that are a text are not read."""
    kind, spec = fields.text(plain, "kind") or "", fields.mapping(plain, "spec")
    if plain.get("apiVersion") not in INSTALLERS.get(kind, ()):
        return
    if kind == "HelmRelease":
        elsewhere = any(fields.at(spec, path) for path in _FLUX_ELSEWHERE)
        yield Release(_of_flux(plain, spec), None if elsewhere else ("spec", "values"))
    elif kind == "HelmChart":
        yield Release(fields.text(spec, "chart"))
    elif kind == "HelmChartConfig":
        yield Release(fields.text(fields.mapping(plain, "metadata"), "name"))
    else:
        several: list[tuple[Path, Any]] = [(("sources", index), one) for index, one in fields.items(spec, "sources")]
        for path, source in (*several, (("source",), spec.get("source"))):
            if isinstance(source, dict):
                helm = fields.mapping(source, "helm")
                elsewhere = any(helm.get(field) for field in _ARGO_ELSEWHERE)
                yield Release(
                    fields.text(source, "chart"), None if elsewhere else ("spec", *path, "helm", "valuesObject")
                )


def _of_flux(plain: dict[str, Any], spec: dict[str, Any]) -> str | None:
    """The chart of a HelmRelease; one that is an object of its own is known by its name, or by what it is told."""
    chart = fields.text(fields.mapping(fields.mapping(spec, "chart"), "spec"), "chart")
    reference = fields.mapping(spec, "chartRef")
    if chart or not reference:
        return chart
    names = (reference.get("name"), fields.mapping(plain, "metadata").get("name"))
    told = fields.mapping(fields.mapping(spec, "values"), "installation")
    return _OPERATOR if _OPERATOR in names or "calicoNetwork" in told else None


def described(document: Document, base: Path, plain: dict[str, Any]) -> Iterator[tuple[Document, dict[str, Any]]]:
    """The Installations that the values of an object describe, each with a document of which it is all."""
    for chart, values in releases(plain):
        path = (*(values or ()), "installation")
        spec = fields.at(plain, path)
        if chart == _OPERATOR and values and isinstance(spec, dict) and spec.get("enabled", True) is True:
            head = {"apiVersion": "operator.tigera.io/v1", "kind": "Installation", "metadata": {"name": "default"}}
            made = {field: value for field, value in spec.items() if field != "enabled"}
            yield _Excerpt(document, (*base, *path)), {**head, "spec": made}


class _Excerpt(Document):
    """A document of which one mapping is the spec of an object; whatever else the object has stands at its key."""

    __slots__ = ("_spec", "_whole")

    def __init__(self, whole: Document, spec: Path) -> None:
        """`spec` leads to the mapping from the root of `whole`."""
        super().__init__(
            whole.source,
            whole.index,
            whole.start,
            whole.end,
            whole.value,
            lined=whole.lined,
            complete=whole.complete,
        )
        self._whole = whole
        self._spec = spec

    def span(self, path: Path = (), key: bool = False) -> Span:
        written = path[:1] == ("spec",)
        return self._whole.span((*self._spec, *path[1:]) if written else self._spec, key or not written)

    def style(self, path: Path = ()) -> Style:
        return self._whole.style((*self._spec, *path[1:]))
