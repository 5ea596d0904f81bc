"""Interfaces that forward and that no HostEndpoint covers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from itertools import islice
from typing import Any

from callint.checks.breach import Breach
from callint.checks.left_open import COVERAGE, left_open
from callint.checks.proof import forwarded
from callint.facts import Interface, NodeFacts
from callint.finding import Related, Span, witness
from callint.objects import Cluster
from callint.objects.endpoint import HostEndpoint
from callint.policy import NodePolicy, evaluate, model_of
from callint.policy.links import VRF, is_host_interface, leads_somewhere, listed
from callint.policy.symbolic.engine import selections

_MOST_SHOWN = 3


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """On each node with host endpoints that means to forward: the forwarding interfaces that none of them covers."""
    if left_open(cluster, COVERAGE):
        return
    endpoints: dict[str, list[HostEndpoint]] = {}
    for endpoint in cluster.host_endpoints:
        endpoints.setdefault(endpoint.node, []).append(endpoint)
    model = model_of(cluster)
    for node, own in sorted(endpoints.items()):
        here = model.at(node)
        if not _means_to_forward(cluster, here, own) or here.governance.wildcard is not None:
            continue
        facts = cluster.facts.get(node)
        if facts is None or facts.interfaces is None or not facts.knows("interfaces"):
            yield _unknown(node, own)
            continue
        covered, addressed = cache(partial(_covered, here)), _addressed(facts)
        for interface in facts.interfaces:
            if not _forwards(here, interface) or here.governance.of(interface.name).endpoint is not None:
                continue
            if here.settings.ebpf or (addressed(interface) and not _is_port(cluster, node, interface)):
                yield _uncovered(here, node, interface, own, covered())
            elif interface.master is None:
                yield _without_address(node, interface, own)


def _means_to_forward(cluster: Cluster, here: NodePolicy, own: list[HostEndpoint]) -> bool:
    """Facts call the node a router, or policy for forwarded packets selects one of several host endpoints."""
    facts = cluster.facts.get(here.node)
    if facts is not None and facts.roles is not None:
        return "router" in facts.roles
    if len(own) < 2:
        return False
    names, known = {endpoint.name for endpoint in own}, selections(here.model)
    return any(
        known.of(member).of_kind("forward")
        for member in here.inventory.hosts_of(here.node)
        if member.about.name in names
    )


def _forwards(here: NodePolicy, interface: Interface) -> bool:
    return (
        is_host_interface(here.inventory.cluster, here.node, interface.name)
        and leads_somewhere(interface)
        and interface.up is not False
        and True in (interface.forwarding.ipv4, interface.forwarding.ipv6)
    )


def _addressed(facts: NodeFacts) -> Callable[[Interface], bool]:
    """Whether packets of IP come in by an interface itself: nothing is stacked on a WireGuard without addresses.

    One of which no addresses are told has none if no route leaves by it, as a trunk in facts written by hand.
    """
    led = {route.interface for route in facts.routes or ()} if facts.knows("routes") else set()

    def addressed(interface: Interface) -> bool:
        if interface.kind == "wireguard":
            return True
        return interface.addresses != () if interface.addresses is not None or not led else interface.name in led

    return addressed


def _is_port(cluster: Cluster, node: str, interface: Interface) -> bool:
    """Whether another one takes what comes in: a bridge or bond, to the kernel's filter as well, but no VRF.

    Of a master of unknown kind, a port has no address but that of the link.
    """
    above = listed(cluster, node).get(interface.master or "")
    if above is not None and above.kind is not None:
        return above.kind != VRF
    return interface.master is not None and all(one.text.startswith("fe80:") for one in interface.addresses or ())


def _unknown(node: str, own: list[HostEndpoint]) -> Breach:
    resource = own[0].resource
    cover = f"its {len(own)} HostEndpoints cover" if len(own) > 1 else "its HostEndpoint covers"
    return Breach.at(
        resource,
        ("spec", "node"),
        f'which interfaces of node "{node}" forward is not known, so whether {cover} them is open',
        help=f"give callint the facts of the node: `callint facts > facts/{node}.yaml` there, then --facts facts",
        undecided=True,
    )


def _covered(here: NodePolicy) -> list[tuple[str, HostEndpoint]]:
    """The first interfaces with an endpoint."""
    governors = ((name, here.governance.of(name).endpoint) for name in here.interfaces if name != "lo")
    return list(islice(((name, found.about) for name, found in governors if found is not None), _MOST_SHOWN))


def _uncovered(
    here: NodePolicy, node: str, interface: Interface, own: list[HostEndpoint], covered: list[tuple[str, HostEndpoint]]
) -> Breach:
    governor = here.governance.of(interface.name)
    reason = governor.reason.replace(f" on {interface.name}", " for it", 1)
    outcomes = {}
    for name, _ in covered[:1]:
        there, back = _forwarded(here, interface.name, name)
        outcomes = {f"to_{name}": there, f"from_{name}": back}
    return Breach(
        f'interface "{interface.name}" of node "{node}" forwards, but there is {reason}; packets to and from the '
        "node meet no policy there",
        interface.span,
        own[0].resource.ref,
        (),
        tuple(Related(_claim(one), f"covers {name}") for name, one in covered),
        witness("interface", interface=interface.name, node=node, **outcomes),
        help=f"write policy for {interface.name} first, then add a HostEndpoint that it selects",
    )


def _without_address(node: str, interface: Interface, own: list[HostEndpoint]) -> Breach:
    """Below a VLAN or PPPoE nothing is meant to come in, and the kernel takes it where it checks no source."""
    known = "known " if interface.addresses is None else ""
    return Breach(
        f'interface "{interface.name}" of node "{node}" forwards and has no {known}address, so that it is not known '
        "whether packets come in by it; no HostEndpoint covers it",
        interface.span,
        own[0].resource.ref,
        help="if it is there for others above it, such as VLANs or PPPoE, switch forwarding off for it",
        undecided=True,
    )


def _claim(endpoint: HostEndpoint) -> Span:
    return endpoint.resource.span("spec", "interfaceName" if endpoint.interface else "expectedIPs")


def _forwarded(here: NodePolicy, one: str, other: str) -> tuple[str, str]:
    """What Calico says to new packets between two interfaces, there and back."""
    return evaluate(here, forwarded(one, other)).outcome, evaluate(here, forwarded(other, one)).outcome
