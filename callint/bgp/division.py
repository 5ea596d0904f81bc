"""Nodes and sessions divided by the routes that they have and pass on; what is alike goes together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from callint.bgp.alike import Alike, other
from callint.bgp.filtering import filtering
from callint.bgp.network import Network
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.peering import Peering
from callint.bgp.profile import Profile
from callint.bgp.profiles import Profiles
from callint.bgp.route import DEFAULT_LOCAL_PREF, Passage
from callint.bgp.session import Form, Session
from callint.net.address import Family
from callint.record import NamedTuple
from callint.selector.values import Budget
from callint.steps import FREE, counted


class Group(NamedTuple):
    """Sessions that are alike in all but the two nodes: one of them, and how many there are."""

    session: Session
    size: int


Members = tuple[Speaker, ...]
Near = tuple[Alike, Profile, Members]

# What it takes to tell sessions from others by what the nodes at both ends have, and by all that one node has
_OF_GROUP, _OF_KIND = 5, 4


class Relay(NamedTuple):
    """Sessions from which a node passes routes on, and the LOCAL_PREF if known."""

    passage: Passage
    local_pref: int | None


class Division:
    """Divides the nodes of one network."""

    def __init__(self, network: Network, profiles: Profiles) -> None:
        """Nothing is divided yet."""
        self._network = network
        self._profiles = profiles
        self._filtering = filtering(network.cluster)
        self.profiled = cache(self._profiled)
        """Nodes that are alike for sessions, by family, divided by what they export of their own and may pass on."""
        self.divided = cache(self._divided)
        """Nodes alike to the mesh, by family, divided by what they export and by peers whose routes they pass on."""
        self._forms: dict[object, frozenset[Form]] = {}
        self._kinds = cache(self._kinds_in)
        self._relaying = cache(self._relaying_of)
        self._relays = cache(self._relays_to)

    def _profiled(self, alike: Alike, family: Family) -> tuple[tuple[Profile, Members], ...]:
        divided: dict[tuple[Profile, frozenset[Relay]], list[Speaker]] = {}
        for one in alike.members:
            key = (self._profiles.of(one, family), self.relaying(one, family))
            divided.setdefault(key, []).append(one)
        return tuple((mine, tuple(members)) for (mine, _), members in divided.items())

    def _divided(self, several: Alike, family: Family) -> tuple[Near, ...]:
        found: dict[tuple[Alike, Profile], list[Speaker]] = {}
        for mine, members in self.profiled(several, family):
            for one in members:
                alike = self._network.nodes.of(one)
                found.setdefault((alike, mine), []).append(one)
        return tuple((alike, mine, tuple(here)) for (alike, mine), here in found.items())

    def relaying(self, speaker: Speaker, family: Family) -> frozenset[Relay]:
        """The kinds of sessions that BGPPeers make on a node: to the mesh nodes are alike that differ in these."""
        return self._relaying(self._network.nodes.of(speaker), family)

    def _relaying_of(self, alike: Alike, family: Family) -> frozenset[Relay]:
        return frozenset(self._relay(peering.form) for peering in self._network.peerings_of(alike.first, family))

    def far_ends(self, peering: Peering, speaker: Speaker) -> Iterator[tuple[Session, int]]:
        """The sessions of one node, those with far ends that are alike together, with their number."""
        if peering.there is None:
            yield peering.session(speaker, None), 1
            return
        for _, members in self.profiled(peering.there, peering.family):
            remote = other(members, speaker)
            if remote is not None:
                yield peering.session(speaker, remote), len(members) - (speaker in members and speaker.name != ANY)

    def relayed(self, answer: Session, steps: Budget = FREE) -> tuple[Relay, ...]:
        """The kinds of sessions from which the far end passes routes on to this one."""
        return self._relays(self._forms_of(answer.local, answer.family, steps), answer.form)

    def _relays_to(self, forms: frozenset[Form], own: Form) -> tuple[Relay, ...]:
        passing = (form for form in forms if form != own or own.kind != "mesh")
        return tuple(sorted({self._relay(form) for form in passing if form.passage.leads_to(own.passage)}, key=str))

    def _relay(self, form: Form) -> Relay:
        """What a session brings to pass on: what eBGP brings has the usual LOCAL_PREF, if no rule sets it."""
        rules = self._filtering.rules(form.filters, "import", form.family)
        usual = form.peer_type == "eBGP" and all(rule.operations.priority is None for rule in rules)
        return Relay(form.passage, DEFAULT_LOCAL_PREF if usual else None)

    def _forms_of(self, speaker: Speaker, family: Family, steps: Budget) -> frozenset[Form]:
        model = self._network
        alike = (model.nodes.of(speaker), model.meshes[family].of(speaker))
        key = (speaker if any(one.differ for one in alike) else alike, family)
        found = self._forms.get(key)
        if found is None:
            kinds = counted(self._network.kinds_of(speaker, family), steps, _OF_KIND)
            found = self._forms[key] = frozenset(form for peering in kinds for form in peering.forms(speaker))
        return found

    def groups(self, steps: Budget = FREE) -> Iterator[Group]:
        """Every session, those that are alike in all but the nodes together; their nodes have peers that are alike.

        Raises TooManyStepsError.
        """
        found: dict[object, Group] = {}
        for family in self._network.families:
            for key, session, size in self._meetings(family, steps):
                known = found.get(key)
                found[key] = Group(known.session, known.size + size) if known else Group(session, size)
        return iter(found.values())

    def _meetings(self, family: Family, steps: Budget) -> Iterator[tuple[object, Session, int]]:
        """Nodes that are equal with nodes that are equal: what tells them from others, one session, and how many."""
        for peering in self._network.kinds(family):
            theirs: dict[object, list[Speaker | None]] = {} if peering.there is not None else {None: [None]}
            far_ends = self.divided(peering.there, family) if peering.there is not None else ()
            steps.spend(_OF_GROUP * len(far_ends))
            for _, far, members in far_ends:
                theirs.setdefault(self._far_key(far, members[0], steps), []).extend(members)
            for alike, mine, here in self.divided(peering.here, family):
                own = theirs[self._far_key(mine, here[0], steps)] if peering.there is peering.here else None
                steps.spend(_OF_GROUP * len(theirs))
                for far_key, there in theirs.items():
                    size = len(here) * (len(there) - (there is own and here[0].name != ANY))
                    if size:
                        key = (peering.form, alike, mine, far_key, peering.state)
                        yield key, peering.session(here[0], other(there, here[0])), size

    def _far_key(self, mine: Profile, speaker: Speaker, steps: Budget) -> object:
        """What tells the routes of a far end from those of others: its own and from whom it has those it passes on."""
        return mine, self._kinds(self._forms_of(speaker, mine.family, steps))

    def _kinds_in(self, forms: frozenset[Form]) -> frozenset[object]:
        return frozenset((form.kind == "mesh", self._relay(form)) for form in forms)
