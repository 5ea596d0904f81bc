"""Filters with rules for one family of addresses, on sessions of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from callint.bgp.rules import DIRECTIONS
from callint.bgp.session import LIVE
from callint.checks.bgp.peers import families, peerings, rules_of
from callint.checks.breach import Breach, asked
from callint.finding import Related, witness
from callint.net.address import Family
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Sessions that no rule of their filters is for.

    Parameter `problem`: `wrong` (a peer of one family whose filters have rules for the other alone), `half` (a peer of
    both families whose filters have rules for one).
    """
    question = asked(QUESTIONS, parameters)
    for peer in cluster.bgp_peers:
        if peer.filters and rules_of(cluster, peer, "import", 4) is not None:
            yield from question(cluster, peer)


def _wrong(cluster: Cluster, peer: BGPPeer) -> Iterator[Breach]:
    spoken = families(cluster, peer)
    if len(spoken) != 1:
        return
    mine, other = _lists(cluster, peer, spoken[0]), _lists(cluster, peer, 6 if spoken[0] == 4 else 4)
    if not mine and other:
        yield _breach(
            cluster,
            peer,
            other[0],
            spoken[0],
            f'BGPFilter "{other[0][1]}" has no rules for IPv{spoken[0]}, the family of BGPPeer "{peer.resource.name}", '
            "so that it filters nothing there",
        )


def _half(cluster: Cluster, peer: BGPPeer) -> Iterator[Breach]:
    if {one.family for one in peerings(cluster, peer) if one.state in LIVE} != {4, 6}:
        return
    four, six = _lists(cluster, peer, 4), _lists(cluster, peer, 6)
    if bool(four) != bool(six):
        unfiltered: Family = 6 if four else 4
        yield _breach(
            cluster,
            peer,
            (four or six)[0],
            unfiltered,
            f'BGPPeer "{peer.resource.name}" has sessions of both families, and its filters have no rules for '
            f"IPv{unfiltered}, which goes unfiltered",
        )


def _lists(cluster: Cluster, peer: BGPPeer, family: Family) -> list[tuple[int, str, str]]:
    """The lists of rules for a family among a peer's filters: place of the filter, its name, key of the list."""
    return [
        (index, name, f"{direction}V{family}")
        for index, name in peer.filters
        for direction in DIRECTIONS
        if name in cluster.bgp_filters and cluster.bgp_filters[name].rules(direction, family)
    ]


def _breach(cluster: Cluster, peer: BGPPeer, rules: tuple[int, str, str], unfiltered: Family, message: str) -> Breach:
    index, name, key = rules
    where = cluster.bgp_filters[name].resource.span("spec", key, key=True)
    default = "0.0.0.0/0" if unfiltered == 4 else "::/0"
    return Breach.at(
        peer.resource,
        ("spec", "filters", index),
        message,
        (Related(where, "rules for the other family"),),
        witness("route", prefix=default, peer=peer.resource.name, direction="import", verdict="accept"),
    )


QUESTIONS: dict[str, Callable[[Cluster, BGPPeer], Iterator[Breach]]] = {"wrong": _wrong, "half": _half}
