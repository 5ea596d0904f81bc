"""What each prefixAdvertisement does: on which sessions routes inside its network leave, and with its communities."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from callint.bgp.decision import Decision
from callint.bgp.division import Group
from callint.bgp.routes import engine
from callint.bgp.sent import sent
from callint.bgp.tagging import in_effect, named, resolve
from callint.net.address import Family
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


class Effect(NamedTuple):
    """One prefixAdvertisement and what leaves inside its network, if any session exports anything there.

    `communities` are those that resolve: without one the entry does nothing.
    """

    configuration: BGPConfiguration
    advertisement: PrefixAdvertisement
    communities: tuple[Community, ...]
    reached: tuple[Reach, ...]

    @property
    def tagged(self) -> list[Reach]:
        """What leaves with the communities."""
        return [one for one in self.reached if one.decision.rule is None]

    @property
    def untagged(self) -> list[Reach]:
        """What leaves without, because a rule of a BGPFilter accepts it first."""
        return [one for one in self.reached if one.decision.rule is not None and one.decision.verdict == "accept"]

    @property
    def undecided(self) -> list[Reach]:
        """What meets a rule that cannot be read."""
        return [one for one in self.reached if one.decision.verdict == "unknown"]


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
    counting = {name: configuration for name in model.speakers if (configuration := in_effect(model.settings, name))}
    leaving: dict[tuple[BGPConfiguration, Family], InOrder[tuple[Group, Decision]]] = {}
    for group, decisions in sent(cluster):
        session = group.session
        if session.local.name in counting:
            near = leaving.setdefault((counting[session.local.name], session.family), InOrder())
            for decision in decisions:
                if decision.accepted:
                    near.add(decision.prefixes.addresses(), (group, decision))
    steps = Steps(cluster, "prefixAdvertisements with routes that BGP sessions export")
    for configuration in dict.fromkeys(counting.values()):
        names = named(configuration)
        for entry in configuration.prefix_advertisements:
            inside = network(entry.cidr)
            if inside is not None:
                wanted, near = within(inside), leaving.get((configuration, inside.family), InOrder())
                reached = (
                    Reach(group, decision, prefixes)
                    for group, decision in counted(near.near(wanted.addresses()), steps, 1)
                    if (prefixes := decision.prefixes & wanted)
                )
                yield Effect(configuration, entry, resolve(names, entry), tuple(reached))
