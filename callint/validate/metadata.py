"""Names, labels and annotations, by kind and release (validateObjectMeta, libcalico-go/lib/names)."""

from __future__ import annotations

import re
from typing import Any

from callint.calico.defaults import TIERS_BY_NAME
from callint.calico.kinds import NAMESPACED, POLICIES
from callint.finding import Path
from callint.objects.fields import as_text
from callint.schema.catalogue import calico_kinds
from callint.validate import values
from callint.validate.scope import Effect, Scope
from callint.validate.shape import UNREADABLE

KUBERNETES_POLICY = ("knp.default.", "ossg.default.")
_ONE_PART = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_TWO_PARTS = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)?"
ANNOTATIONS_SIZE = 256 * 1024
_NAME: Path = ("metadata", "name")


def metadata(scope: Scope, plain: dict[str, Any]) -> None:
    """Judge the metadata of an object of Calico's groups."""
    name = common_metadata(scope, plain)
    if name:
        _name(scope, name, plain)
    found = plain.get("metadata")
    if found.__class__ is not dict:
        return
    kind = scope.resource.kind
    if found.get("namespace") and scope.road == "calicoctl" and kind not in NAMESPACED and kind in calico_kinds():
        message = f"{kind} is of the whole cluster and has no namespace; calicoctl refuses one"
        scope.say("misplaced-namespace", ("metadata", "namespace"), message)
    if found.get("labels"):
        _reserved(scope, found["labels"], plain)


def common_metadata(scope: Scope, plain: dict[str, Any]) -> str | None:
    """Judge what Kubernetes asks of any metadata (ValidateObjectMeta of apimachinery); the name, where it is right."""
    found = plain.get("metadata")
    if found.__class__ is not dict:
        return None
    if found.get("labels"):
        label_map(scope, ("metadata", "labels"), found["labels"])
    if found.get("annotations"):
        annotation_map(scope, ("metadata", "annotations"), found["annotations"])
    name = as_text(found.get("name"))
    flaw = values.subdomain(name) if name else None
    if flaw is not None:
        scope.say(flaw.kind, _NAME, flaw.message, gap=True)
    return None if flaw else name


def _name(scope: Scope, name: str, plain: dict[str, Any]) -> None:
    kind = scope.resource.kind
    if kind in POLICIES:
        _policy_name(scope, name, plain)
    elif kind == "Tier":
        flaw = values.dns_label(name)
        if flaw is not None:
            scope.refuse(flaw.kind, _NAME, flaw.message)


def _policy_name(scope: Scope, name: str, plain: dict[str, Any]) -> None:
    namespaced = not scope.resource.kind.endswith("GlobalNetworkPolicy")
    if namespaced and name.startswith(KUBERNETES_POLICY):
        if name.startswith("knp.default."):
            message = f'"{name}" is the name of a policy that Calico makes of one of Kubernetes'
            scope.refuse("bad-name", _NAME, message)
        return
    dotted = scope.release >= TIERS_BY_NAME[0]
    if not re.fullmatch(_TWO_PARTS if dotted else _ONE_PART, name):
        if dotted:
            message = f'"{name}" has {name.count(".")} dots; a policy\'s name has at most one'
        else:
            message = f'"{name}" has a dot, which the name of a policy has from Calico v3.29 on only'
        scope.refuse("bad-name", _NAME, message)
    elif TIERS_BY_NAME[0] <= scope.release <= TIERS_BY_NAME[1]:
        _tier_prefix(scope, name, plain)


def _tier_prefix(scope: Scope, name: str, plain: dict[str, Any]) -> None:
    """Names carried the tier from v3.29 to v3.31 (names.BackendTieredPolicyName)."""
    spec = plain.get("spec")
    if spec is UNREADABLE or (isinstance(spec, dict) and spec.get("tier") is UNREADABLE):
        return
    tier = (as_text(spec.get("tier")) if isinstance(spec, dict) else None) or "default"
    prefix, dot, rest = name.partition(".")
    if prefix == tier and dot:
        return
    if tier == "default":
        if dot:
            message = f'"{name}" stands in the tier "default", whose policies have no dot in their name up to v3.31'
            scope.refuse("tier-prefix-mismatch", _NAME, message)
        return
    message = f'"{name}" stands in the tier "{tier}" and needs the name "{tier}.{rest or prefix}" from v3.29 to v3.31'
    scope.refuse("tier-prefix-mismatch", _NAME, message)


def label_map(scope: Scope, path: Path, labels: Any) -> None:
    """Labels as Kubernetes and Calico both want them."""
    if labels.__class__ is not dict:
        return
    for key, value in labels.items():
        said = values.label_key(key)
        if said:
            scope.say("bad-label", (*path, key), f'"{key}" is no label: {said}', key=True)
        text = as_text(value)
        said = values.label_value(text) if text is not None else None
        if said:
            scope.say("bad-label", (*path, key), f'the label "{key}" cannot have this value: {said}')


def annotation_map(scope: Scope, path: Path, notes: Any) -> None:
    """Annotations: their keys in any case, and the size of all of them."""
    if notes.__class__ is not dict:
        return
    size = 0
    for key, value in notes.items():
        said = values.label_key(key.lower())
        if said:
            scope.say("bad-label", (*path, key), f'"{key}" is no annotation: {said}', key=True)
        size += len(key.encode("utf-8", "replace"))
        if value.__class__ is str:
            size += len(value.encode("utf-8", "replace"))
    if size > ANNOTATIONS_SIZE:
        message = f"the annotations have {size} bytes together, at most {ANNOTATIONS_SIZE} are allowed"
        scope.say("out-of-range", path, message, key=True)


def _reserved(scope: Scope, labels: Any, plain: dict[str, Any]) -> None:
    """Labels that Calico sets itself."""
    kind = scope.resource.kind
    if labels.__class__ is not dict:
        return
    if kind in ("NetworkSet", "GlobalNetworkSet") and "projectcalico.org/namespace" in labels:
        overwritten = Effect("reserved-label", "it is overwritten with the real namespace")
        scope.refuse(
            "reserved-label",
            ("metadata", "labels", "projectcalico.org/namespace"),
            'the label "projectcalico.org/namespace" of a network set is set by Calico itself',
            stored=overwritten if kind == "NetworkSet" else None,
            key=True,
        )
    if kind in POLICIES and "projectcalico.org/tier" in labels and scope.road != "crd" and scope.release >= (3, 32):
        spec = plain.get("spec")
        tier = (spec.get("tier") if isinstance(spec, dict) else None) or "default"
        if isinstance(tier, str) and labels["projectcalico.org/tier"] not in (tier, UNREADABLE):
            message = f'the label "projectcalico.org/tier" is overwritten with the policy\'s own tier, "{tier}"'
            scope.say("reserved-label", ("metadata", "labels", "projectcalico.org/tier"), message)
