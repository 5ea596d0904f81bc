"""The nodes of the node-to-node mesh, those whose mesh sessions are alike together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from callint.bgp.alike import Alike, together
from callint.bgp.inventory import Inventory
from callint.bgp.lone import lone_in_mesh
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.peering import Peering
from callint.net.address import Family


class Mesh:
    """The mesh of one family; labels and BGPPeers that lead out of the cluster make no difference to it."""

    def __init__(self, known: Inventory, peerings: Sequence[Peering], family: Family) -> None:
        """Nodes that a BGPPeer calls are like those that it calls as well; `peerings` are what BGPPeers make."""
        self._nodes, held = known.nodes, known.nodes.held
        self.members = tuple(one for one in known.speakers.values() if known.in_mesh(one, family))
        self.lone = lone_in_mesh(known.cluster, self.members)
        shared = Counter(one.address(family) for one in known.speakers.values())
        calls, called = _calls(known, peerings, family)
        divided: dict[object, list[Speaker]] = {}
        for one in self.members:
            alike, address = known.nodes.of(one), one.address(family)
            as_number, _, port = self.lone.identity(one)
            key = (
                alike if alike in called or one.name == ANY else None,
                (held.leads(one, family), held.led(one, family), known.nodes.waits(one, family)),
                tuple(calls.get(alike, ())),
                (as_number, port, one.described, one.speaks(4) is False),
                address if shared[address] > 1 else address is not None,
            )
            divided.setdefault(key, []).append(one)
        self.all = together(divided, self.lone, self.members)
        self._of = {one.name: alike for alike in self.all for one in alike.members}

    def of(self, speaker: Speaker) -> Alike:
        """The nodes whose mesh sessions are like those of this one; one that only a BGPPeer names is like no other."""
        return self._of.get(speaker.name) or self._nodes.of(speaker)


def _calls(
    known: Inventory, peerings: Sequence[Peering], family: Family
) -> tuple[dict[Alike, list[object]], set[Alike]]:
    """What BGPPeers make nodes call that is or may be another node, and the nodes that are called."""
    calls: dict[Alike, list[object]] = {}
    called: set[Alike] = set()
    for peering in (one for one in peerings if one.family == family):
        address = peering.address
        # A node with facts has further addresses, at which it may be called.
        owner = known.nodes.at(address)
        there = known.nodes.of(owner) if owner is not None else peering.there
        if there is not None:
            called.add(there)
            call = (peering.form, there, address, peering.selected)
            calls.setdefault(peering.here, []).append(call)
    return calls, called
