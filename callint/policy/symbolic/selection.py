"""Which policies select an endpoint; endpoints that no policy's selector can tell apart are one class."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from callint.policy.chains import Kind
from callint.policy.inventory import Endpoint, HostMember
from callint.policy.labels import Labels, holds
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.selector import keys_and_values
from callint.selector.index import SelectorIndex


class Entry(NamedTuple):
    """A policy by the place of its tier and its own; `doubt` says what one would have to know to be sure of it."""

    tier: int
    place: int
    doubt: str | None


class Selection(NamedTuple):
    """All that policy makes of an endpoint: equal selections are treated alike.

    `hidden` names what of a policy's place in the order could not be read.
    """

    host: bool
    profiles: tuple[str, ...]
    entries: tuple[Entry, ...]
    hidden: str | None


class Selections:
    """The selections of a cluster's endpoints, each class of equal labels asked once."""

    def __init__(self, tiers: tuple[PlacedTier, ...]) -> None:
        """Ask nothing yet."""
        self.tiers = tiers
        self._entries: dict[object, tuple[tuple[Entry, ...], str | None]] = {}
        self._numbers: dict[Selection, int] = {}
        self._known: dict[int, int] = {}

    @cached_property
    def _keys(self) -> frozenset[str]:
        """The labels that any policy's selector looks at."""
        every = (placed.selector for tier in self.tiers for placed in tier.policies)
        return frozenset(key for selector in every for key in keys_and_values(selector))

    def of(self, endpoint: Endpoint) -> Selection:
        """The selection of one endpoint."""
        labels = endpoint.labels
        seen = frozenset((key, labels.known[key]) for key in self._keys & labels.known.keys())
        key = (seen, *labels[1:])
        found = self._entries.get(key)
        if found is None:
            found = self._entries[key] = self._find(labels)
        return Selection(isinstance(endpoint, HostMember), endpoint.about.profiles, *found)

    def number(self, endpoint: Endpoint) -> int:
        """The class of an endpoint of the model: those of equal selections have one number, quicker than to compare."""
        found = self._known.get(id(endpoint))
        if found is None:
            found = self._known[id(endpoint)] = self._numbers.setdefault(self.of(endpoint), len(self._numbers))
        return found

    @cached_property
    def _selecting(self) -> SelectorIndex[tuple[int, int]]:
        """Every policy in order, by the numbers of its tier and of itself, to be found by labels."""
        return SelectorIndex(
            (placed.selector, (number, place))
            for number, tier in enumerate(self.tiers)
            for place, placed in enumerate(tier.policies)
        )

    def _find(self, labels: Labels) -> tuple[tuple[Entry, ...], str | None]:
        entries: list[Entry] = []
        hidden: str | None = None
        for number, place in self._selecting.candidates(labels.known, labels.present, labels.open):
            tier = self.tiers[number]
            placed = tier.policies[place]
            answer = holds(placed.selector, labels)
            if answer is False:
                continue
            hidden = hidden or placed.hidden_place or tier.hidden
            doubt = placed.hidden_selection
            if answer is None and doubt is None:
                missing = labels.missing or "labels that no manifest holds"
                doubt = f'whether policy "{placed.policy.name}" selects the endpoint: {missing}'
            entries.append(Entry(number, place, doubt))
        return tuple(entries), hidden


def is_in(placed: PlacedPolicy, kind: Kind, *, host: bool) -> bool:
    """Whether a policy that selects an endpoint is in its chains of a kind (felix/calc/event_sequencer.go)."""
    policy = placed.policy
    if policy.do_not_track:
        return kind == "untracked" and host
    if policy.pre_dnat:
        return kind == "preDNAT" and host and "Ingress" in policy.types
    return kind == "normal" or (kind == "forward" and host and policy.apply_on_forward)
