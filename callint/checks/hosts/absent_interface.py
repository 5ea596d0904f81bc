"""Host endpoints for interfaces that their node does not have, or that do not have their addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from operator import itemgetter
from typing import Any

from callint.checks.breach import Breach, all_names
from callint.facts import Interface, NodeFacts
from callint.finding import Path, Related, Span, witness
from callint.net.address import Address
from callint.net.read import prefixes
from callint.objects import Cluster, fields
from callint.objects.endpoint import HostEndpoint
from callint.policy.autohep import TEMPLATES, idle_templates
from callint.policy.links import VRF, is_host_interface, leads_somewhere
from callint.policy.settings import Settings
from callint.suggest import Words, did_you_mean

_MOST_SHOWN = 5


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Names of interfaces against the facts of the node, which list all that it has.

    An interface without an address, while another one has the address that is expected, is below that one, as a trunk
    of VLANs is, and so is the port of a bridge or bond. The kernel's filter sees no packet come in by it, but eBPF
    does. Templates of endpoints as well, where all nodes are known. Raises TooManyStepsError.
    """
    nodes = cache(lambda name: _Node(cluster.facts[name]))
    for endpoint in cluster.host_endpoints:
        facts = cluster.facts.get(endpoint.node)
        name = endpoint.interface
        if facts is None or not facts.knows("interfaces") or name in ("", "*", "lo") or not endpoint.resource.whole:
            continue
        if not is_host_interface(cluster, endpoint.node, name):
            continue
        node = nodes(endpoint.node)
        named, holder = node.named.get(name), node.holder(endpoint)
        above = node.named.get(named.master or "") if named is not None else None
        if named is None:
            yield _breach(endpoint, node, holder, f'node "{endpoint.node}" has no interface "{name}"')
        elif Settings(cluster, endpoint.node).perhaps_ebpf:
            continue
        elif holder is not None and named.addresses == ():
            yield _breach(endpoint, node, holder, f'"{name}" has no address')
        elif above is not None and above.kind not in (None, VRF):
            reason = f'"{name}" is a port of "{above.name}", by which its packets come in'
            yield _told(endpoint, node, reason, (above.span, "takes its packets"))
    yield from _of_templates(cluster)


def _of_templates(cluster: Cluster) -> Iterator[Breach]:
    """Templates by which no node gets an endpoint."""
    for resource, index, nodes in idle_templates(cluster):
        base: Path = (*TEMPLATES, index)
        template = fields.at(resource.plain, base)
        field, reason = "nodeSelector", "it selects no node"
        names: tuple[str, ...] = ()
        if nodes:
            field = "interfacePattern" if "interfacePattern" in template else "interfaceCIDRs"
            names = tuple(one.name for one in cluster.facts[nodes[0]].interfaces or ())
            others = f" and {len(nodes) - 1} more" if nodes[1:] else ""
            reason = (
                f'nothing of node "{nodes[0]}"{others} fits, and its interfaces are {", ".join(names[:_MOST_SHOWN])}'
            )
        yield Breach.at(
            resource,
            (*base, field),
            f'template "{fields.text(template, "generateName")}" makes no host endpoint: {reason}',
            tuple(Related(cluster.facts[node].span, "its facts list all interfaces") for node in nodes[:_MOST_SHOWN]),
            witness("interface", node=nodes[0], **all_names(names)) if nodes else None,
            "name interfaces and networks that nodes have",
        )


class _Node:
    """The interfaces of a node by their names, and those by which packets come in by their addresses."""

    __slots__ = ("_held", "named", "names", "span", "words")

    def __init__(self, facts: NodeFacts) -> None:
        self.span = facts.span
        self.named = {one.name: one for one in facts.interfaces or ()}
        self.names = tuple(self.named)
        self.words = Words(self.names)
        self._held: dict[Address, tuple[int, Interface]] = {}
        for interface, one in facts.addresses:
            if leads_somewhere(interface):
                self._held.setdefault(one.bare, (len(self._held), interface))

    def holder(self, endpoint: HostEndpoint) -> tuple[Interface, Address] | None:
        """The interface by which packets to an expected address come in: the first, with its first."""
        expected = [prefix.address for prefix in prefixes(endpoint.expected_ips)]
        found = [(*self._held[one], one) for one in expected if one in self._held]
        _, interface, address = min(found, key=itemgetter(0), default=(0, None, None))
        return None if interface is None or address is None else (interface, address)


def _breach(endpoint: HostEndpoint, node: _Node, holder: tuple[Interface, Address] | None, reason: str) -> Breach:
    if holder is not None:
        interface, address = holder
        reason += f', and {address} is at "{interface.name}"'
        return _told(endpoint, node, reason, (interface.span, f"has {address}"))
    reason += did_you_mean(node.words.nearest(endpoint.interface))
    return _told(endpoint, node, reason, (node.span, "its facts list all interfaces"))


def _told(endpoint: HostEndpoint, node: _Node, reason: str, place: tuple[Span, str]) -> Breach:
    return Breach.at(
        endpoint.resource,
        ("spec", "interfaceName"),
        f'HostEndpoint "{endpoint.name}" guards nothing: {reason}',
        (Related(*place),),
        witness("interface", interface=endpoint.interface, node=endpoint.node, **all_names(node.names)),
        "name the interface by which packets come in",
    )
