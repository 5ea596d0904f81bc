"""The nodes as BGP speakers: address, AS number, cluster id and port of each, and what is not known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from callint.calico.defaults import AS_NUMBER, PASSED_OVER
from callint.facts.values import NodeFacts
from callint.net.address import BITS, Address, Family, Prefix
from callint.net.read import address, as_number, cidr
from callint.objects import Cluster, fields
from callint.objects.bgp import BGPConfiguration
from callint.objects.node import Node
from callint.selector import Selector
from callint.selector.syntax import All

ANY = "*"
"""The name of the speaker that stands for nodes which no manifest describes."""


class Speaker:
    """One node that speaks BGP; `labels` None are not known.

    `networks` has the address of each family with the length of its subnet, None where there is none; a family that is
    not in it is unknown, because calico-node detects the address when it starts.
    """

    __slots__ = (
        "_addresses",
        "cluster_id",
        "described",
        "facts",
        "global_as",
        "labels",
        "name",
        "networks",
        "own_as",
        "port",
    )

    def __init__(
        self,
        name: str,
        *,
        labels: Mapping[str, str] | None = None,
        networks: Mapping[Family, Prefix | None] | None = None,
        global_as: int = AS_NUMBER,
        own_as: int | None = None,
        cluster_id: str = "",
        port: int | None = None,
        facts: NodeFacts | None = None,
        described: bool = False,
    ) -> None:
        """`described`: an object or a facts file speaks of the node, it is not only named."""
        self.name = name
        self.labels = labels
        self.networks: Mapping[Family, Prefix | None] = networks or {}
        self._addresses = {family: network.address for family, network in self.networks.items() if network}
        self.global_as = global_as
        self.own_as = own_as
        self.cluster_id = cluster_id
        self.port = port
        self.facts = facts
        self.described = described

    @property
    def as_number(self) -> int:
        """The AS that the node is in: its own, or the cluster's."""
        return self.global_as if self.own_as is None else self.own_as

    @property
    def addresses(self) -> Iterable[Address]:
        """The BGP addresses that the node is known to have, of both families."""
        return self._addresses.values()

    def address(self, family: Family) -> Address | None:
        """The node's BGP address; None if it has none or it is not known."""
        return self._addresses.get(family)

    def speaks(self, family: Family) -> bool | None:
        """Whether the node has a BGP address of the family; None if that is not known."""
        return self.networks[family] is not None if family in self.networks else None

    def selected(self, selector: Selector) -> bool | None:
        """Whether the selector matches the node; None if its labels are not known."""
        if self.labels is None:
            return True if isinstance(selector, All) else None
        return selector.matches(self.labels)

    def __repr__(self) -> str:
        return f"<Speaker {self.name}>"


class Settings:
    """What the BGPConfigurations `default` and `node.<name>` set; others are never read (confd client.go)."""

    __slots__ = ("as_number", "configurations", "default", "mesh")

    def __init__(self, configurations: Iterable[BGPConfiguration]) -> None:
        """`mesh` is None where the field cannot be read."""
        self.configurations = {one.resource.name: one for one in configurations}
        self.default = self.configurations.get("default")
        self.mesh: bool | None = True
        self.as_number = AS_NUMBER
        if self.default is not None:
            unreadable = self.default.resource.unreadable("spec", "nodeToNodeMeshEnabled")
            self.mesh = None if unreadable else self.default.mesh is not False
            self.as_number = as_number(self.default.as_number) or AS_NUMBER

    @property
    def own_address_alone(self) -> bool:
        """Whether BIRD listens on the node's BGP address alone (bindMode); otherwise on all."""
        return self.default is not None and fields.text(self.default.resource.spec, "bindMode") == "NodeIP"

    def of_node(self, name: str) -> BGPConfiguration | None:
        """The configuration of one node."""
        return self.configurations.get(f"node.{name}")

    def listening(self, name: str) -> BGPConfiguration | None:
        """The configuration that says at which port a node listens, if any does."""
        own = self.of_node(name)
        return own if own is not None and own.listen_port is not None else self.default


def speakers(cluster: Cluster, settings: Settings) -> dict[str, Speaker]:
    """Every node that objects or facts describe or that a BGP object or HostEndpoint names, by name.

    Where no Node object says which nodes there are, `ANY` stands for the others.
    """
    nodes = cluster.nodes
    found = {name: _speaker(node, settings, cluster.facts.get(name)) for name, node in nodes.items()}
    named = [peer.node for peer in cluster.bgp_peers if peer.node]
    named += [endpoint.node for endpoint in cluster.host_endpoints if endpoint.node]
    named += [name.removeprefix("node.") for name in settings.configurations if name.startswith("node.")]
    listed = any(node.resources for node in nodes.values())
    if not listed:
        for name in (*named, ANY):
            found.setdefault(name, Speaker(name, global_as=settings.as_number, port=_port(name, settings)))
    return found


def _speaker(node: Node, settings: Settings, facts: NodeFacts | None) -> Speaker:
    networks: dict[Family, Prefix | None] = {}
    written: tuple[tuple[Family, str | None], ...] = ((4, node.bgp.ipv4_address), (6, node.bgp.ipv6_address))
    for family, text in written:
        network = cidr(text, family)
        if network is not None or any(other for _, other in written):
            networks[family] = network
    if not networks and facts is not None:
        networks = _detected(facts)
    # calico-node looks for an IPv6 address only when told to (node/pkg/lifecycle/startup, IP6 is "none" by default).
    networks.setdefault(6, None)
    return Speaker(
        node.name,
        labels=node.labels if node.resources else None,
        networks=networks,
        global_as=settings.as_number,
        own_as=as_number(node.bgp.as_number) or None,
        cluster_id=str(address(node.bgp.cluster_id, 4) or ""),
        port=_port(node.name, settings),
        facts=facts,
        described=True,
    )


def _port(name: str, settings: Settings) -> int | None:
    configuration = settings.listening(name)
    return configuration.listen_port if configuration is not None else None


def _detected(facts: NodeFacts) -> dict[Family, Prefix | None]:
    """The IPv4 address where the node has only one that calico-node could find (node/pkg/lifecycle/startup)."""
    if not facts.knows("interfaces"):
        return {}
    found = [
        Prefix(4, one.value, one.length)
        for interface, one in facts.addresses
        if interface.name != "lo"
        and not interface.name.startswith((*PASSED_OVER, "br-"))
        and one.version == 4
        and one.value >> 16 != 0xA9FE
    ]
    if len(found) == 1:
        return {4: found[0]}
    return {} if found else {4: None}


def subnet(network: Prefix) -> Prefix | None:
    """The connected network of a node's address; None where it is written without a length."""
    return network.masked() if network.length < BITS[network.family] else None
