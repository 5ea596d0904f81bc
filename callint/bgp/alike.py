"""Nodes that differ in nothing that sessions ask about but what is each one's alone, taken together."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import TypeVar

from callint.bgp.held import Held
from callint.bgp.lone import CROWD, Lone, lone
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.services import EXCLUDE_LABEL
from callint.bgp.workloads import OF_SELECTOR, selected
from callint.net.address import FAMILIES, Address, Family, parse_peer
from callint.net.read import as_number
from callint.objects import Cluster
from callint.selector import Selector, keys_and_values, parse_or_none
from callint.selector.syntax import And, Compare, atoms
from callint.selector.values import Budget
from callint.steps import FREE

T = TypeVar("T")


class Alike:
    """Some nodes in the order of the cluster; two of these are the same only if they are the same object.

    `differ`: each has an AS number or a cluster id that is its alone.
    """

    __slots__ = ("differ", "members")

    def __init__(self, members: tuple[Speaker, ...], *, differ: bool = False) -> None:
        """At least one node."""
        self.members = members
        self.differ = differ

    @property
    def first(self) -> Speaker:
        """The node that stands for all of them."""
        return self.members[0]

    @property
    def cluster_id(self) -> str:
        """The cluster id that all of them have; empty if they have none, or each its own."""
        first, last = self.members[0].cluster_id, self.members[-1].cluster_id
        return first if first == last else ""

    def other_than(self, speaker: Speaker) -> Speaker | None:
        """The first node that is another one."""
        return other(self.members, speaker)

    def end(self, family: Family) -> Address | Alike:
        """What tells these nodes from others as a far end: the address where it is one node's, and known."""
        return (self.members[0].address(family) if len(self.members) == 1 else None) or self

    def __repr__(self) -> str:
        return f"<Alike {self.first.name}, {len(self.members)} nodes>"


def other(several: Sequence[T], speaker: Speaker) -> T | None:
    """The first one that is another one; `ANY` stands for many, who have each other."""
    return next((one for one in several[:2] if one is not speaker or speaker.name == ANY), None)


def together(divided: Mapping[object, list[Speaker]], lone: Lone, speakers: Iterable[Speaker]) -> tuple[Alike, ...]:
    """Nodes divided, in the order of the cluster; those with values of their own are alike where they are a crowd."""
    crowds: dict[str, Alike] = {}
    apart: set[str] = set()
    for members in divided.values():
        differ = len(members) > 1 and lone.has(members[0])
        if differ and len(members) < CROWD:
            apart.update(one.name for one in members)
        else:
            crowds[members[0].name] = Alike(tuple(members), differ=differ)
    if not apart:
        return tuple(crowds.values())
    found = (Alike((one,)) if one.name in apart else crowds.get(one.name) for one in speakers)
    return tuple(alike for alike in found if alike is not None)


class Nodes:
    """The speakers of a cluster, divided into those that are alike."""

    def __init__(self, cluster: Cluster, speakers: dict[str, Speaker]) -> None:
        """Nodes that a BGPPeer or a workload names, that have facts or an address not theirs alone, are like no other.

        Where facts tell the routes of nodes, those are alike that are within the reach of the same ones.
        """
        selectors = [selector for peer in cluster.bgp_peers for selector in (peer.node_selector, peer.peer_selector)]
        selectors += [pool.node_selector for pool in cluster.pools]
        asked = _asked({text for text in selectors if text is not None})
        named = {peer.node for peer in cluster.bgp_peers} | selected(cluster).nodes | {ANY}
        called = {found for peer in cluster.bgp_peers if (found := far_address(peer.peer_ip)) is not None}
        self.owners: dict[Address, Speaker] = {}
        for speaker in speakers.values():
            for address in speaker.addresses:
                first = self.owners.setdefault(address, speaker)
                if first is not speaker or address in called:
                    named |= {first.name, speaker.name}
        self._speakers = speakers
        self._contested = self._find_contested(cluster)
        self.lone = lone(cluster, speakers.values())
        divided: dict[object, list[Speaker]] = {}
        self.held = Held(speakers.values())
        for speaker in speakers.values():
            if speaker.name in named or speaker.facts is not None:
                divided[speaker.name] = [speaker]
                continue
            labels = None
            if speaker.labels is not None:
                labels = tuple(_told(speaker.labels.get(key), values) for key, values in asked)
            own = (*self.lone.identity(speaker), speaker.described)
            families = [
                (speaker.speaks(family), self.held.led(speaker, family), self.waits(speaker, family))
                for family in FAMILIES
            ]
            key = (labels, own, *families)
            divided.setdefault(key, []).append(speaker)
        self.all = dict.fromkeys(together(divided, self.lone, speakers.values()))
        self._of = {one.name: alike for alike in self.all for one in alike.members}
        self._labelled = cache(self._find_labelled)
        self._labels_known = all(alike.first.labels is not None for alike in self.all)

    def holder(self, address: Address | None) -> Speaker | None:
        """The one node that has an address besides its BGP address, as far as facts tell.

        What several nodes have, a loopback or link-local address as a rule, says nothing of any of them.
        """
        found = self.holders.get(address, {}) if address is not None else {}
        return next(iter(found.values())) if len(found) == 1 else None

    def at(self, address: Address | None) -> Speaker | None:
        """The node of a BGP address, or the holder of another one."""
        owner = self.owners.get(address) if address is not None else None
        return owner or self.holder(address)

    @cached_property
    def holders(self) -> dict[Address, dict[str, Speaker]]:
        """The addresses that facts tell of besides BGP addresses, with the nodes that have each, by name."""
        found: dict[Address, dict[str, Speaker]] = {}
        for speaker in self._speakers.values():
            for _, one in speaker.facts.addresses if speaker.facts else ():
                address = one.bare
                if address != speaker.address(address.family):
                    found.setdefault(address, {})[speaker.name] = speaker
        return found

    def _find_contested(self, cluster: Cluster) -> list[str]:
        """The addresses of nodes with which others have several sessions that may differ, or one of another kind.

        A BGPPeer gives the node another AS or port than it has, calls it from another AS or at another address, or has
        `ttlSecurity`.
        """
        found = {str(address) for one in self._secured(cluster) for address in one.addresses}
        for peer in cluster.bgp_peers:
            address, port = far_end(peer.peer_ip) or (None, None)
            if address is None:
                continue
            owner = self.at(address)
            known = owner.address(address.family) if owner is not None else None
            if owner is None or known is None:
                continue
            usual = as_number(peer.as_number) == owner.as_number and peer.local_as_number is None
            if not usual or port is not None or address != known or peer.ttl_security:
                found.add(str(known))
        return sorted(found)

    def _secured(self, cluster: Cluster) -> Iterable[Speaker]:
        """The nodes of the mesh that others call in its place by `peerSelector`, and that do not call these so.

        All where there are too many to ask: more nodes than need be are told apart.
        """
        speakers, found = self._speakers.values(), dict[str, Speaker]()
        peers = (
            one for one in cluster.bgp_peers if one.ttl_security and one.node is None and one.node_selector is None
        )
        texts = dict.fromkeys(one.peer_selector for one in peers)
        selectors = [one for text in texts if text is not None and (one := parse_or_none(text)) is not None]
        if OF_SELECTOR * len(selectors) * len(speakers) > cluster.limits.comparisons:
            return speakers
        for selector in selectors:
            called = [one for one in speakers if not one.cluster_id and one.selected(selector) is not False]
            if len(called) < len(speakers):
                found.update((one.name, one) for one in called)
        return found.values()

    def waits(self, speaker: Speaker, family: Family) -> int:
        """The same for nodes that call the same ones of those with which they have several sessions that may differ.

        Of two nodes the one with the lesser text of its address waits to be called.
        """
        return bisect_left(self._contested, str(speaker.address(family) or ""))

    def of(self, speaker: Speaker) -> Alike:
        """The nodes like this one; a node that only a BGPPeer names is like itself alone."""
        found = self._of.get(speaker.name)
        if found is None:
            found = self._of[speaker.name] = Alike((speaker,))
        return found

    def named(self, name: str) -> Alike | None:
        """The node of this name."""
        return self._of.get(name)

    def selected(self, text: str, steps: Budget = FREE) -> Iterator[tuple[Alike, bool]]:
        """The nodes that a selector matches, and whether that is sure; an invalid one matches none."""
        selector = parse_or_none(text)
        if selector is None:
            return
        candidates = self._candidates(selector)
        steps.spend(len(candidates))
        for alike in candidates:
            match = alike.first.selected(selector)
            if match is not False:
                yield alike, match is True

    def _candidates(self, selector: Selector) -> Collection[Alike]:
        """Those with the label that the selector asks for, so that a peer for each rack does not ask every rack."""
        operands = selector.operands if isinstance(selector, And) else (selector,)
        for one in operands if self._labels_known else ():
            if isinstance(one, Compare) and one.operator == "==":
                return self._labelled(one.key).get(one.value, ())
        return self.all

    def _find_labelled(self, key: str) -> dict[str, list[Alike]]:
        found: dict[str, list[Alike]] = {}
        for alike in self.all:
            value = (alike.first.labels or {}).get(key)
            if value is not None:
                found.setdefault(value, []).append(alike)
        return found


def far_end(text: str | None) -> tuple[Address, int | None] | None:
    """The address of a `peerIP` and its port, if any; None where there is no address."""
    try:
        return parse_peer(text) if text is not None else None
    except ValueError:
        return None


def far_address(text: str | None) -> Address | None:
    """The address of a `peerIP`; None where there is none."""
    end = far_end(text)
    return end[0] if end is not None else None


_Values = frozenset[str] | None
"""The values of a label that selectors tell from others; None where they look into values."""


def _asked(texts: Iterable[str]) -> list[tuple[str, _Values]]:
    """The labels that selectors ask for."""
    found: dict[str, set[str]] = {EXCLUDE_LABEL: {"true"}}
    within: set[str] = set()
    for text in texts:
        selector = parse_or_none(text)
        if selector is None:
            continue
        for key, values in keys_and_values(selector).items():
            found.setdefault(key, set()).update(values)
        parts = (one for one in atoms(selector) if isinstance(one, Compare) and one.operator not in ("==", "!="))
        within.update(one.key for one in parts)
    return [(key, None if key in within else frozenset(values)) for key, values in sorted(found.items())]


def _told(value: str | None, values: _Values) -> str | bool | None:
    """What selectors can tell of a label: which value it has, or that it has another one (True), or none."""
    return value if value is None or values is None or value in values else True
