"""Small random clusters: sessions against a count of every pair, and nodes taken together against nodes told apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings

from bgp_clusters import GLOBAL_AS, LONE_AS, LONE_PORTS, SELECTORS, Cluster, Node, clusters, manifests
from callint.bgp import alike, lone
from callint.bgp.decision import Decision
from callint.bgp.routes import engine
from callint.calico import Target
from manifests import calico_node, cluster_of


@pytest.fixture(autouse=True, scope="module")
def _two_are_a_crowd() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (lone, alike):
            patch.setattr(module, "CROWD", 2)
        yield


class Session(NamedTuple):
    """What the count tells of a session; two of a node never have the same kind, peer, far end and port."""

    kind: str
    peer: str
    local: str
    far: str
    port: int | None
    reverse: bool
    local_as: int
    remote_as: int | None
    client: bool


def count(cluster: Cluster) -> list[Session]:
    """Every session of every node, one after the other, as the rules of confd have it (client.go updatePeersV1)."""
    nodes = {node.name: node for node in cluster.nodes}
    owners = {one: node for node in cluster.nodes for one in node.addresses.values()}

    def as_of(node: Node | None) -> int:
        return (node.own_as if node else None) or GLOBAL_AS

    def port_of(node: Node) -> int | None:
        return node.port or cluster.port

    def locals_of(peer: dict[str, Any]) -> list[Node]:
        if "nodeSelector" in peer:
            return [one for one in cluster.nodes if SELECTORS[peer["nodeSelector"]](one.labels)]
        if "node" in peer:
            return [nodes[peer["node"]]] if peer["node"] in nodes else []
        return cluster.nodes

    def named(peer: dict[str, Any]) -> tuple[str, int | None]:
        address, _, port = peer["peerIP"].partition(":") if "." in peer["peerIP"] else (peer["peerIP"], "", "")
        return address, int(port) if port else None

    def targets_of(peer: dict[str, Any]) -> list[tuple[str, int | None]]:
        if "peerSelector" in peer:
            chosen = [one for one in cluster.nodes if SELECTORS[peer["peerSelector"]](one.labels)]
            return [(address, port_of(one)) for one in chosen for address in one.addresses.values()]
        address, port = named(peer)
        owner = owners.get(address)
        if port is None and owner is not None and as_of(owner) == peer["asNumber"]:
            port = port_of(owner)
        return [(address, port)]

    def reverse_of(peer: dict[str, Any]) -> list[tuple[Node, int]]:
        if "peerSelector" in peer:
            chosen = (one for one in cluster.nodes if SELECTORS[peer["peerSelector"]](one.labels))
            return [(one, family) for one in chosen for family in one.addresses]
        address, port = named(peer)
        owner = owners.get(address)
        if owner is None or as_of(owner) != peer["asNumber"]:
            return []
        if port is not None and not all(one in (None, port) for one in (owner.port, cluster.port)):
            return []
        return [(owner, 4 if "." in address else 6)]

    taken: dict[tuple[str | None, str, int | None], tuple[dict[str, Any], bool]] = {}

    def take(scope: str | None, address: str, port: int | None, peer: dict[str, Any], *, reverse: bool) -> None:
        if scope is None or (None, address, port) not in taken:
            taken.setdefault((scope, address, port), (peer, reverse))

    everywhere = [peer for peer in cluster.peers if not {"node", "nodeSelector"} & set(peer)]
    for peer in everywhere:
        for address, port in targets_of(peer):
            take(None, address, port, peer, reverse=False)
    for peer in (one for one in cluster.peers if one not in everywhere):
        for local in locals_of(peer):
            for address, port in targets_of(peer):
                take(local.name, address, port, peer, reverse=False)
    for peer in cluster.peers:
        for far, family in reverse_of(peer) if peer.get("reversePeering") != "Manual" else ():
            for local in locals_of(peer):
                if family in local.addresses:
                    take(far.name, local.addresses[family], port_of(local), peer, reverse=True)

    found = []
    for node in cluster.nodes:
        for (scope, address, port), (peer, reverse) in taken.items():
            family = 4 if "." in address else 6
            if scope not in (None, node.name) or family not in node.addresses or node.addresses[family] == address:
                continue
            by_address = "peerIP" in peer and not reverse
            local_as = peer.get("localASNumber", as_of(node)) if by_address else as_of(node)
            remote_as = peer["asNumber"] if by_address else as_of(owners[address])
            far_id = "" if by_address else owners[address].cluster_id
            client = bool(node.cluster_id) and local_as == remote_as and far_id != node.cluster_id
            kind = "global" if scope is None else "node"
            found.append(Session(kind, peer["name"], node.name, address, port, reverse, local_as, remote_as, client))
        for other in cluster.nodes:
            for family, address in other.addresses.items():
                meshed = cluster.mesh and not node.cluster_id and not other.cluster_id
                if meshed and other is not node and family in node.addresses:
                    remote_as = other.own_as or (as_of(node) if cluster.release >= (3, 32) else GLOBAL_AS)
                    found.append(
                        Session("mesh", "", node.name, address, port_of(other), False, as_of(node), remote_as, False)
                    )
    return found


class Play:
    """BIRD's protocols for all sessions, each of which calls whenever it has its turn and no connection.

    The nodes call in their order, or the last one first.
    """

    def __init__(self, cluster: Cluster, sessions: list[Session], *, last_first: bool) -> None:
        self._cluster = cluster
        self._nodes = {node.name: node for node in cluster.nodes}
        self._owners = {address: node for node in cluster.nodes for address in node.addresses.values()}
        self._by_address = {peer["name"] for peer in cluster.peers if "peerIP" in peer}
        self._kinds = ["global", "mesh", "node"] if cluster.release >= (3, 32) else ["mesh", "global", "node"]
        self.sessions = sorted(sessions, key=self.rank)
        self._callers = sorted(self.sessions, key=lambda one: one.local, reverse=last_first)
        self.turns: dict[tuple[str, str, int], list[Session]] = {}
        for one in self.sessions:
            self.turns.setdefault(self._neighbour(one), []).append(one)
        self.first = {one for several in self.turns.values() for one in several[:1]}
        self.met: dict[Session, Session] = {}

    def rank(self, one: Session) -> tuple[int, str]:
        return self._kinds.index(one.kind), str(one.port or "")

    @staticmethod
    def _neighbour(one: Session) -> tuple[str, str, int]:
        return one.local, one.far, one.port or 179

    def _own(self, one: Session) -> str:
        return self._nodes[one.local].addresses[4 if "." in one.far else 6]

    def back(self, one: Session) -> list[Session]:
        """The sessions of the far end with this one's node, by name."""
        far = self._owners.get(one.far)
        return [other for other in self.sessions if far and (other.local, other.far) == (far.name, self._own(one))]

    def _calls(self, one: Session) -> bool:
        named = one.kind == "mesh" or (one.kind == "global" and one.peer in self._by_address)
        far = self._owners.get(one.far)
        listens = far is not None and (one.port or 179) == (far.port or self._cluster.port or 179)
        return listens and not (named and one.far > self._own(one))

    def _hang_up(self, one: Session) -> None:
        other = self.met.pop(one, None)
        if other is not None:
            del self.met[other]

    def round(self) -> None:
        """Everybody calls once who may."""
        for one in self._callers:
            heard = self.back(one)[:1] if self._calls(one) else []
            has_turn = all(self.turns[self._neighbour(each)][0] == each for each in (one, *heard))
            if not heard or not has_turn or one in self.met:
                continue
            self._hang_up(heard[0])
            if agrees(one, heard[0]):
                self.met |= {one: heard[0], heard[0]: one}
            else:
                for end in (one, *heard):
                    waiting = self.turns[self._neighbour(end)]
                    waiting.append(waiting.pop(0))

    def lasting(self) -> set[Session]:
        """The sessions that are up and stay so."""
        for _ in range(10):
            self.round()
        found = dict(self.met)
        for _ in range(10):
            self.round()
            found = {one: other for one, other in found.items() if self.met.get(one) == other}
        return set(found)


def agrees(one: Session, other: Session) -> bool:
    return (other.local_as, other.remote_as) == (one.remote_as, one.local_as)


def states(cluster: Cluster, sessions: list[Session]) -> dict[Session, str]:
    """Whether each session comes up, and why not, by all others; unknown where it matters who calls first."""
    plays = [Play(cluster, sessions, last_first=last_first) for last_first in (False, True)]
    owners = {address: node for node in cluster.nodes for address in node.addresses.values()}
    lasting = [play.lasting() for play in plays]
    play = plays[0]

    def state(one: Session) -> str:
        far, answers = owners.get(one.far), play.back(one)
        if one in lasting[0] or one in lasting[1]:
            return "up" if one in lasting[0] and one in lasting[1] else "unknown"
        if one not in play.first:
            return "idle"
        if far is None:
            return "up"
        if not answers:
            return "half-open" if one.remote_as == (far.own_as or GLOBAL_AS) else "as-mismatch"
        running = (other for other in answers if other in play.first and agrees(one, other))
        return "down" if any(running) else "as-mismatch"

    return {one: state(one) for one in sessions}


def two_ports() -> Cluster:
    """Node n0 calls both ports of n1, which listens on the one and calls n0 itself."""
    nodes = [Node(f"n{at}", {}, {4: f"10.0.0.{at + 1}"}, None, "", port) for at, port in enumerate((None, 500))]
    ends = [("n0", "10.0.0.2:179"), ("n0", "10.0.0.2:500"), ("n1", "10.0.0.1")]
    about = {"asNumber": GLOBAL_AS, "reversePeering": "Manual"}
    peers = [{"name": f"p{at}", "node": name, "peerIP": far, **about} for at, (name, far) in enumerate(ends)]
    return Cluster(nodes, peers, mesh=False, port=None, release=(3, 32))


def who_calls_first() -> Cluster:
    """Node n0 calls n1, which takes it for a call of another AS and calls n0 at its port by another session."""
    nodes = [Node("n0", {}, {4: "10.0.0.1"}, 65001, "", 500), Node("n1", {}, {4: "10.0.0.2"}, None, "", None)]
    peers: list[dict[str, Any]] = [
        {"name": "p0", "peerSelector": "all()", "reversePeering": "Manual"},
        {"name": "p1", "peerIP": "10.0.0.1", "asNumber": GLOBAL_AS, "reversePeering": "Manual"},
    ]
    return Cluster(nodes, peers, mesh=True, port=None, release=(3, 32))


@settings(deadline=None)
@given(clusters())
@example(two_ports())
@example(who_calls_first())
def test_sessions_and_their_states_are_those_of_a_count(cluster: Cluster) -> None:
    given = [*manifests(cluster), calico_node(CALICO_ROUTER_ID="hash")]
    model = engine(cluster_of(given, Target(cluster.release))).network
    expected = count(cluster)
    known = states(cluster, expected)
    assert len(known) == len(expected)
    found = {
        Session(
            one.form.kind,
            one.peer.resource.name if one.peer is not None else "",
            one.local.name,
            str(one.address),
            one.form.port,
            one.form.reverse,
            one.form.local_as,
            one.form.remote_as,
            one.form.rr_client,
        ): one.status.state
        for one in model
        if one.status.state != "no-such-node"
    }
    assert found == known
    assert len(model) == len(list(model))


@settings(deadline=None)
@given(clusters())
def test_sessions_taken_together_are_alike(cluster: Cluster) -> None:
    model = engine(cluster_of(manifests(cluster), Target(cluster.release))).network
    kinds = [one for family in model.families for one in model.kinds(family)]
    assert sum(map(len, kinds)) == len(model)
    for kind in kinds:
        for one in kind:
            assert one.status.state == kind.state
            assert one.peer_type == kind.form.peer_type
            assert one.form.rr_client == kind.form.rr_client
            if kind.form.kind == "mesh" and one.remote is not None:
                assert one.form == model.mesh_session(one.local, one.remote, kind.family).form


@settings(deadline=None, max_examples=40)
@given(clusters())
def test_nodes_taken_together_do_what_each_does_alone(cluster: Cluster) -> None:
    """A BGPPeer that names a node and selects nobody changes nothing but that the node is told from all others."""
    alone = [{"name": f"q{one.name}", "node": one.name, "peerSelector": "z == 'nobody'"} for one in cluster.nodes]
    apart = cluster._replace(peers=[*cluster.peers, *alone])
    lone_ones = any(
        one.own_as in LONE_AS or one.port in LONE_PORTS or one.cluster_id.startswith("9.") for one in cluster.nodes
    )
    assert _routes(cluster, once=lone_ones) == _routes(apart, once=lone_ones)


def _routes(cluster: Cluster, *, once: bool) -> dict[tuple[object, ...], object]:
    """What is decided on each session; `once`: not how often, for what several bring together goes to all of them."""
    model = engine(cluster_of(manifests(cluster), Target(cluster.release)))
    assert sum(group.size for group in model.division.groups()) == len(model.network)
    found: dict[tuple[object, ...], object] = {}
    ways = (model.exported, model.imported)
    for one in model.network:
        answer = model.network.answer(one)
        name = one.peer.resource.name if one.peer is not None else ""
        key = (one.form.kind, name, one.form.reverse, one.local.name, one.address, one.form.port)
        back = (answer.form.kind, answer.form.reverse, answer.address) if answer is not None else None
        decided = [sorted(_told(each) for each in way(one) if not once or each.step != "no-echo") for way in ways]
        found[key] = (one.status.state, one.passive, back, list(map(set, decided)) if once else decided)
    return found


def _told(one: Decision) -> tuple[str, ...]:
    routes = one.routes
    return (one.verdict, one.step, str(one.rule), str(one.prefixes), routes.presence, str(routes.origin), str(one.when))
