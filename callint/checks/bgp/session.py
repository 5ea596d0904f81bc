"""BGP sessions that cannot come up, or that another one keeps from running."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.bgp.network import Network, network
from callint.bgp.session import Session, State, Status
from callint.checks.bgp.peers import FAR_ENDS, at
from callint.checks.bgp.unsettled import unsettled
from callint.checks.breach import Breach, CheckError, unanswered
from callint.finding import Path, Related, counted, witness
from callint.net.read import as_number
from callint.objects import Cluster, Resource
from callint.steps import Steps

PARAMETERS = ("state",)
_STATES: tuple[State, ...] = ("as-mismatch", "half-open", "down", "idle", "unreachable")


_Place = tuple[Resource, Path]
"""Where a finding stands."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Sessions of one state, those of one BGPPeer, or of the mesh, together.

    Parameter `state`: `as-mismatch`, `half-open` (the far end has no session), `down` (the ends contradict each other),
    `idle` (another session has the same neighbour), `unreachable` (the node has no route to the far end).
    """
    state = parameters.get("state")
    if state not in _STATES:
        raise CheckError(f'the parameter "state" is needed: {", ".join(_STATES)}', "state")
    model = network(cluster)
    if model.off:  # which BGP047 says
        return
    left = unsettled(cluster)
    unsaid: dict[str, Resource] = {}
    found: dict[str | None, list[tuple[Session, int]]] = {}
    steps = Steps(cluster, "BGP sessions with BGPPeers that hold variables")
    for kind in (one for family in model.families for one in model.kinds(family)):
        session = kind.first
        # without an AS number BIRD refuses the file, which is said of the peer itself
        wanted = session.form.remote_as is not None and session.status.state == state
        # a mesh session gives way to a peer, or cannot come up with it, and the peer's own finding says so
        of_peer = state in ("idle", "down") and session.peer is None
        # that a node calls itself is as it should be where the peer is about others, too
        if not wanted or of_peer or model.turns.calls_itself(session) or _said_of_field(model, session):
            continue
        if left.concerns(kind, steps):
            unsaid.update((one.name, one) for one in left.unsaid(kind))
        else:
            about = session.peer.resource.name if session.peer is not None else None
            found.setdefault(about, []).append((session, len(kind)))
    for sessions in found.values():
        place = _place(cluster, sessions[0][0], state)
        if place is not None:
            yield _breach(cluster, place, sessions)
    yield from map(_undecided, unsaid.values())


def _undecided(node: Resource) -> Breach:
    return unanswered(
        f'whether sessions with node "{node.name}" come up is not known: it depends on variables that are left in what '
        "Kubernetes says of the node",
        node,
    )


def _said_of_field(model: Network, session: Session) -> bool:
    """Whether it is a port that is written, a localASNumber that does not count or no router id: other rules tell."""
    if session.family == 6 and model.router_id is False:
        return True
    peer, answer = session.peer, model.answer(session)
    callers = (session, answer) if session.passive else (session,)
    if session.status.state == "down" and any(one and one.misdialled and one.form.port is not None for one in callers):
        return True
    if peer is None or answer is None or session.form.by_address or session.status.state != "as-mismatch":
        return False
    return answer.form.remote_as == as_number(peer.local_as_number) != session.form.local_as


def _breach(cluster: Cluster, place: _Place, sessions: list[tuple[Session, int]]) -> Breach:
    session = sessions[0][0]
    size = sum(count for _, count in sessions)
    who = f'BGPPeer "{session.peer.resource.name}"' if session.peer is not None else "the node-to-node mesh"
    more = f"; the same goes for {counted(size - 1, 'other')}" if size > 1 else ""
    status = session.status
    where = f'on node "{at(session)}"' if at(session) else "on every node"
    return Breach.at(
        *place,
        f"the session of {who} {where} with {session.far_end} {_says(status)}: {status.why}{more}",
        tuple(_related(cluster, session, place[0])),
        witness(
            "address",
            address=str(session.address) if session.address is not None else None,
            node=at(session),
            peer=session.peer.resource.name if session.peer is not None else None,
            state=status.state,
            local_as=session.form.local_as,
            remote_as=session.form.remote_as,
        ),
    )


def _says(status: Status) -> str:
    if status.state == "idle":
        return "never runs"
    return "does not stay up" if status.ends else "does not come up"


def _place(cluster: Cluster, session: Session, state: str) -> _Place | None:
    """The field that would have to change."""
    peer = session.peer
    if peer is None:
        return _node_as(cluster, session.local.name) or (
            _node_as(cluster, session.remote.name) if session.remote is not None else None
        )
    spec = peer.resource.spec
    wanted = {
        "as-mismatch": ("asNumber", "localASNumber"),
        "half-open": ("reversePeering",),
        "down": ("password", "ttlSecurity") if not session.misdialled else (),
    }.get(state, ())
    for name in (*wanted, *FAR_ENDS):
        if name in spec:
            return peer.resource, ("spec", name)
    return None


def _node_as(cluster: Cluster, name: str) -> _Place | None:
    node = cluster.nodes.get(name)
    if node is None or node.bgp.as_number is None or not node.resources:
        return None
    return node.saying("asNumber")


def _related(cluster: Cluster, session: Session, shown: Resource) -> Iterator[Related]:
    """The far end's own words, beside the object that is shown."""
    remote = session.remote
    if remote is None:
        return
    node = cluster.nodes.get(remote.name)
    if node is not None and node.resources:
        resource, path = node.saying("asNumber" if node.bgp.as_number is not None else f"ipv{session.family}Address")
        if resource is not shown:
            yield Related(resource.span(*path), f"the far end, in AS {remote.as_number}")
    model = network(cluster)
    answer = model.answer(session)
    if answer is not None and answer.peer is not None and answer.peer.resource is not shown:
        yield Related(answer.peer.resource.span("metadata", "name"), "the far end's own BGPPeer")
    mesh = model.settings.default
    if session.status.state == "idle" and mesh is not None:
        first = model.turns.ahead(session, model.between(session.local, session.address))
        if any(one.peer is None for one in first):
            yield Related(mesh.resource.span("spec", "nodeToNodeMeshEnabled"), "the mesh")
