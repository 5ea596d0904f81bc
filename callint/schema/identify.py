"""Objects whose kind or apiVersion Calico does not have: what they were probably meant to be."""

from __future__ import annotations

from typing import Any

from callint.calico.kinds import CALICO_GROUPS, CANONICAL, NETWORKING, V1, V3, group_of
from callint.record import NamedTuple
from callint.schema import enterprise
from callint.schema.catalogue import KUBERNETES, calico_kinds, kinds_of
from callint.schema.explain import mistyped
from callint.suggest import did_you_mean, is_slip, nearest

OLD_MODEL = {
    "bgpPeer": "BGPPeer",
    "hostEndpoint": "HostEndpoint",
    "ipPool": "IPPool",
    "node": "Node",
    "policy": "GlobalNetworkPolicy",
    "profile": "Profile",
    "workloadEndpoint": "WorkloadEndpoint",
}
"""The kinds of Calico v1 and v2 (`apiVersion: v1`), and what they became in v3.0."""

_KUBERNETES_OWN = frozenset(kind for api, kind in KUBERNETES if group_of(api) not in CALICO_GROUPS)
NOT_STORED = frozenset({"CalicoAPIConfig"})
"""Kinds that look like Calico's objects and are not: calicoctl's own configuration (calicoctl.cfg)."""

_POLICY = "NetworkPolicy"
_OPERATOR = "Installation"
_OPERATOR_API = "operator.tigera.io/v1"
"""The one kind of Calico's operator that callint knows; other names may be those of its other kinds."""
_POLICY_GROUPS = ("", "extensions", "apps", "networking.k8s.io")
"""The API groups in which it was or is looked for."""
_LOOKALIKE_GROUPS = ("", "networking.k8s.io", "policy.networking.k8s.io", "policy")


class Stranger(NamedTuple):
    """A problem with the identity of an object: kind of problem, the key it stands at, message."""

    problem: str
    key: str
    message: str


def stranger(value: dict[str, Any]) -> Stranger | None:
    """Say what is wrong with an object that has no schema; None for one that is none of Calico's business."""
    api_version, kind = value.get("apiVersion"), value.get("kind")
    if not isinstance(kind, str) or not isinstance(api_version, str):
        return _incomplete(value, api_version, kind)
    if api_version == "v1" and kind in OLD_MODEL:
        return Stranger(
            "v1-data-model",
            "kind",
            f'"{kind}" with apiVersion "v1" is the data model of Calico before v3.0, which no supported release reads; '
            f'it became "{OLD_MODEL[kind]}" of "{V3}"',
        )
    group = group_of(api_version)
    if group not in CALICO_GROUPS:
        return _foreign(api_version, group, kind)
    if api_version not in (V1, V3):
        right = V1 if group == group_of(V1) else V3
        return Stranger(
            "unknown-kind", "apiVersion", f'there is no "{api_version}"; the version of that group is "{right}"'
        )
    return _unknown(api_version, kind)


def _incomplete(value: dict[str, Any], api_version: Any, kind: Any) -> Stranger | None:
    def lacks(wanted: str, there: str, holder: str, hint: str = "") -> Stranger:
        if value.get(wanted) is not None:
            return Stranger("wrong-type", wanted, mistyped((wanted,), value[wanted], "string"))
        other = next((key for key in value if key != wanted and key.lower() == wanted.lower()), None)
        hint = f'; "{other}" is written "{wanted}"' if other else hint
        return Stranger("missing-field", there, f'the {holder} has no "{wanted}"{hint}')

    if isinstance(api_version, str) and group_of(api_version) in CALICO_GROUPS:
        return lacks("kind", "apiVersion", f'object of "{api_version}"')
    if isinstance(kind, str) and kind in calico_kinds() - _KUBERNETES_OWN:
        return lacks("apiVersion", "kind", f'"{kind}"', f'; "{V3}" was expected')
    return None


def _foreign(api_version: str, group: str, kind: str) -> Stranger | None:
    if group in _POLICY_GROUPS and kind.lower() == _POLICY.lower():
        return _policy(api_version, group, kind)
    if group in _LOOKALIKE_GROUPS and kind in calico_kinds() - _KUBERNETES_OWN:
        return Stranger("unknown-kind", "apiVersion", f'"{api_version}" has no kind "{kind}"; it is one of "{V3}"')
    if "calico" in group or nearest(group, CALICO_GROUPS):
        near = nearest(group, CALICO_GROUPS) or V3
        known = kind in calico_kinds() or kind in enterprise.KINDS
        if known and kind not in _KUBERNETES_OWN:
            return Stranger("unknown-kind", "apiVersion", f'"{api_version}" is no API of Calico; did you mean "{near}"')
    if kind == _POLICY and group.endswith(".k8s.io") and nearest(group, (group_of(NETWORKING),)):
        meant = f'did you mean "{NETWORKING}"'
        return Stranger("unknown-kind", "apiVersion", f'"{api_version}" is no API of Kubernetes; {meant}')
    if group == group_of(_OPERATOR_API) and kind != _OPERATOR and is_slip(kind, _OPERATOR):
        return Stranger("unknown-kind", "kind", f'"{api_version}" has no kind "{kind}"; did you mean "{_OPERATOR}"')
    return None


def _policy(api_version: str, group: str, kind: str) -> Stranger | None:
    if (api_version, kind) == (NETWORKING, _POLICY):
        return None
    none = f'"{api_version}" has no kind "{kind}"'
    if api_version == NETWORKING:
        return Stranger("unknown-kind", "kind", f'{none}; did you mean "{_POLICY}"')
    since = " since Kubernetes v1.16" if group == "extensions" else ""
    return Stranger("unknown-kind", "apiVersion", f'{none}{since}; it is one of "{NETWORKING}"')


def _unknown(api_version: str, kind: str) -> Stranger | None:
    if kind in enterprise.KINDS:
        return Stranger(
            "enterprise-only", "kind", f'"{kind}" is a kind of Calico Enterprise; open source Calico has no such kind'
        )
    if kind in NOT_STORED:
        return None
    if kind.endswith("List") and CANONICAL.get(kind[:-4], kind[:-4]) in calico_kinds():
        return None
    here = kinds_of(api_version)
    other_name = CANONICAL.get(kind) or next((old for old, new in CANONICAL.items() if new == kind), None)
    if other_name in here:
        return Stranger(
            "unknown-kind", "kind", f'there is no kind "{kind}" in "{api_version}"; there it is "{other_name}"'
        )
    if kind in calico_kinds():
        return Stranger(
            "unknown-kind", "kind", f'there is no kind "{kind}" in "{api_version}"; it is one of "{V3}" only'
        )
    first = kind.split(" ")[0]
    near = first if first in here else nearest(kind, here)
    return Stranger("unknown-kind", "kind", f'"{api_version}" has no kind "{kind}"{did_you_mean(near, ";")}')
