"""Packets that try a service: who would send them where, as far as objects and facts tell."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from callint.net.address import BITS, LAST, Address, Prefix, format_address, parse_cidr
from callint.objects import Cluster
from callint.policy.evaluator import Evaluator
from callint.policy.packet import Packet, Verdict
from callint.policy.services import UNSPECIFIED, Flow, Requirement, interfaces_of

SOMEBODY = ("192.0.2.1", "2001:db8::1")
"""Stands for an address that nothing tells (RFC 5737, RFC 3849)."""


class Attempt(NamedTuple):
    """One flow of a service, the packet that tries it and what Calico says."""

    flow: Flow
    packet: Packet
    verdict: Verdict


def attempts(cluster: Cluster, evaluator: Evaluator, required: Requirement) -> Iterator[Attempt]:
    """One attempt for each flow and known far end; where no far end is known, the kindest of those that policies name.

    A service that policy opens to the addresses it names is open to whom it is meant for, as far as anyone can tell.
    """
    own = _own_address(cluster, required)
    for flow in required.flows:
        far = _far_ends(cluster, required, flow, own)
        if far:
            for address in far:
                packet = _packet(required, flow, own, address)
                yield Attempt(flow, packet, evaluator.evaluate(packet))
        else:
            yield _kindest(cluster, evaluator, required, flow, own)


def _kindest(cluster: Cluster, evaluator: Evaluator, required: Requirement, flow: Flow, own: str | None) -> Attempt:
    found: Attempt | None = None
    family = 6 if own is not None and ":" in own else 4
    for address in chain((SOMEBODY[0 if family == 4 else 1],), _named(cluster, family)):
        packet = _packet(required, flow, own, address)
        attempt = Attempt(flow, packet, evaluator.evaluate(packet))
        if attempt.verdict.outcome in ("accept", "no-verdict"):
            return attempt
        if found is None or attempt.verdict.outcome == "unknown":
            found = attempt
    assert found is not None, "somebody is always tried"
    return found


def _packet(required: Requirement, flow: Flow, own: str | None, far: str) -> Packet:
    somebody = SOMEBODY[1 if ":" in far else 0]
    inward = flow.direction == "in"
    source = flow.source or (far if inward else own or somebody)
    destination = flow.destination or ((own or somebody) if inward else far)
    return Packet(
        required.interface if inward else None,
        None if inward else required.interface,
        source,
        destination,
        flow.protocol,
        flow.source_port,
        flow.port,
    )


def _own_address(cluster: Cluster, required: Requirement) -> str | None:
    """An address of the interface, IPv4 where there is one."""
    addresses = interfaces_of(cluster, required.node).get(required.interface, ())
    return next((one for one in addresses if ":" not in one), next(iter(addresses), None))


def _far_ends(cluster: Cluster, required: Requirement, flow: Flow, own: str | None) -> tuple[str, ...]:
    """Addresses that would really be at the other end; empty where nothing tells."""
    if flow.source is not None and flow.destination is not None:
        return (flow.destination,)
    if UNSPECIFIED in (flow.source, flow.destination) or flow.destination is not None:
        return (_neighbour(cluster, required, own) or SOMEBODY[0],)
    if required.service in ("api-server", "api-client"):
        peers = tuple(_other_nodes(cluster, required.node, masters=required.service == "api-client", own=own))
        if peers or required.service == "api-client":
            return peers
    neighbour = _neighbour(cluster, required, own) if flow.direction == "in" else None
    return (neighbour,) if neighbour else ()


def _other_nodes(cluster: Cluster, node: str, *, masters: bool, own: str | None) -> Iterator[str]:
    for other in cluster.nodes.values():
        if other.name == node or (masters and not other.control_plane):
            continue
        for kind, address in other.addresses:
            if kind == "InternalIP" and (own is None or (":" in own) == (":" in address)):
                yield address


def _neighbour(cluster: Cluster, required: Requirement, own: str | None) -> str | None:
    """The lowest address of the interface's network that is not the node's own; None while the network is unknown."""
    facts = cluster.facts.get(required.node)
    interface = facts.interface(required.interface) if facts else None
    for address in (interface.addresses or ()) if interface else ():
        if address.text.split("/")[0] == own and address.length < BITS[address.version] - 1:
            value = address.first + 1
            return format_address(address.version, value + 1 if value == address.value else value)
    return None


def _named(cluster: Cluster, family: int) -> Iterator[str]:
    """The first address of every network that a rule, a set or an endpoint names."""
    seen: set[Address] = set()
    for text in _texts(cluster):
        try:
            prefix = parse_cidr(text)
        except ValueError:
            continue
        address = _inside(prefix)
        if prefix.family == family and address not in seen:
            seen.add(address)
            yield str(address)


def _inside(prefix: Prefix) -> Address:
    first = prefix.first + (prefix.length < BITS[prefix.family] - 1)
    return Address(prefix.family, min(first, LAST[prefix.family]))


def _texts(cluster: Cluster) -> Iterator[str]:
    for policy in cluster.policies:
        for rule in (*policy.ingress, *policy.egress):
            yield from rule.source.nets
            yield from rule.destination.nets
    for one in cluster.network_sets:
        yield from (text for _, text in one.nets)
    for endpoint in cluster.host_endpoints:
        yield from endpoint.expected_ips
