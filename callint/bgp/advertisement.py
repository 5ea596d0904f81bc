"""What each prefixAdvertisement does: on which sessions routes inside its network leave, and with its communities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from callint.bgp.decision import Decision
from callint.bgp.division import Group
from callint.bgp.route import Presence
from callint.bgp.routes import engine
from callint.bgp.sent import sent
from callint.bgp.tagging import in_effect, named, resolve
from callint.net.address import FAMILIES, Family, Prefix
from callint.net.community import Community
from callint.net.overlapping import InOrder
from callint.net.prefixes import PrefixSet, within
from callint.net.read import network
from callint.objects import Cluster
from callint.objects.bgp import BGPConfiguration, PrefixAdvertisement
from callint.record import NamedTuple
from callint.steps import Answer, Steps, counted


class Reach(NamedTuple):
    """Routes inside the network that sessions let out: which sessions, which routes, and what decided so."""

    group: Group
    decision: Decision
    prefixes: PrefixSet

    @property
    def presence(self) -> Presence:
        """Whether there are such routes (`all`, `some`) or whether there may be (`any`)."""
        return self.decision.routes.presence


class Effect(NamedTuple):
    """One prefixAdvertisement and what leaves inside its network.

    `tagged` leaves with its communities; `untagged` leaves without, because a rule of a BGPFilter accepts it first;
    `undecided` meets a rule that cannot be read. With none of the three no session exports anything inside the network.
    `communities` are those that resolve: without one the entry does nothing.
    """

    configuration: BGPConfiguration
    advertisement: PrefixAdvertisement
    communities: tuple[Community, ...]
    tagged: tuple[Reach, ...]
    untagged: tuple[Reach, ...]
    undecided: tuple[Reach, ...]


def advertisement_effects(cluster: Cluster) -> tuple[Effect, ...]:
    """The effects of all entries that count on a node and whose network can be read, on sessions that may come up.

    Raises TooManyStepsError.
    """
    return _effects(cluster).get()


@lru_cache(maxsize=8)
def _effects(cluster: Cluster) -> Answer[tuple[Effect, ...]]:
    return Answer(lambda: tuple(_all_effects(cluster)))


def _all_effects(cluster: Cluster) -> Iterator[Effect]:
    model = engine(cluster).network
    counting = {one: _Leaving() for name in model.speakers if (one := in_effect(model.settings, name)) is not None}
    for group, decisions in sent(cluster):
        configuration = in_effect(model.settings, group.session.local.name)
        if configuration is not None:
            counting[configuration].add(group, decisions)
    steps = Steps(cluster, "prefixAdvertisements with routes that BGP sessions export")
    for configuration, leaving in counting.items():
        names = named(configuration)
        for entry in configuration.prefix_advertisements:
            inside = network(entry.cidr)
            if inside is not None:
                yield _effect(configuration, entry, resolve(names, entry), leaving.inside(inside, steps))


class _Leaving:
    """What sessions let out, found by network."""

    def __init__(self) -> None:
        self._all: dict[Family, InOrder[tuple[Group, Decision]]] = {family: InOrder() for family in FAMILIES}

    def add(self, group: Group, decisions: Iterable[Decision]) -> None:
        """What one session decides on."""
        for decision in decisions:
            if decision.accepted:
                self._all[group.session.family].add(decision.prefixes.addresses(), (group, decision))

    def inside(self, network: Prefix, steps: Steps) -> Iterator[Reach]:
        """What leaves inside a network; raises TooManyStepsError."""
        wanted = within(network)
        near = self._all[network.family].near(wanted.addresses())
        for group, decision in counted(near, steps, 1):
            if prefixes := decision.prefixes & wanted:
                yield Reach(group, decision, prefixes)


def _effect(
    configuration: BGPConfiguration,
    entry: PrefixAdvertisement,
    communities: tuple[Community, ...],
    reached: Iterable[Reach],
) -> Effect:
    tagged, untagged, undecided = [], [], []
    for reach in reached:
        if reach.decision.verdict == "unknown":
            undecided.append(reach)
        elif reach.decision.rule is not None:
            untagged.append(reach)
        else:
            tagged.append(reach)
    return Effect(configuration, entry, communities, tuple(tagged), tuple(untagged), tuple(undecided))
