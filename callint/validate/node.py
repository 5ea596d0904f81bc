"""Node, its annotations on Kubernetes, and CalicoNodeStatus (validateNodeSpec, k8s/resources/node.go)."""

from __future__ import annotations

from callint.net.asn import parse_as_number
from callint.objects import Resource
from callint.source import placeholder
from callint.validate import values
from callint.validate.numbers import above_int32, node_as_number
from callint.validate.scope import Scope, Verdict
from callint.validate.shape import Check, each, fields, text

_ANNOTATIONS: dict[str, Verdict] = {
    "ASNumber": values.parsed("bad-as-number", parse_as_number),
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


_V4, _V6 = text(values.ip_v4), text(values.ip_v6)
_MAC, _KEY = text(values.mac), text(values.wireguard_key)
KINDS: dict[str, Check] = {
    "Node": fields(
        spec=fields(
            bgp=fields(
                asNumber=node_as_number,
                ipv4Address=text(values.cidr_v4),
                ipv6Address=text(values.cidr_v6),
                ipv4IPIPTunnelAddr=_V4,
                routeReflectorClusterID=_V4,
            ),
            ipv4VXLANTunnelAddr=_V4,
            ipv6VXLANTunnelAddr=_V6,
            vxlanTunnelMACAddr=_MAC,
            vxlanTunnelMACAddrV6=_MAC,
            wireguard=fields(interfaceIPv4Address=_V4, interfaceIPv6Address=_V6),
            addresses=each(fields(address=text(values.cidr))),
        ),
        status=fields(wireguardPublicKey=_KEY, wireguardPublicKeyV6=_KEY),
    ),
    "CalicoNodeStatus": fields(spec=fields(node=text(values.subdomain), updatePeriodSeconds=above_int32)),
}
