"""BGP addresses that calico-node found on the wrong interface of a node."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from callint.bgp.network import network
from callint.bgp.nodes import subnet
from callint.checks.breach import Breach, Question, asked
from callint.finding import Path, Related, witness
from callint.net.address import FAMILIES, Address, Family, Prefix
from callint.net.read import address, cidr
from callint.objects import Cluster, Resource
from callint.objects.node import Node, bgp_path, bgp_value
from callint.record import NamedTuple

# Bridges that container engines and hypervisors make for what runs on this machine alone, by their usual names
_OF_ENGINE = r"(docker|podman|cni-podman|cni|cbr|lxcbr|lxdbr|virbr)[0-9]+|br-[0-9a-f]{12}"
# The address of docker0, unless somebody chose another or the network is in use
_DOCKER = cidr("172.17.0.1/16")


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """BGP addresses at which no other node reaches this one (node/pkg/lifecycle/startup/autodetection).

    Parameter `problem`: `bridge` (the address of a bridge of a container engine or hypervisor), `apart` (a network of
    its own, while another address of the node is in that of all others).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


class _Place(NamedTuple):
    """A BGP address of a node, and the object that says so."""

    node: Node
    held: Prefix
    resource: Resource
    path: Path


def _places(cluster: Cluster, family: Family) -> list[_Place]:
    found = []
    for speaker in network(cluster).speakers.values():
        node, held = cluster.nodes.get(speaker.name), speaker.networks.get(family)
        for resource in node.resources if node is not None else ():
            text = bgp_value(resource, f"ipv{family}Address")
            if node is not None and held is not None and isinstance(text, str) and cidr(text, family) == held:
                found.append(_Place(node, held, resource, bgp_path(resource, f"ipv{family}Address")))
                break
    return found


def _known(cluster: Cluster, family: Family) -> list[int]:
    """The addresses by which nodes are known to each other, each once and in their order."""
    found: set[Address] = set()
    for speaker in network(cluster).speakers.values():
        found.update(_internal(cluster.nodes.get(speaker.name), family))
        held = speaker.address(family)
        found.update(() if held is None else (held,))
    return sorted(one.value for one in found)


def _internal(node: Node | None, family: Family) -> list[Address]:
    texts = node.internal_addresses if node is not None else ()
    return [found for text in texts if (found := address(text, family)) is not None]


def _bridge(cluster: Cluster) -> Iterator[Breach]:
    """Not where other nodes are behind the bridge: machines that this one runs."""
    if network(cluster).alone:
        return
    for family in FAMILIES:
        places = [(one, name) for one in _places(cluster, family) if (name := _engine(cluster, one)) is not None]
        known = _known(cluster, family) if places else []
        left = [(one, name) for one, name in places if not _shared(one.held, known)]
        if not left:
            continue
        (place, name), *more = left
        further = f", and so it is with {len(more)} more" if more else ""
        yield Breach.at(
            place.resource,
            place.path,
            f'the BGP address "{place.held}" of node "{place.node.name}" is that of "{name}", a bridge for what runs '
            f"on the node itself: no other node reaches it there{further}",
            tuple(Related(one.resource.span(*one.path), "of a bridge, too") for one, _ in more[:3]),
            witness("address", address=str(place.held.address), node=place.node.name, interface=name),
            _CURE,
        )


def _shared(held: Prefix, known: list[int]) -> bool:
    """Whether the network has an address of a node beside this one."""
    return bisect_right(known, held.last) - bisect_left(known, held.first) > 1


def _engine(cluster: Cluster, place: _Place) -> str | None:
    """The bridge that has the address: by the facts, and without any by the address that Docker takes."""
    facts = cluster.facts.get(place.node.name)
    if facts is not None and facts.interfaces is not None:
        holders = (interface.name for interface, one in facts.addresses if one.value == place.held.value)
        name = next(holders, "")
        return name if re.fullmatch(_OF_ENGINE, name) else None
    meant = place.held == _DOCKER and place.held.address not in _internal(place.node, 4)
    return "docker0" if meant else None


def _apart(cluster: Cluster) -> Iterator[Breach]:
    """Only with the word of an InternalIP that the node is where most others are."""
    for family in FAMILIES:
        places = _places(cluster, family)
        common = _common(places, family)
        if common is None:
            continue
        others = "the other node has its own" if len(places) == 2 else "most nodes have theirs"
        for place in places:
            internal = _internal(place.node, family)
            inside = [one for one in internal if common.contains(one)]
            here = common.contains(place.held.address)
            if not inside or here or place.held.address in internal or _engine(cluster, place) is not None:
                continue
            yield Breach.at(
                place.resource,
                place.path,
                f'the BGP address "{place.held}" of node "{place.node.name}" is not in {common}, where {others} '
                f"and this one has its InternalIP, {inside[0]}",
                (),
                witness("address", address=str(inside[0]), node=place.node.name),
                _CURE,
            )


def _common(places: list[_Place], family: Family) -> Prefix | None:
    """The network in which more than half of the nodes have their BGP addresses: of two the one that is at its own."""
    if len(places) == 2:
        at_own = [one for one in places if one.held.address in _internal(one.node, family)]
        return subnet(at_own[0].held) if len(at_own) == 1 else None
    counts = Counter(net for one in places if (net := subnet(one.held)) is not None)
    for net, count in counts.most_common(1):
        if count > max(1, len(places) / 2):
            return net
    return None


_CURE = (
    "let calico-node find it by the node's InternalIP (IP_AUTODETECTION_METHOD kubernetes-internal-ip, or "
    "nodeAddressAutodetectionV4 of the Installation), by cidrs or by interface"
)
QUESTIONS: dict[str, Question] = {"bridge": _bridge, "apart": _apart}
