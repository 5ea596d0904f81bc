"""One object against the schema of its kind: problems at their own places, and what they make unreadable."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from callint.calico import Exact, Road, Target
from callint.calico.kinds import is_calico
from callint.finding import Path
from callint.schema import catalogue
from callint.schema.compile import Checker, checker
from callint.schema.fault import CONVERTED, NOTHING, Examined, Fault
from callint.schema.history import Schema, at, form

if TYPE_CHECKING:
    from callint.schema.from_crds import Crds
    from callint.schema.lookup import Lookup
    from callint.source import Document


_WORDS = ("name", "namespace")
_TEXTS = ("labels", "annotations")
_NO_TEXT = (bool, int, float)
"""Of what calicoctl makes text in metadata."""
_JUDGED_WHOLE = ("networking.k8s.io/", "policy.networking.k8s.io/", "operator.tigera.io/")
"""Groups of others whose objects are judged as a whole, and in which a variable is told of; in pods `$(NAME)` means
something."""


def examine(
    document: Document, path: Path, value: Any, target: Target, road: Road, crds: Crds | None = None
) -> Examined:
    """Judge the object at `path` of a document as Calico of the target release does on that road.

    `crds` holds schemas of a cluster that replace callint's own (`from_crds.load_crds`). Objects that are not Calico's
    and that the network model does not read have no problems.
    """
    if not isinstance(value, dict):
        return NOTHING
    api_version, kind = value.get("apiVersion"), value.get("kind")
    history: Schema | None = None
    found: Checker | None = None
    if isinstance(api_version, str) and isinstance(kind, str):
        own = crds.schemas.get((api_version, kind)) if crds else None
        if crds and own is not None:
            history, found = own, _of_cluster(crds, api_version, kind, road)
        else:
            history, found = _checker(api_version, kind, target.exact, road)
    faults = found(value) if found else None
    if found and not faults:
        return NOTHING

    # what follows is needed for broken objects alone, and so is the code behind it
    from callint.schema import problems

    if history is None:
        return problems.of_identity(document, path, value, road)
    known = _looked_up(str(kind), history, target.exact, road)
    if faults is None:
        return problems.of_absent_kind(document, path, known)
    return problems.of_faults(document, path, value, known, faults)


@lru_cache(maxsize=256)
def _checker(api_version: str, kind: str, release: Exact, road: Road) -> tuple[Schema | None, Checker | None]:
    """The whole history of a kind and the checker for one release; None each where there is none."""
    history = catalogue.find(api_version, kind)
    if history is None or form(history, release, road) is None:
        return history, None
    calico = is_calico(api_version)
    return history, _root(at(history, release, road), road, calico, calico or api_version.startswith(_JUDGED_WHOLE))


_LOOKED_UP: dict[tuple[str, int, Exact, Road], Lookup] = {}
"""By the identity of histories, which they keep."""


def _looked_up(kind: str, history: Schema, release: Exact, road: Road) -> Lookup:
    from callint.schema.lookup import Lookup

    key = kind, id(history), release, road
    if key not in _LOOKED_UP:
        _LOOKED_UP[key] = Lookup(kind, history, release, road)
    return _LOOKED_UP[key]


def _of_cluster(crds: Crds, api_version: str, kind: str, road: Road) -> Checker:
    key = (api_version, kind, road)
    if key not in crds.compiled:
        schema = crds.schemas[api_version, kind]
        identity = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}  # the API server implies them
        metadata = catalogue.read("kubernetes/ObjectMeta")
        properties = {**identity, **schema.get("properties", {}), "metadata": metadata}
        whole = {**schema, "properties": properties}
        crds.compiled[key] = _root(whole, road, is_calico(api_version), whole=True)
    return crds.compiled[key]


def _root(schema: Schema, road: Road, calico: bool, whole: bool) -> Checker:
    """The checker of a whole object: status is the controllers' affair, and what is judged as a whole has a name."""
    properties = dict(schema.get("properties", {}))
    if not calico or "status" in properties:
        properties["status"] = {}
    if not whole:
        return checker({**schema, "properties": properties}, spelling=True)
    required = list(schema.get("required", ()))
    lenient = calico and road == "calicoctl"
    if lenient and properties.get("spec", {}).get("required") and "spec" not in required:
        required.append("spec")
    if "metadata" not in required:
        required.append("metadata")
    if lenient:
        properties["metadata"] = _named(properties.get("metadata", {}))
    whole_schema = {**schema, "required": required, "properties": properties}
    judge = checker(whole_schema, lenient=lenient, placeholders=True, spelling=not calico)
    if not lenient:
        return _with_name(judge)

    def check(value: Any) -> list[Fault] | None:
        faults = judge(value)
        about = value.get("metadata")
        if not isinstance(about, dict):
            return faults
        odd: list[Fault] = []
        for name, written in about.items():
            if name in _TEXTS and isinstance(written, dict):
                for key, text in written.items():
                    if text.__class__ in _NO_TEXT:
                        odd.append(Fault(("metadata", name, key), CONVERTED, text, None))
            elif name in _WORDS and written.__class__ in _NO_TEXT:
                odd.append(Fault(("metadata", name), CONVERTED, written, None))
        return [*(faults or ()), *odd] or None

    return check


def _named(metadata: Schema) -> Schema:
    """Metadata as calicoctl wants it, which has no generated names."""
    properties = metadata.get("properties", {})
    name = {**properties.get("name", {}), "minLength": 1}
    return {**metadata, "required": ["name"], "properties": {**properties, "name": name}}


def _with_name(judge: Checker) -> Checker:
    """Kubectl takes a name or the beginning of one (ValidateObjectMeta of apimachinery)."""

    def check(value: Any) -> list[Fault] | None:
        faults = judge(value)
        about = value.get("metadata")
        if about.__class__ is dict and about.get("name") in (None, "") and about.get("generateName") in (None, ""):
            return [*(faults or ()), Fault(("metadata", "name"), "required", about, "name")]
        return faults

    return check
