"""The Secrets that roles let calico-node read, as far as the manifests tell."""

from __future__ import annotations

from collections.abc import Iterator

from callint.finding import Path
from callint.objects import Cluster, Resource, fields
from callint.record import NamedTuple
from callint.source import placeholder

_API = "rbac.authorization.k8s.io/v1"
_ACCOUNT = "calico-node"
_READING = frozenset(("get", "list", "watch", "*"))


class Grant(NamedTuple):
    """A list of Secrets by name in a role, and where it stands."""

    role: Resource
    path: Path
    names: tuple[str, ...]


def granted(cluster: Cluster, homes: tuple[str, ...]) -> tuple[Grant, ...]:
    """What lets calico-node of one of the namespaces read Secrets; empty where that may be all of them, or is not said.

    Roles of its namespace count whichever of the namespaces it is.
    """
    roles: dict[tuple[str, str], list[Resource]] = {}
    for kind in ("Role", "ClusterRole"):
        for one in cluster.kubernetes(kind, _API):
            roles.setdefault((kind, one.name), []).append(one)
    found: list[Grant] = []
    for binding in _bindings(cluster, homes) if roles else ():
        reference = fields.mapping(binding.plain, "roleRef")
        name = (fields.text(reference, "kind") or "", fields.text(reference, "name") or "")
        bound = [one for one in roles.get(name, ()) if _near(one, binding)]
        if not bound or not all(one.whole for one in (*bound, binding)):
            return ()  # of a role that is kept elsewhere nothing is known
        for role in bound:
            lists = _lists(role)
            if lists is None:
                return ()
            found += lists
    return tuple(found)


def _bindings(cluster: Cluster, homes: tuple[str, ...]) -> Iterator[Resource]:
    """What may give calico-node a role where it lives."""
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for one in cluster.kubernetes(kind, _API):
            if one.namespace is not None and one.namespace not in homes and placeholder(one.namespace) is None:
                continue
            if any(_means(subject, homes) for _, subject in fields.items(one.plain, "subjects")):
                yield one


def _means(subject: object, homes: tuple[str, ...]) -> bool:
    """Whether a subject is calico-node's account, a group that it is in, or one that a later step fills in."""
    if not isinstance(subject, dict):
        return False
    name, namespace = fields.text(subject, "name") or "", fields.text(subject, "namespace") or ""
    if fields.text(subject, "kind") == "Group":
        groups = ("system:authenticated", "system:serviceaccounts", *(f"system:serviceaccounts:{one}" for one in homes))
        return name in groups or placeholder(name) is not None
    ours = name == _ACCOUNT or placeholder(name) is not None
    return ours and (namespace in homes or placeholder(namespace) is not None)


def _near(role: Resource, binding: Resource) -> bool:
    """Whether the role that a binding names may be this one of its name."""
    return (
        role.kind == "ClusterRole" or role.namespace == binding.namespace or None in (role.namespace, binding.namespace)
    )


def _lists(role: Resource) -> list[Grant] | None:
    """The Secrets that a role names; None if it may be all of them."""
    if "aggregationRule" in role.plain:
        return None
    found = []
    for index, rule in fields.items(role.plain, "rules"):
        if not isinstance(rule, dict) or _READING.isdisjoint(fields.texts(rule, "verbs")):
            continue
        if {"", "*"}.isdisjoint(fields.texts(rule, "apiGroups")) or {"secrets", "*"}.isdisjoint(
            fields.texts(rule, "resources")
        ):
            continue
        names = fields.texts(rule, "resourceNames")
        if not names or any(placeholder(name) is not None for name in names):
            return None
        found.append(Grant(role, ("rules", index, "resourceNames"), names))
    return found
