"""CustomResourceDefinitions, as `kubectl get crd -o yaml` prints them, to JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from callint.record import NamedTuple
from callint.schema.compile import Checker
from callint.schema.history import Schema
from callint.schema.patterns import bounded, portable

_COUNTS = ("maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties")
_WORDS = ("format", "type")
KEPT = (
    *("default", "enum", "format", "maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength"),
    *("minProperties", "minimum", "required", "type"),
)
IMMUTABLE = "x-callint-immutable"
_ANY_TEXT = "^.*"
_SAME = ("self == oldSelf", "oldSelf == self")


class Kind(NamedTuple):
    """One served version of one CRD."""

    api_version: str
    kind: str
    scope: str
    schema: Schema


def definitions(documents: Iterable[Any]) -> Iterator[Kind]:
    """Every kind and version in plain document values: CRDs, Lists of them, anything else is passed over."""
    for document in documents:
        if isinstance(document, list):
            yield from definitions(document)
        elif isinstance(document, dict):
            if isinstance(document.get("items"), list):
                yield from definitions(document["items"])
            elif document.get("kind") == "CustomResourceDefinition":
                yield from _versions(document)


def _versions(crd: dict[str, Any]) -> Iterator[Kind]:
    spec = _map(crd, "spec")
    names = _map(spec, "names")
    for version in _maps(spec, "versions"):
        if not isinstance(version.get("name"), str):
            continue
        # apiextensions.k8s.io/v1beta1 has one schema for all versions
        schema = _map(_map(version, "schema") or _map(spec, "validation"), "openAPIV3Schema")
        if isinstance(names.get("kind"), str) and isinstance(spec.get("group"), str) and schema:
            api_version = f"{spec['group']}/{version['name']}"
            yield Kind(api_version, names["kind"], str(spec.get("scope", "Cluster")), plain(schema))


def plain(node: Schema) -> Schema:
    """One OpenAPI v3 node of a CRD as JSON Schema: no prose, closed objects, portable patterns.

    Rules in CEL stay behind, except that of an immutable field; `list-type: set` becomes uniqueItems. So does what has
    not the form of its keyword: no API server takes such a CRD.
    """
    out: Schema = {key: node[key] for key in KEPT if key in node and _formed(key, node[key])}
    if node.get("x-kubernetes-int-or-string"):  # whatever type stands beside it (ConvertJSONSchemaProps)
        out["type"] = ["integer", "string"]
    if isinstance(node.get("pattern"), str) and node["pattern"] != _ANY_TEXT and bounded(portable(node["pattern"])):
        out["pattern"] = portable(node["pattern"])
    if node.get("nullable") and isinstance(out.get("type"), str):
        out["type"] = [out["type"], "null"]
    for part in _maps(node, "allOf"):
        if _formed("enum", part.get("enum")):
            out["enum"] = [value for value in part["enum"] if value in out.get("enum", part["enum"])]
    if node.get("x-kubernetes-list-type") == "set":
        out["uniqueItems"] = True
    if any(str(rule.get("rule")).strip() in _SAME for rule in _maps(node, "x-kubernetes-validations")):
        out[IMMUTABLE] = True
    properties = node.get("properties")
    if isinstance(properties, dict):
        out["properties"] = {name: plain(child) for name, child in properties.items() if isinstance(child, dict)}
        if not node.get("x-kubernetes-preserve-unknown-fields"):
            out["additionalProperties"] = False
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            out[key] = plain(node[key])
    return out


class Crds:
    """The schemas of one cluster by apiVersion and kind, and what was compiled of them."""

    __slots__ = ("compiled", "schemas")

    def __init__(self, schemas: dict[tuple[str, str], Schema]) -> None:
        """Nothing is compiled before an object needs it."""
        self.schemas = schemas
        self.compiled: dict[tuple[str, str, str], Checker] = {}


def load_crds(documents: Iterable[Any]) -> Crds:
    """Schemas to hand to `examine(…, crds=…)`, from plain document values (dicts, lists) that hold CRDs."""
    return Crds({(found.api_version, found.kind): found.schema for found in definitions(documents)})


def _formed(key: str, value: Any) -> bool:
    """Whether a keyword says what it may say."""
    if key in _COUNTS:
        return value.__class__ is int
    if key in _WORDS:
        return isinstance(value, str)
    if key in ("maximum", "minimum"):
        return value.__class__ in (int, float)
    if key in ("enum", "required"):
        kinds = (str,) if key == "required" else (str, int, float, type(None))
        return isinstance(value, list) and all(isinstance(one, kinds) for one in value)
    return True


def _maps(value: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = value.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _map(value: dict[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}
