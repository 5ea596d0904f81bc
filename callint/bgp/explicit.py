"""What the filters that a BGPPeer names accept of themselves, whatever Calico's own filters would say."""

from __future__ import annotations

from itertools import groupby

from callint.bgp.filtering import filtering
from callint.bgp.filters import Part, View
from callint.bgp.route import Attributes, Conditions
from callint.bgp.rules import Direction, Rule
from callint.net.address import FAMILIES, Family
from callint.net.prefixes import PrefixSet, everything, union_all
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer
from callint.record import NamedTuple


class Explicit(NamedTuple):
    """The prefixes that one Accept rule lets through, what earlier rules take left out.

    `when` are the rule's conditions that are not about prefixes. What no rule decides, `fall_through` tells.
    """

    family: Family
    prefixes: PrefixSet
    rule: Rule
    when: Conditions


def explicit_exports(cluster: Cluster, peer: BGPPeer) -> tuple[Explicit, ...]:
    """What the export filters of a peer accept, rule by rule; rules that cannot be read accept nothing."""
    return explicit_accepts(cluster, peer, "export")


def explicit_accepts(cluster: Cluster, peer: BGPPeer, direction: Direction) -> tuple[Explicit, ...]:
    """What the filters of a peer accept in one direction, rule by rule, for sessions of any type."""
    found: list[Explicit] = []
    for family in FAMILIES:
        for rule, parts in groupby(_parts(cluster, peer, direction, family), key=lambda part: part.rule):
            if rule is not None and rule.verdict == "accept":
                together = list(parts)
                found.append(
                    Explicit(family, union_all(family, (p.prefixes for p in together)), rule, together[0].when)
                )
    return tuple(found)


def fall_through(cluster: Cluster, peer: BGPPeer, direction: Direction, family: Family) -> PrefixSet:
    """The prefixes of routes that may pass the filters of a peer undecided, on to Calico's own filter."""
    parts = _parts(cluster, peer, direction, family)
    return union_all(family, (one.prefixes for one in parts if one.rule is None or one.rule.verdict == "unknown"))


def _parts(cluster: Cluster, peer: BGPPeer, direction: Direction, family: Family) -> tuple[Part, ...]:
    names = tuple(name for _, name in peer.filters)
    return filtering(cluster).parts(names, View(direction), Attributes(), everything(family))
