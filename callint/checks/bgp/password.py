"""Passwords of BGP sessions: the Secrets that hold them, whose content no message and no witness shows."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from callint.calico.defaults import MANIFEST_NAMESPACE, OPERATOR_NAMESPACE
from callint.checks.bgp.secret_access import Grant, granted
from callint.checks.breach import Breach, nobody
from callint.checks.dispatch import Question, asked
from callint.finding import Path, Related, Span, witness
from callint.objects import Cluster, Resource, fields
from callint.objects.calico_node import daemon_sets
from callint.record import NamedTuple
from callint.schema.suggest import Words, did_you_mean
from callint.source import placeholder

_SHOWN = 3
_SOURCE = "secretKeyRef"
_FIELDS = {"BGPPeer": "password", "BGPConfiguration": "nodeMeshPassword"}


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Secrets named for BGP passwords (confd/pkg/backends/calico/client.go getPassword).

    Parameter `problem`: `unread` (a Secret is here, and calico-node does not find the password in it, or its roles are
    here, and let it read others), `content` (the password is none that both ends can have). Of Secrets that are not
    among the manifests nothing else is said: most are kept elsewhere.
    """
    yield from asked(QUESTIONS, parameters)(cluster)


class _Wanted(NamedTuple):
    """A Secret and its key by name, and who wants them."""

    resource: Resource
    path: Path
    name: str
    key: str

    @property
    def who(self) -> str:
        return f'{self.resource.kind} "{self.resource.name}"'

    def breach(self, field: str, message: str, secret: Resource, **facts: Any) -> Breach:
        """At the name or the key; of the Secret its name is shown, unless the password stands in the same line."""
        path = (*self.path, field)
        name = secret.span("metadata", "name")
        beside = any(place.line <= name.line <= place.end_line for place in _places(secret))
        return Breach.at(
            self.resource,
            path,
            message,
            () if beside else (Related(name, "the Secret"),),
            witness("reference", reference=f"Secret/{secret.home}/{secret.name}", key=self.key, **facts),
        )


def _wanted(cluster: Cluster) -> Iterator[_Wanted]:
    for kind, field in _FIELDS.items():
        for resource in cluster.of(kind):
            path: Path = ("spec", field, _SOURCE)
            source = fields.mapping(fields.mapping(resource.spec, field), _SOURCE)
            name, key = fields.text(source, "name"), fields.text(source, "key")
            if name and key and not resource.unreadable(*path):
                yield _Wanted(resource, path, name, key)


def _places(secret: Resource) -> Iterator[Span]:
    """Where its content stands."""
    for field in _CONTENTS:
        for key in fields.mapping(secret.plain, field):
            yield secret.span(field, key)


def _homes(cluster: Cluster) -> tuple[str, ...]:
    """The namespace of calico-node, or those that it may be."""
    if cluster.installations:
        return (OPERATOR_NAMESPACE,)
    known = daemon_sets(cluster)
    return (known[0].home,) if known else (OPERATOR_NAMESPACE, MANIFEST_NAMESPACE)


def _secrets(cluster: Cluster) -> dict[str, list[Resource]]:
    """The Secrets by name."""
    found: dict[str, list[Resource]] = {}
    for one in cluster.kubernetes("Secret", "v1"):
        found.setdefault(one.name, []).append(one)
    return found


def _there(secrets: list[Resource], homes: tuple[str, ...]) -> list[Resource]:
    """Those that calico-node may read; where one without namespace goes, or with a variable, a later step decides."""
    return [one for one in secrets if one.namespace in (None, *homes) or placeholder(one.namespace) is not None]


def _unread(cluster: Cluster) -> Iterator[Breach]:
    if cluster.incomplete:
        return
    said = set()
    for breach in _unfound(cluster):
        said.add((breach.object, breach.path))
        yield breach
    yield from (breach for breach in _forbidden(cluster) if (breach.object, breach.path) not in said)


def _forbidden(cluster: Cluster) -> Iterator[Breach]:
    """Secrets that are left out where roles name those that calico-node may read."""
    grants = granted(cluster, _homes(cluster))
    names = {name for grant in grants for name in grant.names}
    for wanted in _wanted(cluster) if names else ():
        if wanted.name not in names:
            yield _left_out(wanted, grants, sorted(names))


def _left_out(wanted: _Wanted, grants: tuple[Grant, ...], names: list[str]) -> Breach:
    grant, path = grants[0], (*wanted.path, "name")
    allowed = " and ".join(f'"{name}"' for name in names[:_SHOWN]) + (" and others" if len(names) > _SHOWN else "")
    return Breach.at(
        wanted.resource,
        path,
        f'{wanted.who} takes its password from Secret "{wanted.name}", which calico-node may not read: '
        f'{grant.role.kind} "{grant.role.name}" lets it read {allowed} alone, so that its sessions have no password',
        tuple(Related(one.role.span(*one.path, 0), "the Secrets that it may read") for one in grants[:_SHOWN]),
        nobody(f"Secret/{wanted.name}", names),
        "add its name to `resourceNames`",
    )


def _unfound(cluster: Cluster) -> Iterator[Breach]:
    secrets, homes = _secrets(cluster), _homes(cluster)
    if not secrets:
        return
    made = _made(cluster)
    for wanted in _wanted(cluster):
        named = secrets.get(wanted.name)
        if not named or wanted.name in made:
            continue
        there = _there(named, homes)
        if not there and any(_copied(one) or _gaps(one) for one in named):
            continue
        if not there and not any(wanted.key in _keys(one) for one in named):
            continue  # somebody else's of the same name: the one that is meant is kept elsewhere
        if not there:
            expected = " or ".join(f'"{home}"' for home in homes)
            yield wanted.breach(
                "name",
                f'{wanted.who} takes its password from Secret "{wanted.name}", which is in namespace '
                f'"{named[0].home}", and calico-node looks in its own, {expected}: without one its sessions '
                "have no password",
                named[0],
                known=tuple(sorted({one.home for one in named})),
            )
            continue
        keys = {key for one in there for key in _keys(one)}
        if wanted.key not in keys and not any(_gaps(one) for one in there):
            hint = did_you_mean(Words(tuple(sorted(keys))).nearest(wanted.key))
            yield wanted.breach(
                "key",
                f'{wanted.who} takes its password from the key "{wanted.key}" of Secret "{wanted.name}", which has '
                f"none of that name, so that its sessions have no password{hint}",
                there[0],
                known=tuple(sorted(keys)),
            )


def _made(cluster: Cluster) -> set[str]:
    """The names of Secrets that others make: ExternalSecret, VaultStaticSecret and the like say in many ways how."""
    return {
        name
        for one in cluster.all
        if one.kind != "Secret" and ("Secret" in one.kind or one.kind == "OnePasswordItem")
        for name in (one.name, *_names_in(one.plain))
    }


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


def _gaps(secret: Resource) -> bool:
    return any(secret.unreadable(field) for field in _CONTENTS)


def _keys(secret: Resource) -> Iterator[str]:
    for field in _CONTENTS:
        yield from fields.mapping(secret.plain, field)


def _content(cluster: Cluster) -> Iterator[Breach]:
    secrets, homes = _secrets(cluster), _homes(cluster)
    for wanted in _wanted(cluster):
        for secret in _there(secrets.get(wanted.name, []), homes):
            value = _value(secret, wanted.key)
            whose = f'the password of {wanted.who}, key "{wanted.key}" of Secret "{wanted.name}",'
            found = min(((value.index(one), one) for one in _UNFIT if one in value), default=None)
            if found is not None:
                place, character = found
                yield wanted.breach(
                    "key",
                    f"{whose} has {_UNFIT[character]} in it, at which BIRD refuses the configuration: the node keeps "
                    "the one that it had",
                    secret,
                    character=place + 1,
                )


def _value(secret: Resource, key: str) -> str:
    """What the API server makes of it; empty where it cannot be told."""
    plain = fields.text(fields.mapping(secret.plain, "stringData"), key)
    if plain is not None:
        return plain
    with suppress(ValueError):
        return b64decode(fields.text(fields.mapping(secret.plain, "data"), key) or "", validate=True).decode()
    return ""


_UNFIT = {'"': "a double quote", "\n": "a line break"}
"""What a text in BIRD's configuration cannot hold (conf/cf-lex.l), in words."""
_COPIERS = ("reflector.v1.k8s.emberstack.com/", "replicator.v1.mittwald.de/", "kubed.appscode.com/")
_CONTENTS = ("data", "stringData")
QUESTIONS: dict[str, Question] = {"unread": _unread, "content": _content}
