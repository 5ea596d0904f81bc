"""Node, its annotations on Kubernetes, and CalicoNodeStatus (validateNodeSpec, k8s/resources/node.go)."""

from __future__ import annotations

from typing import Any

from callint.finding import Path
from callint.objects import Resource
from callint.source import placeholder
from callint.validate import values
from callint.validate.numbers import above_int32, node_as_number
from callint.validate.scope import Flaw, Scope, Verdict
from callint.validate.shape import Check, each, fields, text


def _as_number(said: str) -> Flaw | None:
    from callint.net.asn import parse_as_number

    try:
        parse_as_number(said)
    except ValueError as error:
        return Flaw("bad-as-number", str(error))
    return None


_ANNOTATIONS: dict[str, Verdict] = {
    "ASNumber": _as_number,
    "IPv4Address": values.cidr_v4,
    "IPv6Address": values.cidr_v6,
    "RouteReflectorClusterID": values.ip_v4,
    "IPv4IPIPTunnelAddr": values.ip_v4,
    "IPv4VXLANTunnelAddr": values.ip_v4,
    "IPv6VXLANTunnelAddr": values.ip_v6,
    "VXLANTunnelMACAddr": values.mac,
    "VXLANTunnelMACAddrV6": values.mac,
    "IPv4WireguardInterfaceAddr": values.ip_v4,
    "IPv6WireguardInterfaceAddr": values.ip_v6,
}


def node_annotations(scope: Scope, resource: Resource) -> None:
    """The annotations of a Kubernetes Node that Calico reads; it ignores a value that it cannot."""
    for name, verdict in _ANNOTATIONS.items():
        key = f"projectcalico.org/{name}"
        said = resource.annotations.get(key)
        flaw = verdict(said) if said and placeholder(said) is None else None
        if flaw is not None:
            message = f"{flaw.message}; the annotation is ignored"
            scope.say("silently-ignored", ("metadata", "annotations", key), message, gap=True)


_BGP = fields(
    asNumber=node_as_number,
    ipv4Address=text(values.cidr_v4),
    ipv6Address=text(values.cidr_v6),
    ipv4IPIPTunnelAddr=text(values.ip_v4),
    routeReflectorClusterID=text(values.ip_v4),
)
_ADDRESS: Check = fields(address=text(values.cidr))


def _key(scope: Scope, path: Path, value: Any) -> None:
    text(values.wireguard_key)(scope, path, value)


KINDS: dict[str, Check] = {
    "Node": fields(
        spec=fields(
            bgp=_BGP,
            ipv4VXLANTunnelAddr=text(values.ip_v4),
            ipv6VXLANTunnelAddr=text(values.ip_v6),
            vxlanTunnelMACAddr=text(values.mac),
            vxlanTunnelMACAddrV6=text(values.mac),
            wireguard=fields(interfaceIPv4Address=text(values.ip_v4), interfaceIPv6Address=text(values.ip_v6)),
            addresses=each(_ADDRESS),
        ),
        status=fields(wireguardPublicKey=_key, wireguardPublicKeyV6=_key),
    ),
    "CalicoNodeStatus": fields(spec=fields(node=text(values.subdomain), updatePeriodSeconds=above_int32)),
}
