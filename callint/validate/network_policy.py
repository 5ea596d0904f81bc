"""Kubernetes' NetworkPolicy as the API server judges it beyond its shape (pkg/apis/networking/validation).

What is told here the API server refuses, so that the policy is not stored, or stays as it was before; a value that no
label can have it takes on some ways, and then it matches nothing.
"""

from __future__ import annotations

import re
from typing import Any

from callint.finding import Path
from callint.net import read
from callint.net.address import Prefix
from callint.objects import fields as objects
from callint.objects.fields import as_text, integer
from callint.objects.kubernetes_policy import ConversionError
from callint.objects.kubernetes_policy import label_selector as terms
from callint.selector import SelectorError, parse
from callint.selector.parse import MAX_LENGTH
from callint.validate import values
from callint.validate.label_values import impossible, impossible_value
from callint.validate.ports import port
from callint.validate.scope import Scope
from callint.validate.shape import UNREADABLE, each, fields

_PEERS = ("podSelector", "namespaceSelector", "ipBlock")
_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
_WITH_VALUES = ("In", "NotIn")
_SCOPE = 60
"""Characters that may be put before a selector, to tell pods from others."""
_REFUSED = "; the API server refuses it"


def deny(
    scope: Scope,
    kind: str,
    path: Path,
    message: str,
    *,
    key: bool = False,
    by_server: bool = True,
    absent: bool = False,
) -> None:
    """Report what nobody can read, and whether the API server refuses it; `absent` tells that something is missing."""
    scope.say(kind, path, message + _REFUSED * by_server, key=key, gap=not absent)
    scope.gaps[path] = None


def _own(scope: Scope) -> bool:
    """Whether the API server judges label selectors: the CRDs of the policies of the whole cluster take any."""
    return scope.resource.kind == "NetworkPolicy"


def _port(scope: Scope, path: Path, entry: dict[str, Any]) -> None:
    number, end = entry.get("port"), integer(entry, "endPort")
    found = None if number is None else port(number)
    if number.__class__ is str and (flaw := values.port_name(number)):
        if found and not found.flaw and not found.named:
            message = f'"{number}" is a text, and a port by its number stands without quotes'
        else:
            message = flaw.message
        deny(scope, "bad-port", (*path, "port"), message)
    elif end is None:
        return
    elif number is None:
        message = '"endPort" needs "port" beside it'
        deny(scope, "missing-companion", (*path, "endPort"), message, key=True, absent=True)
    elif number.__class__ is str:
        deny(scope, "exclusive-fields", (*path, "endPort"), f'"endPort" goes with a number, not with "{number}"')
    elif number.__class__ in (int, float) and end < number:
        deny(scope, "reversed-range", (*path, "endPort"), f'"endPort" is {end} and "port" is {number}')


def _peer(scope: Scope, path: Path, peer: dict[str, Any]) -> None:
    given = [name for name in _PEERS if peer.get(name) is not None]
    if not given:
        names = ", ".join(f'"{name}"' for name in _PEERS)
        deny(scope, "missing-field", path, f"this peer names nobody, one of {names} was expected", absent=True)
    elif len(given) > 1 and "ipBlock" in given:
        message = f'"ipBlock" and "{given[0]}" cannot both be set, they are two peers'
        deny(scope, "exclusive-fields", (*path, "ipBlock"), message, key=True)


def _network(scope: Scope, path: Path, text: Any) -> Prefix | None:
    """The network that a text says; octets with leading zeros the API server reads, and Calico does not.

    Source: netutils.ParseCIDRSloppy of k8s.io/utils.
    """
    if text.__class__ is not str:
        return None
    flaw = values.sized_cidr(text)
    if flaw is None:
        return read.cidr(text)
    without_zeros = re.sub(r"(?<![0-9/])0+(?=[0-9])", "", text)
    deny(scope, flaw.kind, path, flaw.message, by_server=values.sized_cidr(without_zeros) is not None)
    return None


def _block(scope: Scope, path: Path, block: dict[str, Any]) -> None:
    text = block.get("cidr")
    whole = _network(scope, (*path, "cidr"), text)
    for index, one in objects.items(block, "except"):
        part = _network(scope, (*path, "except", index), one)
        if whole and part and not (whole.contains(part.address) and part.length > whole.length):
            nothing = part.contains(whole.address) and part.length <= whole.length
            message = f'"{one}" leaves nothing of "{text}"' if nothing else f'"{one}" is no part of "{text}"'
            deny(scope, "value-not-allowed", (*path, "except", index), message)


def _expression(scope: Scope, path: Path, term: dict[str, Any]) -> None:
    operator, listed = term.get("operator"), term.get("values")
    if UNREADABLE in (operator, listed):
        return
    place, own = (*path, "operator"), _own(scope)
    if operator not in _OPERATORS:
        names = ", ".join(f'"{name}"' for name in _OPERATORS)
        message = f'"{operator or ""}" is none of {names}'
        deny(scope, "value-not-allowed", place, message, by_server=own, absent=operator is None)
    elif operator in _WITH_VALUES and not listed:
        deny(scope, "missing-companion", place, f'"{operator}" needs "values" beside it', by_server=own, absent=True)
    elif operator not in _WITH_VALUES and listed:
        message = f'"{operator}" goes without "values"'
        deny(scope, "exclusive-fields", (*path, "values"), message, key=True, by_server=own)


def _keys(scope: Scope, path: Path, plain: dict[str, Any]) -> bool:
    """Whether each key may be one."""
    asked = [((*path, "matchLabels", key), key) for key in objects.labels(plain, "matchLabels")]
    for index, term in objects.items(plain, "matchExpressions"):
        if term.__class__ is dict and term.get("key") is not UNREADABLE:
            asked.append(((*path, "matchExpressions", index, "key"), objects.text(term, "key") or ""))
    wrong = [(way, key, said) for way, key in asked if (said := values.label_key(key))]
    refused = _REFUSED * _own(scope)
    for way, key, said in wrong:
        scope.say("bad-label", way, f'"{key}" is no label: {said}{refused}', key=way[-1] == key)
        if key or way[-1] == key:
            scope.of_values.append(scope.problems[-1])
    if wrong:
        scope.gaps[path] = None  # whom the other terms select together, nobody asks
    return not wrong


def _converted(scope: Scope, path: Path, value: dict[str, Any]) -> None:
    """Whether Calico can read what it makes of a label selector."""
    if not _keys(scope, path, value):
        return
    longest = min(scope.limits.selector_length, MAX_LENGTH - _SCOPE)
    try:
        text = " && ".join(terms(value))
        if len(text) <= longest:
            parse(text)
            if impossible_value(text) is not None:
                _values(scope, path, value)
            return
    except ConversionError:
        return
    except SelectorError as error:
        message = f"a label or value is none that Kubernetes admits: {error}"
        scope.say("bad-selector", path, message, gap=True)
    else:
        message = f"the selector is longer than {longest} characters and is not read"
        scope.say("selector-limit", path, message, gap=True)


def _values(scope: Scope, path: Path, plain: dict[str, Any]) -> None:
    """Those that no label can have."""
    asked: list[tuple[Path, str, str]] = [
        (("matchLabels", key), key, value) for key, value in objects.labels(plain, "matchLabels").items()
    ]
    for index, term in objects.items(plain, "matchExpressions"):
        for place, value in objects.items(term, "values"):
            key, said = objects.text(term, "key"), as_text(value)
            if key and said is not None:
                asked.append((("matchExpressions", index, "values", place), key, said))
    for way, key, value in asked:
        flaw = impossible(key, value)
        if flaw is not None:
            scope.say("impossible-label-value", (*path, *way), flaw)


label_selector = fields(_converted, matchExpressions=each(fields(_expression)))
"""Judges a label selector (ValidateLabelSelector of apimachinery)."""
_peers = each(fields(_peer, podSelector=label_selector, namespaceSelector=label_selector, ipBlock=fields(_block)))
_ports = each(fields(_port))

network_policy = fields(
    spec=fields(
        podSelector=label_selector,
        ingress=each(fields(**{"from": _peers, "ports": _ports})),
        egress=each(fields(to=_peers, ports=_ports)),
    )
)
"""Judges a whole NetworkPolicy of networking.k8s.io/v1."""
