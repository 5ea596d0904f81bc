"""The speakers of a cluster and what is known of them before there are any sessions."""

from __future__ import annotations

from functools import cached_property

from callint.bgp.alike import Nodes
from callint.bgp.daemon import has_router_id, switched_off
from callint.bgp.nodes import ANY, Settings, Speaker, speakers
from callint.net.address import Address, Family
from callint.objects import Cluster


class Inventory:
    """The speakers of a cluster, with their settings and addresses."""

    def __init__(self, cluster: Cluster) -> None:
        """Nothing is computed yet but who they are."""
        self.cluster = cluster
        self.settings = Settings(cluster.bgp_configurations)
        self.speakers = speakers(cluster, self.settings)
        self.listed = ANY not in self.speakers

    @property
    def alone(self) -> bool:
        """Whether there is one node and no other, so that no routes between nodes are needed."""
        return self.listed and len(self.speakers) == 1

    @cached_property
    def off(self) -> str:
        """What keeps BIRD from running on any node, as a clause; empty where nothing does."""
        return next((says for _, _, says in switched_off(self.cluster)), "")

    @cached_property
    def router_id(self) -> bool | None:
        """Whether BIRD has a router id where a node has no IPv4 address; None where that is not known."""
        return has_router_id(self.cluster)

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """The families that the cluster uses: IPv6 only if something says so."""
        cluster = self.cluster
        configuration = self.settings.default
        texts = [pool.cidr for pool in cluster.pools] + [peer.peer_ip or "" for peer in cluster.bgp_peers]
        if configuration is not None:
            texts += [entry.cidr for entry in configuration.prefix_advertisements]
            texts += configuration.service_cluster_ips + configuration.service_external_ips
            texts += configuration.service_load_balancer_ips
        speaks = any(speaker.speaks(6) for speaker in self.speakers.values())
        filtered = any(one.export_v6 or one.import_v6 for one in cluster.bgp_filters.values())
        return (4, 6) if speaks or filtered or any(":" in text.split(".")[0] for text in texts) else (4,)

    def all_of(self, family: Family) -> list[Speaker] | None:
        """The nodes that speak a family, where all of them are described; None where some are not known."""
        if not self.listed:
            return None
        found = [one for one in self.speakers.values() if one.speaks(family) is not False]
        return found if all(one.speaks(family) for one in found) else None

    @cached_property
    def nodes(self) -> Nodes:
        """The speakers, those that are alike together."""
        return Nodes(self.cluster, self.speakers)

    def in_mesh(self, speaker: Speaker, family: Family) -> bool:
        """Whether a node takes part in the node-to-node mesh."""
        return self.settings.mesh is not False and not speaker.cluster_id and speaker.speaks(family) is not False

    def has(self, speaker: Speaker, address: Address) -> bool:
        """Whether a node has an address, be it its BGP address or another one that facts tell of."""
        return address == speaker.address(address.family) or speaker.name in self.nodes.holders.get(address, ())
