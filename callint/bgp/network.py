"""The BGP network of a cluster: which sessions there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache, cached_property, lru_cache, partial
from itertools import chain

from callint.bgp.alike import Alike
from callint.bgp.calls import Calls
from callint.bgp.expand import Conflict, Entry, Expander, differences, itself
from callint.bgp.inventory import Inventory
from callint.bgp.mesh import Mesh
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.peering import Peering
from callint.bgp.route import BY_MESH, EXTERNAL, Passage
from callint.bgp.session import Form, Kind, Session
from callint.bgp.status import status
from callint.bgp.turns import SORTED, Turns
from callint.net.address import Address, Family
from callint.net.read import as_number
from callint.objects import Cluster
from callint.steps import Answer, Steps

# What sessions take that are alike: to make the first of them, and to see whether it comes up
_OF_PEERING = 20
# What each of several with one neighbour takes to be held against another one
_OF_RIVAL = 10


class Network(Inventory):
    """The speakers of a cluster and the sessions between them and to others, made on demand."""

    def __init__(self, cluster: Cluster) -> None:
        """No session is made yet."""
        super().__init__(cluster)
        self.turns = Turns(self, self.between)
        self._calls = Calls(self.turns, self._further)
        self._status = partial(status, self.turns, self._calls)
        self._forms: dict[tuple[object, ...], Form] = {}
        self._mesh_of = cache(self._make_mesh_of)

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Peerings that another one with the same far end displaces."""
        return self._made.get()[0]

    @property
    def peerings(self) -> tuple[Peering, ...]:
        """The sessions that BGPPeers make, those that are alike together; raises TooManyStepsError."""
        return self._made.get()[1]

    @cached_property
    def _made(self) -> Answer[tuple[tuple[Conflict, ...], tuple[Peering, ...]]]:
        return Answer(self._make)

    def _make(self) -> tuple[tuple[Conflict, ...], tuple[Peering, ...]]:
        steps = Steps(self.cluster, "BGP sessions")
        entries, conflicts = Expander(self, steps).expand()
        made = []
        for entry in entries:
            several = self.nodes.all if entry.local is None else (entry.local,)
            steps.spend(_OF_PEERING * len(several))
            made += [peering for here in several if (peering := self._peering(entry, here)) is not None]
        return tuple(conflicts), tuple(made)

    def leads_out(self, peering: Peering) -> bool:
        """Whether the far end is neither a node, at any of its addresses, nor a workload."""
        known = peering.there is not None or self.nodes.holder(peering.address) is not None
        return not known and peering.form.kind != "workload"

    def instead(self, session: Session) -> tuple[str, ...]:
        """The BGPPeers of which chance may put one in the place of the session's own, which says something else."""
        found = []
        for winner, loser, _ in self._undecided.get(session.peer.resource.name, ()) if session.peer is not None else ():
            here = winner.local is None or winner.local is self.nodes.of(session.local)
            target = winner.target
            there = (
                target.address == session.address if target.nodes is None else session.remote in target.nodes.members
            )
            if here and there and (target.family, winner.reverse) == (session.family, session.form.reverse):
                found.append(loser.peer.resource.name)
        return tuple(dict.fromkeys(found))

    @cached_property
    def _undecided(self) -> dict[str, list[Conflict]]:
        found: dict[str, list[Conflict]] = {}
        for one in self.conflicts:
            if one.random and differences(one.winner.peer, one.loser.peer):
                found.setdefault(one.winner.peer.resource.name, []).append(one)
        return found

    def sessions(self, local: Speaker | None = None) -> Iterator[Session]:
        """Every session, or those of one node: those of BGPPeers first, then the mesh, which has one for each pair."""
        if local is None:
            yield from chain.from_iterable(self.peerings)
        else:
            for peering in chain.from_iterable(self.peerings_of(local, family) for family in self.families):
                yield from peering.far_ends(local)
        for family, members in self.meshed.items():
            mine = members if local is None else (local,) if local in members else ()
            for one in mine if self._mesh_size(family) else ():
                for remote in members:
                    if self._meshes(one, remote, family):
                        yield self.mesh_session(one, remote, family)

    def _peering(self, entry: Entry, here: Alike) -> Peering | None:
        target = entry.target
        if here.first.speaks(target.family) is False or (entry.local is None and itself(here, target)):
            return None
        there, holder = target.nodes, self.nodes.holder(target.address)
        if there is None and holder is not None and holder not in here.members:
            there = self.nodes.of(holder)
        form_of = partial(self._form, entry)
        return Peering(self._status, here, there, target.address, form_of, entry.sure and target.sure)

    def _form(self, entry: Entry, local: Speaker, remote: Speaker | None) -> Form:
        target, peer = entry.target, entry.peer
        workload = peer.local_workload_selector is not None
        by_address = not entry.reverse and peer.peer_selector is None
        local_as = (by_address and as_number(peer.local_as_number)) or local.as_number
        remote_as = remote.as_number if remote else None
        if by_address:
            remote_as = as_number(peer.as_number) or None
        kind: Kind = "workload" if workload else "global" if entry.local is None else "node"
        passage = EXTERNAL
        if remote_as == local_as:
            known_id = remote.cluster_id if remote and not by_address else ""
            client = bool(local.cluster_id) and known_id != local.cluster_id
            passage = Passage("iBGP", client, local_as if local_as != local.as_number else None)
        return self._once(Form(kind, target.family, peer, entry.reverse, local_as, remote_as, target.port, passage))

    def _once(self, form: Form) -> Form:
        return self._forms.setdefault(tuple(form), form)

    @cached_property
    def meshes(self) -> dict[Family, Mesh]:
        """The node-to-node mesh, by family."""
        return {family: Mesh(self, self.peerings, family) for family in self.families}

    @cached_property
    def meshed(self) -> dict[Family, tuple[Speaker, ...]]:
        """The nodes of the mesh, by family: reflectors are not in it."""
        return {family: mesh.members for family, mesh in self.meshes.items()}

    def kinds(self, family: Family) -> Iterator[Peering]:
        """Every session of a family, those whose ends are alike together: of BGPPeers first, then the mesh.

        Raises TooManyStepsError.
        """
        yield from (peering for peering in self.peerings if peering.family == family)
        yield from self._mesh_kinds[family].get()

    @cached_property
    def _mesh_kinds(self) -> dict[Family, Answer[tuple[Peering, ...]]]:
        return {family: Answer(partial(self._all_of_mesh, family)) for family in self.families}

    def _all_of_mesh(self, family: Family) -> tuple[Peering, ...]:
        several = self.meshes[family].all
        Steps(self.cluster, "BGP sessions of the node-to-node mesh").spend(_OF_PEERING * len(several) ** 2)
        return tuple(peering for here in several for peering in self._mesh_of(here, family))

    def kinds_of(self, speaker: Speaker, family: Family) -> Iterator[Peering]:
        """The sessions of one node, and of those that are like it."""
        yield from self.peerings_of(speaker, family)
        if self.in_mesh(speaker, family):
            yield from self._mesh_of(self.meshes[family].of(speaker), family)

    def _make_mesh_of(self, here: Alike, family: Family) -> list[Peering]:
        local, found = here.first, []
        for there in self.meshes[family].all:
            remote = there.other_than(local)
            if remote is not None and self._meshes(local, remote, family):
                found.append(Peering(self._status, here, there, None, partial(self._mesh_form, family), True))
        return found

    def _meshes(self, local: Speaker, remote: Speaker, family: Family) -> bool:
        if local is remote:
            return local.name == ANY
        own, other = local.networks.get(family), remote.networks.get(family)
        return own is None or other is None or own.value != other.value

    def mesh_session(self, local: Speaker, remote: Speaker, family: Family) -> Session:
        """The session of the mesh that `local` has with `remote`."""
        return Session(self._status, local, remote, remote.address(family), self._mesh_form(family, local, remote))

    def _mesh_form(self, family: Family, local: Speaker, remote: Speaker | None) -> Form:
        assert remote is not None, "the mesh leads to nodes"
        fallback = local.as_number if self.cluster.target.release >= SORTED else remote.as_number
        remote_as = remote.own_as if remote.own_as is not None else fallback
        passage = BY_MESH if remote_as == local.as_number else EXTERNAL
        return self._once(Form("mesh", family, None, False, local.as_number, remote_as, remote.port, passage))

    def __iter__(self) -> Iterator[Session]:
        """Every session."""
        return self.sessions()

    def __len__(self) -> int:
        """How many sessions there are, without making them."""
        return sum(map(len, self.peerings)) + sum(map(self._mesh_size, self.meshed))

    def _mesh_size(self, family: Family) -> int:
        members = self.meshed[family]
        known = (network for one in members if (network := one.networks.get(family)) is not None)
        same = Counter(network.value for network in known).values()
        anyone = sum(one.name == ANY for one in members)
        return len(members) * (len(members) - 1) + anyone - sum(n * (n - 1) for n in same)

    @cached_property
    def _index(self) -> dict[tuple[Alike, Family, Address | Alike], list[Peering]]:
        found: dict[tuple[Alike, Family, Address | Alike], list[Peering]] = {}
        for peering in self.peerings:
            end = peering.address or (peering.there and peering.there.end(peering.family))
            if end is not None:
                found.setdefault((peering.here, peering.family, end), []).append(peering)
        several = sum(len(one) ** 2 for one in found.values() if len(one) > 1)
        Steps(self.cluster, "BGP sessions with the same neighbour").spend(_OF_RIVAL * several)
        return found

    @cached_property
    def _by_node(self) -> dict[tuple[Alike, Family], list[Peering]]:
        found: dict[tuple[Alike, Family], list[Peering]] = {}
        for peering in self.peerings:
            found.setdefault((peering.here, peering.family), []).append(peering)
        return found

    def peerings_of(self, speaker: Speaker, family: Family) -> Sequence[Peering]:
        """The sessions that BGPPeers make on a node, and on those that are like it."""
        return self._by_node.get((self.nodes.of(speaker), family), ())

    def answer(self, session: Session) -> Session | None:
        """The far end's session with this node, where the far end is a node; None if it has none."""
        remote, local, family = session.remote, session.local, session.family
        if remote is None:
            return None
        own = local.address(family)
        if own is not None and session.address is not None:
            several = self._calls.between(session)
            meeting = several.of(session) if several is not None else None
            if meeting is not None and meeting.how == "met":
                return meeting.other
            answers = self.between(remote, own)
            return next(iter(self.turns.agreeing(session, answers) or answers), None)
        if session.form.kind == "mesh":
            return self.mesh_session(remote, local, family)
        mine = self.nodes.of(local)
        found = (one for one in self.peerings_of(remote, family) if one.there is mine)
        return next((one.session(remote, local) for one in found), None)

    def _further(self, local: Speaker, remote: Speaker, family: Family) -> Sequence[Peering]:
        return self._at_further_addresses.get((self.nodes.of(local), remote.name, family), ())

    @cached_property
    def _at_further_addresses(self) -> dict[tuple[Alike, str, Family], list[Peering]]:
        found: dict[tuple[Alike, str, Family], list[Peering]] = {}
        for peering in self.peerings:
            holder = self.nodes.holder(peering.address)
            if holder is not None and holder not in peering.here.members:
                found.setdefault((peering.here, holder.name, peering.family), []).append(peering)
        return found

    @cached_property
    def _mesh_addresses(self) -> dict[Address, Speaker]:
        return {
            address: one
            for family, members in self.meshed.items()
            for one in members
            if (address := one.address(family)) is not None
        }

    def between(self, local: Speaker, address: Address | None) -> Sequence[Session]:
        """The sessions that a node has with an address; none where the address is not known."""
        if address is None or address == local.address(address.family):
            return ()
        owner = self.nodes.owners.get(address)
        end = self.nodes.of(owner).end(address.family) if owner is not None else address
        found = []
        for peering in self._index.get((self.nodes.of(local), address.family, end), ()):
            far = peering.there.members if peering.there is not None else None
            found.append(peering.session(local, owner if far is None or len(far) > 1 else far[0]))
        remote = self._mesh_addresses.get(address)
        if remote is not None and self.in_mesh(local, address.family) and self._meshes(local, remote, address.family):
            found.append(self.mesh_session(local, remote, address.family))
        return found


@lru_cache(maxsize=8)
def network(cluster: Cluster) -> Network:
    """The BGP network of a cluster, the same one each time."""
    return Network(cluster)
