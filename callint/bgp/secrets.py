"""The Secrets that hold passwords of BGP sessions, and whether calico-node finds a password in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property, lru_cache
from typing import Any, Literal

from callint.bgp.secret_access import Grant, granted
from callint.calico.defaults import MANIFEST_NAMESPACE, OPERATOR_NAMESPACE
from callint.objects import Cluster, Resource, fields
from callint.objects.calico_node import daemon_sets
from callint.source import placeholder

CONTENTS = ("data", "stringData")
_COPIERS = ("reflector.v1.k8s.emberstack.com/", "replicator.v1.mittwald.de/", "kubed.appscode.com/")

Missing = Literal["namespace", "key", "role"]
"""Why calico-node finds no password: all Secrets of the name are elsewhere, have no such key, or may not be read."""


class Secrets:
    """The Secrets of a cluster; of those that are not among the manifests nothing is known: most are kept elsewhere."""

    def __init__(self, cluster: Cluster) -> None:
        """Lists them by name."""
        self._cluster = cluster
        self.homes = _homes(cluster)
        """The namespace of calico-node, or those that it may be."""
        self._named: dict[str, list[Resource]] = {}
        self._there: dict[str, list[Resource]] = {}
        known = (None, *self.homes)
        for one in cluster.kubernetes("Secret", "v1"):
            self._named.setdefault(one.name, []).append(one)
            if one.namespace in known or placeholder(one.namespace) is not None:
                self._there.setdefault(one.name, []).append(one)
        self._known = cache(self._keys)

    def named(self, name: str) -> list[Resource]:
        """Those of a name, in any namespace."""
        return self._named.get(name, [])

    def there(self, name: str) -> list[Resource]:
        """Those that calico-node looks up; where one without namespace goes, or with a variable, comes out later."""
        return self._there.get(name, [])

    @cached_property
    def grants(self) -> tuple[Grant, ...]:
        """What lets calico-node read some Secrets and no others; empty where it is not known to be so."""
        return granted(self._cluster, self.homes)

    def missing(self, name: str, key: str) -> Missing | None:
        """Why sessions with this password have none (confd client.go getPassword); None where they may have it."""
        if self._cluster.incomplete:
            return None
        if name in self._named and name not in self._made:
            there = bool(self.there(name))
            known = self._known(name, there)
            # Where it is only elsewhere, one without the key is somebody else's of the same name.
            if known is not None and (key in known) != there:
                return "key" if there else "namespace"
        return "role" if self.readable and name not in self.readable else None

    @cached_property
    def readable(self) -> frozenset[str]:
        """The names of those that calico-node may read; empty where that is not known."""
        return frozenset(name for grant in self.grants for name in grant.names)

    def _keys(self, name: str, there: bool) -> frozenset[str] | None:
        """The keys of the Secrets that are looked up, or of those elsewhere; None where there may be others."""
        several = self.there(name) if there else self.named(name)
        left = any(any(map(one.unreadable, CONTENTS)) or (not there and _copied(one)) for one in several)
        return None if left else frozenset(key for one in several for key in keys(one))

    @cached_property
    def _made(self) -> set[str]:
        """The names of those that others make: ExternalSecret, VaultStaticSecret and the like say in many ways how."""
        return {
            name
            for one in self._cluster.all
            if one.kind != "Secret" and ("Secret" in one.kind or one.kind == "OnePasswordItem")
            for name in (one.name, *_names_in(one.plain))
        }


@lru_cache(maxsize=8)
def secrets(cluster: Cluster) -> Secrets:
    """The Secrets of a cluster, the same each time."""
    return Secrets(cluster)


def keys(secret: Resource) -> Iterator[str]:
    """The keys of what a Secret holds."""
    for field in CONTENTS:
        yield from fields.mapping(secret.plain, field)


def _homes(cluster: Cluster) -> tuple[str, ...]:
    if cluster.installations:
        return (OPERATOR_NAMESPACE,)
    known = daemon_sets(cluster)
    return (known[0].home,) if known else (OPERATOR_NAMESPACE, MANIFEST_NAMESPACE)


def _names_in(value: Any) -> Iterator[str]:
    pending = [value]
    while pending:
        match pending.pop():
            case Mapping() as mapping:
                pending += mapping.values()
                yield from (mapping[key] for key in ("name", "secretName") if isinstance(mapping.get(key), str))
            case list() as items:
                pending += items


def _copied(secret: Resource) -> bool:
    """Whether it asks one of those who copy Secrets into other namespaces to do so."""
    return any(key.startswith(_COPIERS) for key in secret.annotations)
