"""Which policies select an endpoint; endpoints that no policy's selector can tell apart are one class."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, cached_property
from itertools import chain

from callint.policy.chains import Kind, kinds_of
from callint.policy.inventory import Endpoint, HostMember
from callint.policy.labels import Labels
from callint.policy.packet import DIRECTIONS, Direction
from callint.policy.tiers import PlacedTier
from callint.record import NamedTuple
from callint.selector import keys
from callint.selector.index import SelectorIndex


class Entry(NamedTuple):
    """A policy by the place of its tier and its own; `doubt` says what one would have to know to be sure of it."""

    tier: int
    place: int
    doubt: str | None


Asked = tuple[int, tuple[int, ...]]
"""The place of a tier, and those of its policies."""


class Selection:
    """All that policy makes of an endpoint; one value stands for all endpoints that are treated alike.

    `hidden` names what of a policy's place in the order could not be read.
    """

    __slots__ = ("_of_kind", "entries", "hidden", "host", "profiles")

    def __init__(
        self,
        host: bool,
        profiles: tuple[str, ...],
        entries: tuple[Entry, ...],
        hidden: str | None,
        of_kind: dict[Kind, tuple[Entry, ...]],
    ) -> None:
        """`of_kind`: those of the entries that are in the chains of a kind; a kind without any may be missing."""
        self.host = host
        self.profiles = profiles
        self.entries = entries
        self.hidden = hidden
        self._of_kind = of_kind

    def of_kind(self, kind: Kind) -> tuple[Entry, ...]:
        """The entries that are in the chains of a kind, in order."""
        return self._of_kind.get(kind, ())

    @property
    def early(self) -> bool:
        """Whether there is, or may be, policy without connection tracking or before DNAT."""
        return self.hidden is not None or bool(self.of_kind("untracked") or self.of_kind("preDNAT"))


class Selections:
    """The selections of a cluster's endpoints, each class of equal labels asked once."""

    def __init__(self, tiers: tuple[PlacedTier, ...], selecting: SelectorIndex[tuple[int, int]]) -> None:
        """Ask nothing yet; `selecting` is the index of the policies of these tiers."""
        self.tiers = tiers
        self._selecting = selecting
        self._most: int | None = None
        self._entries: dict[object, tuple[tuple[Entry, ...], str | None]] = {}
        self._alike: dict[object, Selection] = {}
        self._of_class: dict[object, Selection] = {}
        self._known: dict[int, tuple[Endpoint, Selection]] = {}
        self.own = cache(self._find_own)
        self.asked = cache(self._find_asked)

    @cached_property
    def _keys(self) -> frozenset[str]:
        """The labels that any policy's selector looks at."""
        every = (placed.selector for tier in self.tiers for placed in tier.policies)
        return frozenset(chain.from_iterable(map(keys, every)))

    def limit(self, endpoints: Iterable[Endpoint], steps: int) -> None:
        """Which policies select an endpoint is left open where more might than steps allow to look at.

        That is decided for all of them at once, so that no answer depends on what was asked before.
        """
        classes = {self._seen(one.labels): one.labels for one in endpoints}
        pairs = len(classes) * sum(len(tier.policies) for tier in self.tiers)
        if pairs > steps and sum(map(self._count, classes.values())) > steps:
            self._most = steps // len(classes)

    @property
    def limited(self) -> bool:
        """Whether there are such endpoints."""
        return self._most is not None

    def of(self, endpoint: Endpoint) -> Selection:
        """The selection of one endpoint: the same value for all endpoints that policy treats alike."""
        known = self._known.get(id(endpoint))
        if known is None:
            labels = endpoint.labels
            host, profiles, seen = isinstance(endpoint, HostMember), endpoint.about.profiles, self._seen(labels)
            found = self._of_class.get((host, profiles, seen))
            if found is None:
                found = self._of_class[host, profiles, seen] = self._selection(host, profiles, seen, labels)
            known = self._known[id(endpoint)] = (endpoint, found)
        return known[1]

    def _seen(self, labels: Labels) -> tuple[object, ...]:
        """What selectors can see of labels."""
        return frozenset((key, labels.known[key]) for key in self._keys & labels.known.keys()), *labels[1:]

    def _selection(self, host: bool, profiles: tuple[str, ...], seen: object, labels: Labels) -> Selection:
        """The one selection for what is found, made unless others whose labels differ have it too."""
        entries, hidden = self._entries.get(seen) or self._entries.setdefault(seen, self._find(labels))
        alike = (host, profiles, entries, hidden)
        found = self._alike.get(alike)
        if found is None:
            found = self._alike[alike] = Selection(*alike, self._by_kind(entries, host=host))
        return found

    def _by_kind(self, entries: tuple[Entry, ...], *, host: bool) -> dict[Kind, tuple[Entry, ...]]:
        found: dict[Kind, list[Entry]] = {}
        for one in entries:
            for kind in kinds_of(self.tiers[one.tier].policies[one.place], host=host):
                found.setdefault(kind, []).append(one)
        return {kind: entries if len(some) == len(entries) else tuple(some) for kind, some in found.items()}

    def _find_own(self, selection: Selection, direction: Direction, *, asked: bool) -> object:
        """What a node's own packets meet at a host endpoint: equal wherever it is the same.

        Normal policy is asked at all, or none of the packets that matter gets as far.
        """
        if selection.hidden is not None or any(one.doubt is not None for one in selection.entries):
            return selection
        before = tuple(self.asked(selection, kind, direction) for kind in ("untracked", "preDNAT"))
        normal = (self.asked(selection, "normal", direction), selection.profiles) if asked else None
        return before, bool(selection.of_kind("preDNAT")), normal

    def _find_asked(self, selection: Selection, kind: Kind, direction: Direction) -> tuple[Asked, ...]:
        """The enforced policies of a direction in the chains of a kind, by tier; for endpoints without doubts."""
        return self.in_tiers(selection.of_kind(kind), direction)

    def in_tiers(self, entries: Iterable[Entry], direction: Direction) -> tuple[Asked, ...]:
        """Those of the entries that are enforced and of a direction, by tier."""
        asking = self._asking[direction]
        found: dict[int, list[int]] = {}
        for number, place, _ in entries:
            if place in asking[number]:
                found.setdefault(number, []).append(place)
        return tuple((number, tuple(places)) for number, places in found.items())

    @cached_property
    def _asking(self) -> dict[Direction, list[set[int]]]:
        """The places of enforced policies by direction and tier."""
        return {
            direction: [
                {
                    place
                    for place, placed in enumerate(tier.policies)
                    if not placed.policy.staged and placed.policy.governs(direction)
                }
                for tier in self.tiers
            ]
            for direction in DIRECTIONS
        }

    def _count(self, labels: Labels) -> int:
        return self._selecting.count(*labels.seen)

    def _find(self, labels: Labels) -> tuple[tuple[Entry, ...], str | None]:
        entries: list[Entry] = []
        hidden: str | None = None
        if self._most is not None and self._count(labels) > self._most:
            return (), f"which policies select the endpoint: more than {self._most} might, and there are many of both"
        for number, place in self._selecting.candidates(*labels.seen):
            tier = self.tiers[number]
            placed = tier.policies[place]
            answer = placed.selects(labels, "the endpoint")
            if answer:
                hidden = hidden or placed.hidden_place or tier.hidden
                entries.append(Entry(number, place, None if answer is True else answer))
        return tuple(entries), hidden
