"""Services that a node offers or needs, the packets that they live on, and which node evidently plays which part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from callint.calico.defaults import API_SERVER_PORT, INTERFACE_PREFIXES, TUNNEL_INTERFACES
from callint.facts import Interface, Listener, NodeFacts
from callint.finding import Span
from callint.objects import Cluster
from callint.policy.nodes import prefixes
from callint.source import placeholder

BROADCAST = "255.255.255.255"
UNSPECIFIED = "0.0.0.0"


class Flow(NamedTuple):
    """The first packet of an exchange at a node's interface: `in` to the node, `out` from it.

    A source or destination of None is whatever fits: the node's own address on its side, anyone on the other.
    """

    direction: str
    protocol: str
    port: int
    source_port: int | None = None
    source: str | None = None
    destination: str | None = None


SERVICES: dict[str, tuple[Flow, ...]] = {
    "dns": (Flow("in", "udp", 53), Flow("in", "tcp", 53)),
    "dns-client": (Flow("out", "udp", 53), Flow("out", "tcp", 53)),
    "dhcp": (
        Flow("in", "udp", 67, 68, UNSPECIFIED, BROADCAST),
        Flow("out", "udp", 68, 67, None, BROADCAST),
    ),
    "dhcp-client": (
        Flow("out", "udp", 67, 68, UNSPECIFIED, BROADCAST),
        Flow("in", "udp", 68, 67, None, BROADCAST),
    ),
    "api-server": (Flow("in", "tcp", API_SERVER_PORT),),
    "api-client": (Flow("out", "tcp", API_SERVER_PORT),),
}
"""What a service needs: RFC 1035 and 7766 for DNS over both protocols, RFC 2131 for DHCP before there is an address."""


class Requirement(NamedTuple):
    """One service at one interface of a node; `reason` says why, in a few words, and `span` where that is written."""

    node: str
    interface: str
    service: str
    flows: tuple[Flow, ...]
    reason: str
    span: Span | None


def requirements(cluster: Cluster) -> tuple[Requirement, ...]:
    """Every service that must work at an interface with a host endpoint, each named once.

    What the configuration says counts first, then what facts declare, then what listens, then what a node evidently is.
    """
    named = {endpoint.node for endpoint in cluster.host_endpoints if endpoint.node}
    nodes = sorted(node for node in named if placeholder(node) is None)
    found: dict[tuple[str, str, str], Requirement] = {}
    for node in nodes:
        interfaces = interfaces_of(cluster, node)
        for one in (
            *_configured(cluster, node, interfaces),
            *_declared(cluster, node),
            *_listening(cluster, node, interfaces),
            *_evident(cluster, node, interfaces),
        ):
            found.setdefault((one.node, one.interface, one.service), one)
    return tuple(found.values())


def interfaces_of(cluster: Cluster, node: str) -> dict[str, tuple[str, ...]]:
    """The host interfaces of a node with their addresses: from facts, else those that its HostEndpoints name.

    `*` stands for an interface that a HostEndpoint for all of them governs.
    """
    facts = cluster.facts.get(node)
    if facts is not None and facts.interfaces is not None:
        return {
            interface.name: tuple(address.text.split("/")[0] for address in interface.addresses or ())
            for interface in facts.interfaces
            if is_host_interface(interface.name)
        }
    return {
        endpoint.interface: () if endpoint.interface == "*" else _readable(endpoint.expected_ips)
        for endpoint in cluster.host_endpoints
        if endpoint.node == node and endpoint.interface
    }


def _readable(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """The addresses that are some: placeholders and mistakes are other rules' business."""
    return tuple(str(prefix.address) for prefix in prefixes(addresses))


def is_host_interface(name: str) -> bool:
    """Whether an interface is neither loopback nor a workload's nor a tunnel of Calico."""
    return name != "lo" and name not in TUNNEL_INTERFACES and not name.startswith(INTERFACE_PREFIXES)


def _flows(cluster: Cluster, service: str, port: int | None = None) -> tuple[Flow, ...]:
    flows = SERVICES.get(service, ())
    if service in ("api-server", "api-client"):
        port = port or cluster.intent.api_server_port
    return tuple(flow._replace(port=port) for flow in flows) if port else flows


def _configured(cluster: Cluster, node: str, interfaces: dict[str, tuple[str, ...]]) -> Iterator[Requirement]:
    for interface, services in cluster.intent.services.get(node, {}).items():
        for service in services:
            for name in interfaces if interface == "*" else (interface,):
                yield Requirement(node, name, service, _flows(cluster, service), "the configuration asks for it", None)


def _declared(cluster: Cluster, node: str) -> Iterator[Requirement]:
    facts = cluster.facts.get(node)
    for service in facts.services or () if facts else ():
        flows = _flows(cluster, service.name, service.port)
        if flows:
            yield Requirement(node, service.interface, service.name, flows, "its facts declare it", service.span)


_PORTS = {("udp", 53): "dns", ("tcp", 53): "dns", ("udp", 67): "dhcp", ("udp", 68): "dhcp-client"}


def _listening(cluster: Cluster, node: str, interfaces: dict[str, tuple[str, ...]]) -> Iterator[Requirement]:
    facts = cluster.facts.get(node)
    if facts is None or facts.listeners is None:
        return
    for listener in facts.listeners:
        service = _PORTS.get((str(listener.protocol), listener.port or 0))
        port = None
        if service is None and listener.protocol == "tcp" and _is_api_server(cluster, listener):
            service, port = "api-server", listener.port
        if service is None:
            continue
        for name in _heard_at(facts, listener, interfaces, service):
            words = f"port {listener.port} is listened on"
            yield Requirement(node, name, service, _flows(cluster, service, port), words, listener.span)


def _is_api_server(cluster: Cluster, listener: Listener) -> bool:
    if listener.process is not None:
        return listener.process == "kube-apiserver"
    return listener.port == (cluster.intent.api_server_port or API_SERVER_PORT)


def _heard_at(
    facts: NodeFacts, listener: Listener, interfaces: dict[str, tuple[str, ...]], service: str
) -> Iterator[str]:
    """Interfaces at which a socket is meant to be reached; one for every address serves those behind the node only."""
    if listener.interface is not None:
        yield from (name for name in (listener.interface,) if name in interfaces)
    elif listener.address is not None and listener.address.value != 0:
        address = listener.address.text.split("/")[0]
        yield from (name for name, addresses in interfaces.items() if address in addresses)
    elif service in ("dns", "dhcp", "api-server"):
        yield from (one.name for one in inner_interfaces(facts) if one.name in interfaces)


def inner_interfaces(facts: NodeFacts) -> tuple[Interface, ...]:
    """Interfaces that forward and through which no default route leaves; none while routes are unknown."""
    if facts.interfaces is None or facts.routes is None:
        return ()
    outer = {route.interface for route in facts.routes if route.destination.length == 0}
    return tuple(
        one
        for one in facts.interfaces
        if is_host_interface(one.name)
        and one.name not in outer
        and one.forwarding.ipv4 is True
        and one.kind != "wireguard"
    )


def _evident(cluster: Cluster, node: str, interfaces: dict[str, tuple[str, ...]]) -> Iterator[Requirement]:
    """Every node asks DNS and the API server; a node with the role offers the latter where its own address is."""
    known = cluster.nodes.get(node)
    facts = cluster.facts.get(node)
    declared = facts is not None and facts.roles is not None and "control-plane" in facts.roles
    if (known is not None and known.control_plane) or declared:
        own = {address for kind, address in known.addresses if kind == "InternalIP"} if known else set()
        for name, addresses in interfaces.items():
            if own & set(addresses):
                yield Requirement(
                    node, name, "api-server", _flows(cluster, "api-server"), "it is a control-plane node", None
                )
    outward = outward_interfaces(facts) if facts else None
    for name in interfaces if outward is None else outward:
        yield Requirement(node, name, "dns-client", _flows(cluster, "dns-client"), "every node asks DNS", None)
        yield Requirement(
            node, name, "api-client", _flows(cluster, "api-client"), "every kubelet asks the API server", None
        )


def outward_interfaces(facts: NodeFacts) -> tuple[str, ...] | None:
    """Interfaces through which a default route leaves; None while routes are unknown."""
    if facts.routes is None:
        return None
    return tuple(
        dict.fromkeys(
            route.interface for route in facts.routes if route.destination.length == 0 and route.interface is not None
        )
    )
