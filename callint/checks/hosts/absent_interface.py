"""Host endpoints for interfaces that their node does not have, or that do not have their addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach
from callint.facts import Interface, NodeFacts
from callint.finding import Related, Span, witness
from callint.net.address import Address
from callint.objects import Cluster
from callint.objects.endpoint import HostEndpoint
from callint.policy.doubt import UndecidedError
from callint.policy.links import is_host_interface, leads_somewhere
from callint.policy.nodes import prefixes
from callint.policy.settings import Settings
from callint.schema.suggest import did_you_mean, nearest


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Names of interfaces against the facts of the node, which list all that it has.

    An interface without an address, while another one has the address that is expected, is below that one: a port of
    a bridge, of a bond, or a trunk of VLANs. The kernel's filter sees no packet come in by it, but eBPF does.
    """
    for endpoint in cluster.host_endpoints:
        facts = cluster.facts.get(endpoint.node)
        name = endpoint.interface
        if facts is None or not facts.knows("interfaces") or name in ("", "*", "lo") or not endpoint.resource.whole:
            continue
        if not is_host_interface(cluster, endpoint.node, name):
            continue
        named, holder = facts.interface(name), _holder(facts, endpoint)
        if named is None:
            yield _breach(endpoint, facts, holder, f'node "{endpoint.node}" has no interface "{name}"')
        elif holder is not None and named.addresses == () and not _ebpf(cluster, endpoint.node):
            yield _breach(endpoint, facts, holder, f'"{name}" has no address')


def _ebpf(cluster: Cluster, node: str) -> bool:
    try:
        return Settings(cluster, node).ebpf
    except UndecidedError:
        return True


def _holder(facts: NodeFacts, endpoint: HostEndpoint) -> tuple[Interface, Address] | None:
    """The interface by which packets to an expected address come in."""
    expected = {prefix.address for prefix in prefixes(endpoint.expected_ips)}
    for interface in facts.interfaces or ():
        for one in interface.addresses or () if leads_somewhere(interface) else ():
            address = Address(one.version, one.value)
            if address in expected:
                return interface, address
    return None


def _breach(endpoint: HostEndpoint, facts: NodeFacts, holder: tuple[Interface, Address] | None, reason: str) -> Breach:
    path = ("spec", "interfaceName")
    known = tuple(one.name for one in facts.interfaces or ())
    place: tuple[Span, str] = (facts.span, "its facts list all interfaces")
    if holder is not None:
        interface, address = holder
        reason += f', and {address} is at "{interface.name}"'
        place = interface.span, f"has {address}"
    else:
        reason += did_you_mean(nearest(endpoint.interface, known))
    return Breach.at(
        endpoint.resource,
        path,
        f'HostEndpoint "{endpoint.name}" guards nothing: {reason}',
        (Related(*place),),
        witness("interface", interface=endpoint.interface, node=endpoint.node, known=known),
        "name the interface by which packets come in",
    )
