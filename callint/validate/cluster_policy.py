"""Kubernetes' policies of the whole cluster beyond their shape: AdminNetworkPolicy and those after it.

What their CRDs refuse by rules of their own (sigs.k8s.io/network-policy-api/apis), and protocols, which they take as
any text and Calico cannot convert.
"""

from __future__ import annotations

from typing import Any

from callint.finding import Path
from callint.objects.fields import integer
from callint.validate import values
from callint.validate.network_policy import deny, label_selector
from callint.validate.ports import port
from callint.validate.scope import Scope
from callint.validate.shape import Check, each, fields

_PROTOCOLS = ("TCP", "UDP", "SCTP")


def _protocol(scope: Scope, path: Path, value: Any) -> None:
    if value.__class__ is str and value not in _PROTOCOLS:
        known = ", ".join(f'"{name}"' for name in _PROTOCOLS)
        scope.say("bad-protocol", path, f'"{value}" is no protocol, one of {known} was expected', gap=True)


def _name(scope: Scope, path: Path, value: Any) -> None:
    found = port(value) if value.__class__ is str else None
    if found and (found.flaw or not found.named):
        scope.say("bad-port", path, f'"{value}" is no name of a port', gap=True)


def _checked(scope: Scope) -> bool:
    """Whether the CRD of the kind looks at networks and ranges."""
    return scope.resource.kind == "ClusterNetworkPolicy"


def _range(scope: Scope, path: Path, value: dict[str, Any]) -> None:
    start, end = integer(value, "start"), integer(value, "end")
    if start is None or end is None:
        return
    if end < start:
        message = f'"end" is {end} and "start" is {start}'
        deny(scope, "reversed-range", (*path, "end"), message, by_server=_checked(scope))
    elif end == start and _checked(scope):
        deny(scope, "reversed-range", (*path, "end"), f'"end" and "start" are both {end}, which is no range')


def _network(scope: Scope, path: Path, value: Any) -> None:
    flaw = values.sized_cidr(value) if value.__class__ is str else None
    if flaw:
        deny(scope, flaw.kind, path, flaw.message, by_server=_checked(scope))


_ends = fields(destinationPort=fields(range=fields(_range)))
_ports = each(
    fields(
        portNumber=fields(protocol=_protocol),
        portRange=fields(_range, protocol=_protocol),
        namedPort=_name,
        destinationNamedPort=_name,
        tcp=_ends,
        udp=_ends,
        sctp=_ends,
    )
)
_peer = fields(
    namespaces=label_selector,
    nodes=label_selector,
    pods=fields(namespaceSelector=label_selector, podSelector=label_selector),
    networks=each(_network),
)
_rules = each(fields(**{"from": each(_peer), "to": each(_peer), "ports": _ports, "protocols": _ports}))

_spec: Check = fields(spec=fields(subject=_peer, ingress=_rules, egress=_rules))


def cluster_policy(scope: Scope, path: Path, value: Any) -> None:
    """Judge a whole AdminNetworkPolicy, BaselineAdminNetworkPolicy or ClusterNetworkPolicy."""
    if scope.resource.kind == "BaselineAdminNetworkPolicy" and scope.name not in ("", "default"):
        message = f'"{scope.name}" is not "default", the name of the one BaselineAdminNetworkPolicy of a cluster'
        deny(scope, "bad-name", ("metadata", "name"), message)
    _spec(scope, path, value)
