"""What each prefixAdvertisement does: on which sessions routes inside its network leave, and with its communities."""

from __future__ import annotations

from functools import lru_cache

from callint.bgp.communities import in_effect, named, resolve
from callint.bgp.decision import Decision
from callint.bgp.read import network
from callint.bgp.route import Presence
from callint.bgp.routes import Group, engine
from callint.bgp.sent import Sent, sent
from callint.bgp.steps import Steps, counted
from callint.net.community import Community
from callint.net.prefixes import PrefixSet, within
from callint.objects import Cluster
from callint.objects.bgp import BGPConfiguration, PrefixAdvertisement
from callint.record import NamedTuple


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


@lru_cache(maxsize=8)
def advertisement_effects(cluster: Cluster) -> tuple[Effect, ...]:
    """The effects of all entries whose network can be read; sessions that cannot come up are left out.

    Raises TooManyStepsError.
    """
    model = engine(cluster)
    known = sent(cluster)
    steps = Steps(cluster, "prefixAdvertisements with routes that BGP sessions export")
    return tuple(
        _effect(cluster, configuration, entry, resolve(names, entry), known, steps)
        for configuration in model.network.settings.configurations.values()
        for names in (named(configuration),)
        for entry in configuration.prefix_advertisements
        if network(entry.cidr) is not None
    )


def _effect(
    cluster: Cluster,
    configuration: BGPConfiguration,
    entry: PrefixAdvertisement,
    communities: tuple[Community, ...],
    known: Sent,
    steps: Steps,
) -> Effect:
    model = engine(cluster)
    inside = network(entry.cidr)
    tagged, untagged, undecided = [], [], []
    for group, decisions in known:
        session = group.session
        steps.take(1)
        if inside is None or session.family != inside.family:
            continue
        if in_effect(model.network.settings, session.local.name) is not configuration:
            continue
        for decision in counted(decisions, steps, 1):
            if decision.accepted and (prefixes := decision.prefixes & within(inside)):
                reach = Reach(group, decision, prefixes)
                if decision.verdict == "unknown":
                    undecided.append(reach)
                elif decision.rule is not None:
                    untagged.append(reach)
                else:
                    tagged.append(reach)
    return Effect(configuration, entry, communities, tuple(tagged), tuple(untagged), tuple(undecided))
