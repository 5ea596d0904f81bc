"""Routers that MetalLB calls from the nodes from which Calico does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from callint.bgp.network import network
from callint.bgp.nodes import ANY, Speaker
from callint.calico.defaults import BGP_PORT
from callint.checks.bgp.peers import far_ends
from callint.checks.breach import Breach
from callint.finding import Related, witness
from callint.net.address import BITS, Address
from callint.net.read import address
from callint.objects import Cluster, Resource, fields
from callint.objects.bgp import BGPPeer
from callint.objects.kubernetes_policy import ConversionError, label_selector
from callint.selector import Selector, SelectorError, parse, parse_or_none
from callint.steps import Steps

_METALLB = ("metallb.io/v1beta1", "metallb.io/v1beta2")


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """BGPPeers whose router a BGPPeer of MetalLB calls at the same port, and not from another address of the node.

    MetalLB lets the kernel choose the address, and Calico takes the node's own (metallb issue 114; confd client.go
    setPeerConfigFieldsFromV3Resource). Takes no parameters. Raises TooManyStepsError.
    """
    others: dict[tuple[Address, int], list[_Other]] = {}
    for resource in cluster.kubernetes("BGPPeer", *_METALLB):
        spec = resource.spec
        far = address(fields.text(spec, "peerAddress"))
        if far is not None and not spec.get("sourceAddress") and not spec.get("vrf") and resource.legible:
            others.setdefault((far, fields.integer(spec, "peerPort") or BGP_PORT), []).append(_Other(resource))
    if not others or network(cluster).off:
        return
    speakers = list(network(cluster).speakers.values())
    described = [one for one in speakers if one.described] or speakers
    steps = Steps(cluster, "BGPPeers with those of MetalLB")
    for peer, far, port in far_ends(cluster):
        if not peer.resource.legible:
            continue
        for other in others.get((far, port or BGP_PORT), ()):
            steps.spend(len(described) * max(1, len(other.selectors)))
            node = next((one for one in described if other.calls(one) and _calls(peer, one, far)), None)
            if node is not None:
                yield _breach(peer, other, node, str(far))
                break


class _Other:
    """A BGPPeer of MetalLB."""

    def __init__(self, resource: Resource) -> None:
        """Read nothing yet."""
        self.resource = resource

    @cached_property
    def selectors(self) -> list[Selector]:
        """Those of nodes, any of which will do; one that cannot be read selects none."""
        return [one for _, plain in fields.items(self.resource.spec, "nodeSelectors") if (one := _selector(plain))]

    def calls(self, node: Speaker) -> bool:
        """Whether it surely calls from a node."""
        if not fields.items(self.resource.spec, "nodeSelectors"):
            return True
        return node.labels is not None and any(one.matches(node.labels) for one in self.selectors)


def _selector(plain: Any) -> Selector | None:
    try:
        return parse(" && ".join(label_selector(plain)))
    except (ConversionError, SelectorError):
        return None


def _calls(peer: BGPPeer, node: Speaker, far: Address) -> bool:
    """Whether the peering surely is one of a node, and from the address that the kernel takes for the router."""
    if peer.node_selector:
        selector = parse_or_none(peer.node_selector)
        if selector is None or node.labels is None or not selector.matches(node.labels):
            return False
    elif peer.node and peer.node != node.name:
        return False
    own = node.networks.get(far.family)
    near = own is None or (own.length < BITS[far.family] and own.masked().contains(far))
    return near or peer.source_address == "None"


def _breach(peer: BGPPeer, other: _Other, node: Speaker, far: str) -> Breach:
    where = "each node" if node.name == ANY else f'node "{node.name}"'
    return Breach.at(
        peer.resource,
        ("spec", "peerIP"),
        f'BGPPeer "{other.resource.name}" of MetalLB calls {far} from {where}, as BGPPeer "{peer.resource.name}" does: '
        "a router has one session with an address, so that one of the two does not come up",
        (Related(other.resource.span("spec", "peerAddress"), "MetalLB calls it, too"),),
        witness("reference", reference=f"BGPPeer/{other.resource.name}", address=far),
        "let Calico announce what MetalLB gives, by `serviceLoadBalancerIPs`, and take MetalLB's BGPPeer away",
    )
