"""Which BGP addresses are in the networks and routes of nodes, as far as facts tell."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from callint.bgp.nodes import Speaker
from callint.facts.values import NodeFacts
from callint.net import intervals
from callint.net.address import FAMILIES, Address, Family
from callint.net.intervals import Intervals
from callint.record import NamedTuple

_ALL, _NONE = "all", "none"
# What BIRD has put there comes of the sessions themselves.
_BIRD = "bird"


class Held:
    """The addresses that nodes hold a network or route for; of a node without such facts that is not known."""

    def __init__(self, speakers: Iterable[Speaker]) -> None:
        """Nodes are told apart by their addresses only as far as somebody holds some of these and not others."""
        self._known = {
            one.name: _held(facts)
            for one in speakers
            if (facts := one.facts) and facts.knows("interfaces") and facts.knows("routes")
        }
        self._families: dict[Family, _Family] = {}
        if self._known:
            several = list(speakers)
            self._families = {family: _family(several, self._known, family) for family in FAMILIES}

    def holds(self, speaker: Speaker, address: Address) -> bool | None:
        """Whether a node has a network or a route that holds an address."""
        known = self._known.get(speaker.name)
        return None if known is None else intervals.contains(known[address.family], address.value)

    def leads(self, speaker: Speaker, family: Family) -> object:
        """Where the ways of a node lead: the same for nodes that hold the addresses of the same other nodes."""
        return self._families[family].leads.get(speaker.name, _ALL) if self._families else _ALL

    def led(self, speaker: Speaker, family: Family) -> object:
        """Whose ways lead to a node: the same for nodes whose addresses the same nodes hold."""
        address = speaker.address(family)
        if not self._families or address is None:
            return None
        told = self._families[family]
        return bisect_right(told.ends, bisect_left(told.values, address.value))


class _Family(NamedTuple):
    """By name where ways lead, if not to all; and the places among all values where those to some begin and end."""

    leads: dict[str, object]
    values: list[int]
    ends: list[int]


def _family(speakers: list[Speaker], known: dict[str, dict[Family, Intervals]], family: Family) -> _Family:
    values = sorted({address.value for one in speakers if (address := one.address(family)) is not None})
    leads: dict[str, object] = {}
    ends: set[int] = set()
    for one in speakers:
        address = one.address(family)
        if one.name not in known or address is None:
            continue
        own = bisect_left(values, address.value)
        places = intervals.merge([(own, own), *_places(values, known[one.name][family])])
        if places == ((own, own),):
            leads[one.name] = _NONE
        elif places != ((0, len(values) - 1),):
            leads[one.name] = places
            ends.update(end for low, high in places for end in (low, high + 1))
    return _Family(leads, values, sorted(ends))


def _places(values: list[int], held: Intervals) -> Iterator[tuple[int, int]]:
    for low, high in held:
        yield bisect_left(values, low), bisect_right(values, high) - 1


def _held(facts: NodeFacts) -> dict[Family, Intervals]:
    ways: dict[Family, list[_Way]] = {family: [] for family in FAMILIES}
    for one in (one for interface, one in facts.addresses if interface.up is not False):
        ways[one.version].append(_Way(one.first, one.last, 0, dead=False))
    for route in facts.routes or ():
        to, dead = route.destination, route.dead and route.table == "main" and route.protocol != _BIRD
        if dead or route.type == "unicast":
            ways[to.version].append(_Way(to.first, to.last, route.usual_metric, dead))
    return {family: _led(several) for family, several in ways.items()}


class _Way(NamedTuple):
    """A route by the first and last of its addresses; a dead one ends there."""

    first: int
    last: int
    metric: int
    dead: bool

    @property
    def size(self) -> int:
        """How many addresses it has, less one."""
        return self.last - self.first


def _led(ways: Iterable[_Way]) -> Intervals:
    """All that ways lead to: the kernel takes the narrowest, of equal ones that of the least metric."""
    taken: dict[tuple[int, int], _Way] = {}
    for one in sorted(ways, key=lambda one: (one.size, one.metric, one.dead)):
        taken.setdefault((one.first, one.last), one)
    led: Intervals = ()
    decided: Intervals = ()
    for _, same in groupby(taken.values(), attrgetter("size")):
        several = tuple(same)
        alive = intervals.merge((one.first, one.last) for one in several if not one.dead)
        led = intervals.union(led, intervals.difference(alive, decided))
        decided = intervals.union(decided, intervals.merge((one.first, one.last) for one in several))
    return led
