"""Passwords of BGP sessions: the Secrets that hold them, whose content no message and no witness shows."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from callint.bgp.secrets import CONTENTS, keys, secrets
from callint.checks.breach import Breach, Question, all_names, asked, nobody
from callint.finding import Path, Related, witness
from callint.objects import Cluster, Resource, fields
from callint.record import NamedTuple
from callint.steps import Steps, counted
from callint.suggest import Words, did_you_mean

_SHOWN = 3
_OF_SECRET = 3
_SOURCE = "secretKeyRef"
_FIELDS = {"BGPPeer": "password", "BGPConfiguration": "nodeMeshPassword"}


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Secrets named for BGP passwords (confd/pkg/backends/calico/client.go getPassword).

    Parameter `problem`: `unread` (a Secret is here, and calico-node does not find the password in it, or its roles are
    here, and let it read others), `content` (the password is none that both ends can have). Of Secrets that are not
    among the manifests nothing else is said: most are kept elsewhere. Raises TooManyStepsError.
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
        """At the name or the key, with the Secret."""
        return Breach.at(
            self.resource,
            (*self.path, field),
            message,
            _shown(secret),
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


@lru_cache(maxsize=1 << 10)
def _shown(secret: Resource) -> tuple[Related, ...]:
    """Its name, unless a password stands in the same line."""
    name = secret.span("metadata", "name")
    places = (secret.span(field, key) for field in CONTENTS for key in fields.mapping(secret.plain, field))
    beside = any(place.line <= name.line <= place.end_line for place in places)
    return () if beside else (Related(name, "the Secret"),)


def _unread(cluster: Cluster) -> Iterator[Breach]:
    for wanted in _wanted(cluster):
        missing = secrets(cluster).missing(wanted.name, wanted.key)
        if missing is not None:
            yield _MISSING[missing](cluster, wanted)


@lru_cache(maxsize=8)
def _readable(cluster: Cluster) -> tuple[str, ...]:
    return tuple(sorted(secrets(cluster).readable))


def _forbidden(cluster: Cluster, wanted: _Wanted) -> Breach:
    grants, names = secrets(cluster).grants, _readable(cluster)
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


@lru_cache(maxsize=1 << 10)
def _homes(cluster: Cluster, name: str) -> tuple[str, ...]:
    """The namespaces of Secrets of a name."""
    return tuple(sorted({one.home for one in secrets(cluster).named(name)}))


def _elsewhere(cluster: Cluster, wanted: _Wanted) -> Breach:
    known = secrets(cluster)
    named, expected = known.named(wanted.name), " or ".join(f'"{home}"' for home in known.homes)
    return wanted.breach(
        "name",
        f'{wanted.who} takes its password from Secret "{wanted.name}", which is in namespace "{named[0].home}", and '
        f"calico-node looks in its own, {expected}: without one its sessions have no password",
        named[0],
        **all_names(_homes(cluster, wanted.name)),
    )


@lru_cache(maxsize=1 << 10)
def _keys(cluster: Cluster, name: str) -> tuple[tuple[str, ...], Words]:
    """The keys of Secrets of a name that calico-node looks up."""
    known = tuple(sorted({key for one in secrets(cluster).there(name) for key in keys(one)}))
    return known, Words(known)


def _without_key(cluster: Cluster, wanted: _Wanted) -> Breach:
    known, words = _keys(cluster, wanted.name)
    return wanted.breach(
        "key",
        f'{wanted.who} takes its password from the key "{wanted.key}" of Secret "{wanted.name}", which has none of '
        f"that name, so that its sessions have no password{did_you_mean(words.nearest(wanted.key))}",
        secrets(cluster).there(wanted.name)[0],
        **all_names(known),
    )


def _content(cluster: Cluster) -> Iterator[Breach]:
    steps = Steps(cluster, "passwords with Secrets of the same name")
    for wanted in _wanted(cluster):
        for secret in counted(secrets(cluster).there(wanted.name), steps, _OF_SECRET):
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
_MISSING = {"namespace": _elsewhere, "key": _without_key, "role": _forbidden}
QUESTIONS: dict[str, Question] = {"unread": _unread, "content": _content}
