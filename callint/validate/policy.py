"""Policies, staged policies, profiles and tiers (validateGlobalNetworkPolicy, validateNetworkPolicy, validateTier)."""

from __future__ import annotations

from typing import Any

from callint.calico import Release
from callint.calico.defaults import ADMIN_TIER_ORDER, BASELINE_TIER_ORDER, DEFAULT_TIER_ORDER
from callint.finding import Path
from callint.validate import values
from callint.validate.metadata import label_map
from callint.validate.numbers import int32
from callint.validate.ports import POLICY_IGNORED
from callint.validate.rules import rule
from callint.validate.scope import CEL, LATE_CEL, Effect, Scope
from callint.validate.selectors import no_global, selector
from callint.validate.shape import UNREADABLE, Check, Whole, each, fields, has, off, on, text

_WIDENED = Effect(
    "silently-widened", "Felix drops the selector, so that the policy applies to more endpoints", modelled=True
)


def _content(kind: str, *more: Whole) -> Check:
    """What a policy of a kind says."""
    table: dict[str, Check] = {
        "selector": selector(stored=POLICY_IGNORED, global_=no_global((3, 20), LATE_CEL, "the selector of a policy")),
        "serviceAccountSelector": selector(
            stored=_WIDENED, global_=no_global((3, 20), LATE_CEL, "a serviceAccountSelector")
        ),
        "tier": text(values.subdomain),
        "ingress": each(rule("ingress", kind)),
        "egress": each(rule("egress", kind)),
    }
    if kind.endswith("GlobalNetworkPolicy"):
        table["namespaceSelector"] = selector(
            stored=_WIDENED, global_=no_global((3, 20), LATE_CEL, "the namespaceSelector of a policy")
        )
        more = (_untracked, *more)
    return fields(*more, **table)


def _types(scope: Scope, path: Path, spec: dict[str, Any]) -> None:
    """The directions of a policy against its rules, and what a policy without any means on this road."""
    types = spec.get("types")
    if types is UNREADABLE:
        return
    if not types:
        _no_types(scope, path, spec)
        return
    if types.__class__ is not list or any(item.__class__ is not str for item in types):
        return
    named = {item.lower() for item in types}
    if scope.road == "crd" and scope.release < CEL:
        for index, item in enumerate(types):
            if item.lower() not in ("ingress", "egress"):
                message = f'"{item}" is no direction; "Ingress" or "Egress" was expected, and Felix ignores it'
                scope.say("silently-ignored", (*path, "types", index), message)
    for direction in ("ingress", "egress"):
        if has(spec, direction) and direction not in named:
            message = f'the rules of "{direction}" are never used, for "types" does not name {direction.capitalize()}'
            related = scope.related(*path, "types", label="the types")
            scope.say("types-mismatch", (*path, direction), message, key=True, related=related)


def _no_types(scope: Scope, path: Path, spec: dict[str, Any]) -> None:
    """Directions by default (api/pkg/defaults/networkpolicy.go, felix/calc/policy_sorter.go)."""
    if on(spec, "preDNAT") or UNREADABLE in (spec.get("ingress"), spec.get("egress")):
        return
    ingress, egress = has(spec, "ingress"), has(spec, "egress")
    if scope.road == "crd" and not (ingress and egress):
        denied = " and ".join(name for name, there in (("ingress", ingress), ("egress", egress)) if not there)
        message = (
            'a policy without "types" is of both, Ingress and Egress, when it is written as a raw CRD object: '
            f"it denies all {denied} that no other policy allows"
        )
        scope.say("misleading-default", path, message, key=True, hint='write "types"')
    elif scope.road == "calicoctl" and not egress and spec.get("egress") == []:
        message = 'an empty "egress" counts as none, so that the policy is of Ingress alone and denies no egress'
        meant = "Ingress, Egress" if ingress else "Egress"
        scope.say("misleading-default", (*path, "egress"), message, key=True, hint=f'write "types: [{meant}]"')


def _untracked(scope: Scope, path: Path, spec: dict[str, Any]) -> None:
    """Policies before NAT and before connection tracking."""
    before_nat, untracked = on(spec, "preDNAT"), on(spec, "doNotTrack")
    if not (before_nat or untracked):
        return
    if before_nat and untracked:
        message = '"preDNAT" and "doNotTrack" cannot both be true'
        scope.refuse("exclusive-fields", (*path, "doNotTrack"), message, since=CEL, key=True)
    if off(spec, "applyOnForward"):
        name = "preDNAT" if before_nat else "doNotTrack"
        message = f'"{name}" needs "applyOnForward: true" beside it'
        scope.refuse("missing-companion", (*path, name), message, since=CEL, key=True)
    if before_nat:
        if has(spec, "egress"):
            message = 'a policy with "preDNAT" has no rules of "egress"'
            scope.refuse("exclusive-fields", (*path, "egress"), message, since=CEL, key=True)
        types = spec.get("types")
        if types.__class__ is list and "Egress" in types:
            message = 'a policy with "preDNAT" cannot be of the type "Egress"'
            scope.refuse("exclusive-fields", (*path, "types", types.index("Egress")), message, since=CEL)


def _staged(content: Check, *more: Whole) -> Check:
    """A staged policy that deletes has nothing else to say, but only Go's validator looks."""

    def staged(scope: Scope, path: Path, spec: dict[str, Any]) -> None:
        deletes = spec.get("stagedAction") == "Delete"
        if not deletes or scope.road != "calicoctl":
            content(scope, path, spec)
            for one in () if deletes else more:
                one(scope, path, spec)
            return
        for name in spec:
            if name not in ("stagedAction", "tier") and has(spec, name) and spec[name] is not False:
                message = f'a staged policy that deletes names the policy alone, and has no "{name}"'
                scope.refuse("staged-delete-with-content", (*path, name), message, key=True)

    return fields(spec=fields(staged))


def _profile(scope: Scope, path: Path, plain: dict[str, Any]) -> None:
    name = scope.resource.name
    own = name == "projectcalico-default-allow" or name.startswith(("kns.", "ksa."))
    if scope.resource.printed:
        return
    if own:
        message = f'the profile "{name}" is made by Calico itself and cannot be written'
        scope.say("read-only-object", ("metadata", "name"), message)
    elif scope.road == "native":
        message = "profiles have no CRD: Calico makes them of namespaces and service accounts, and kubectl cannot"
        scope.say("read-only-object", ("kind",), message)


_BUILT_IN: dict[str, tuple[float, Release, Release]] = {
    "default": (DEFAULT_TIER_ORDER, (3, 29), (9, 0)),
    "kube-admin": (ADMIN_TIER_ORDER, (3, 32), (9, 0)),
    "kube-baseline": (BASELINE_TIER_ORDER, (3, 32), (9, 0)),
    "adminnetworkpolicy": (ADMIN_TIER_ORDER, (3, 29), (3, 31)),
    "baselineadminnetworkpolicy": (BASELINE_TIER_ORDER, (3, 30), (3, 31)),
}
_DEFAULT_ACTIONS = {"default": "Deny", "kube-admin": "Pass", "kube-baseline": "Pass"}


def _tier(scope: Scope, path: Path, plain: dict[str, Any]) -> None:
    """The orders and default actions of the tiers that Calico makes itself."""
    name, spec = scope.resource.name, plain.get("spec") or {}
    if spec.__class__ is not dict:
        return
    order, action = spec.get("order"), spec.get("defaultAction")
    built_in = _BUILT_IN.get(name)
    if built_in is None or not built_in[1] <= scope.release <= built_in[2]:
        if order is None and scope.road == "calicoctl":
            message = (
                'a tier without "order" is stored with the order 1000000, that of the tier "default"; '
                "tiers of one order follow their names"
            )
            scope.say("misleading-default", ("spec",), message, key=True, hint='write "order"')
        return
    if order is None and scope.road == "calicoctl":
        order = DEFAULT_TIER_ORDER
    if order is not UNREADABLE and order != built_in[0]:
        place: Path = ("spec", "order") if spec.get("order") is not None else ("spec",)
        message = f'the built-in tier "{name}" has the order {built_in[0]:.0f}'
        scope.refuse("built-in-tier-changed", place, message, since=LATE_CEL, key=len(place) == 1)
    expected = _DEFAULT_ACTIONS.get(name)
    if expected and action is not UNREADABLE and (action or "Deny") != expected:
        place = ("spec", "defaultAction") if action else ("spec",)
        message = f'the built-in tier "{name}" has the default action "{expected}"'
        scope.refuse("built-in-tier-changed", place, message, since=CEL, key=not action)


_CIDR = text(values.cidr, malformed=True)
_BLOCKS = each(fields(ipBlock=fields(cidr=_CIDR, **{"except": each(_CIDR)})))
_RULES = each(fields(ports=each(fields(endPort=int32)), **{"from": _BLOCKS, "to": _BLOCKS}))

KINDS: dict[str, Check] = {
    "GlobalNetworkPolicy": fields(spec=_content("GlobalNetworkPolicy", _types)),
    "NetworkPolicy": fields(spec=_content("NetworkPolicy", _types)),
    "StagedGlobalNetworkPolicy": _staged(_content("StagedGlobalNetworkPolicy"), _types),
    "StagedNetworkPolicy": _staged(_content("StagedNetworkPolicy"), _types),
    "StagedKubernetesNetworkPolicy": _staged(fields(ingress=_RULES, egress=_RULES)),
    "Profile": fields(
        _profile,
        spec=fields(
            ingress=each(rule("ingress", "Profile")), egress=each(rule("egress", "Profile")), labelsToApply=label_map
        ),
    ),
    "Tier": fields(_tier),
}
