"""BGPPeers with one and the same far end, of which only one is in effect or needed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from callint.bgp.expand import Target, differences
from callint.bgp.network import network
from callint.bgp.nodes import Speaker
from callint.checks.bgp.peers import FAR_ENDS
from callint.checks.bgp.unsettled import unsettled
from callint.checks.breach import Breach, Question, asked
from callint.checks.left_open import left_in
from callint.finding import Related, witness
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer
from callint.steps import Steps


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Peers that are about one session.

    Parameter `problem`: `conflict` (they differ, and either of them may be in effect), `shadowed` (they differ, and a
    node's peer gives way to a global one), `repeated` (they say the same).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _repeated(cluster: Cluster) -> Iterator[Breach]:
    first: dict[str, BGPPeer] = {}
    for peer in cluster.bgp_peers:
        resource = peer.resource
        field = next((one for one in FAR_ENDS if resource.spec.get(one)), None)
        if field is None or not resource.whole:
            continue
        other = first.setdefault(json.dumps(resource.spec, sort_keys=True), peer).resource
        if other.name == resource.name:
            continue
        yield Breach.at(
            resource,
            ("spec", field),
            f'BGPPeer "{resource.name}" says the same as BGPPeer "{other.name}", so that it adds no session',
            (Related(other.span("spec", field), f'BGPPeer "{other.name}"'),),
            witness("reference", reference=f"BGPPeer/{other.name}", **{field: resource.spec[field]}),
            "give it the far end that it was meant for, or remove it",
        )


def _rivals(cluster: Cluster, *, random: bool, says: str) -> Iterator[Breach]:
    """Pairs of peers, each once; reverse peerings that give way to a peer of one's own are as they should be."""
    said: set[tuple[str, str]] = set()
    left, steps = unsettled(cluster), Steps(cluster, "BGPPeers of one far end with others that hold variables")
    for one in network(cluster).conflicts:
        winner, loser = one.winner, one.loser
        if one.random is not random or loser.reverse or winner.reverse or left.rivals(one, steps):
            continue
        if not all((winner.sure, loser.sure, winner.target.sure, loser.target.sure)):
            continue
        pair = (winner.peer.resource.name, loser.peer.resource.name)
        fields = _differences(winner.peer, loser.peer)
        if pair in said or not fields:
            continue
        said.add(pair)
        local = loser.local.first if loser.local is not None else None
        end = _end(loser.target, local)
        field = "peerIP" if loser.peer.peer_ip is not None else "peerSelector"
        where = f'on node "{local.name}"' if local is not None else "on every node"
        yield Breach.at(
            loser.peer.resource,
            ("spec", field),
            says.format(winner=pair[0], loser=pair[1], end=end, where=where, fields=fields),
            (Related(winner.peer.resource.span("spec", field), f'the same far end in BGPPeer "{pair[0]}"'),),
            witness("address", address=end, node=local.name if local else None, peers=pair),
        )


def _end(target: Target, local: Speaker | None) -> str:
    """The address of one far end, or else its name."""
    if target.address is not None or target.nodes is None:
        return str(target.address)
    remote = (local is not None and target.nodes.other_than(local)) or target.nodes.first
    return str(remote.address(target.family) or remote.name)


def _differences(one: BGPPeer, other: BGPPeer) -> str:
    def known(key: str) -> bool:
        return not any(left_in(peer.resource, ("spec", key)) for peer in (one, other))

    differing = list(filter(known, differences(one, other)))
    return ", ".join(f'"{key}"' for key in differing[:3]) + (" and more" if len(differing) > 3 else "")


_CONFLICT = (
    'BGPPeer "{loser}" and BGPPeer "{winner}" have the same far end {end} {where} and differ in {fields}: '
    "which of them is in effect is left to chance, and drawn again at every change"
)
_SHADOWED = (
    'BGPPeer "{loser}" is ignored: BGPPeer "{winner}" is about the same far end {end} on every node, and they '
    "differ in {fields}"
)
QUESTIONS: dict[str, Question] = {
    "conflict": partial(_rivals, random=True, says=_CONFLICT),
    "shadowed": partial(_rivals, random=False, says=_SHADOWED),
    "repeated": _repeated,
}
