"""Whether a session comes up: what both ends say of each other, as far as manifests and facts tell."""

from __future__ import annotations

from callint.bgp.calls import Calls, Meeting, caller, known_caller
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.session import Form, Secured, Session, Status
from callint.bgp.turns import Turns, agree
from callint.calico.defaults import BGP_PORT
from callint.net.address import Family
from callint.net.read import address as read_address
from callint.objects import fields

_AT_ONE_ADDRESS = "is called, but by bindMode BIRD listens on the BGP address alone"


def status(turns: Turns, calls: Calls, session: Session) -> Status:
    """The first of the things that keep a session down, in the order in which an operator would look for them."""
    return (
        _switched_off(turns)
        or _local_end(turns, session)
        or _never_called(turns, session)
        or _far_end_known(session)
        or _behind(turns, calls, session)
        or _reachable(turns, session)
        or _both_ends(turns, calls, session)
        or _without_router_id(turns, session)
        or Status("up", "" if turns.far_node(session) else "the far end is not part of the cluster, and taken to agree")
    )


def _switched_off(turns: Turns) -> Status | None:
    return Status("down", f"{turns.known.off}, so that BIRD does not run on any node") if turns.known.off else None


def _local_end(turns: Turns, session: Session) -> Status | None:
    local, form = session.local, session.form
    if not local.described and turns.known.listed:
        return Status("no-such-node", f'no node is called "{local.name}"')
    if form.remote_as is None:
        return Status("down", "the peer has no asNumber, and BIRD refuses the whole configuration")
    if turns.known.settings.mesh is None and form.kind == "mesh":
        return _unknown("whether the mesh is on", "spec.nodeToNodeMeshEnabled of BGPConfiguration/default")
    if not session.selected:
        return _unselected(session)
    if local.speaks(session.family) is None:
        return _unknown(f"the address of {_nodes([local.name])}", _address_of(local, session.family))
    return None


def _unselected(session: Session) -> Status:
    nodes = [one.name for one in (session.local, session.remote) if one is not None and one.labels is None]
    return _unknown("whether the selectors match", f"labels of {_nodes(nodes)}")


def _never_called(turns: Turns, session: Session) -> Status | None:
    """Workloads call the node, at an address that is in the configuration and need not be the one it listens on."""
    default, family = turns.known.settings.default, session.family
    if session.form.kind != "workload" or default is None or not turns.known.settings.own_address_alone:
        return None
    field = f"localWorkloadPeeringIPV{family}"
    called = read_address(fields.text(default.resource.spec, field), family)
    if called is None or called == session.local.address(family):
        return None
    return Status("down", f"workloads call {called} ({field}), but by bindMode BIRD listens on the BGP address alone")


def _far_end_known(session: Session) -> Status | None:
    if session.form.kind == "workload" and session.address is None:
        return _unknown("which workloads the selector matches", "the workloads of the node")
    if session.address is None and session.remote is not None:
        return _unknown(f"the address of {_nodes([session.remote.name])}", _address_of(session.remote, session.family))
    return None


def _behind(turns: Turns, calls: Calls, session: Session) -> Status | None:
    """Whether others have the same neighbour and go first, by name or because they may exist."""
    first = sorted(turns.ahead(session, turns.between(session.local, session.address)), key=lambda one: one.selected)
    if not first:
        return None
    if not first[0].selected:
        return _unselected(first[0])
    meetings = calls.between(session)
    meeting = meetings.of(session) if meetings is not None else Meeting("idle", first[0])
    return _idle(meeting.other) if meeting is not None and meeting.how == "idle" else None


def _idle(first: Session) -> Status:
    return Status("idle", f"the session of {_called(first.form)} has the same neighbour and goes first")


def _without_router_id(turns: Turns, session: Session) -> Status | None:
    """BIRD takes its router id of the IPv4 address, and refuses a configuration without one, of IPv6 too."""
    given = turns.known.router_id
    ends = [one.name for one in (session.local, session.remote) if one is not None and one.speaks(4) is False]
    if given or not ends:
        return None
    where = _nodes(ends[:1])
    if given is None:
        return _unknown(f"the router id of {where}, which has no IPv4 address,", "CALICO_ROUTER_ID of calico-node")
    return Status("down", f"{where} has no IPv4 address and calico-node no CALICO_ROUTER_ID: BIRD has no router id")


def _called(form: Form) -> str:
    return "the mesh" if form.peer is None else f'BGPPeer "{form.peer.resource.name}"'


def _reachable(turns: Turns, session: Session) -> Status | None:
    """Whether the node has any route to the far end, or to what `reachableBy` names, where facts list what it has."""
    address = session.address
    by = session.peer.reachable_by if session.peer is not None else None
    gateway = read_address(by) if by is not None else None
    if address is None or (by is not None and gateway is None):
        return None
    held, local = turns.known.nodes.held, session.local
    if any(held.holds(local, one) is not False for one in (address, gateway) if one is not None):
        return None
    why = f'node "{local.name}" has neither a network nor a route that leads to {address}'
    return Status("unreachable", why if gateway is None else f"{why}, nor to {gateway}, which `reachableBy` names")


def _both_ends(turns: Turns, calls: Calls, session: Session) -> Status | None:
    remote = turns.far_node(session)
    if remote is None:
        return None
    if turns.calls_itself(session):
        return Status("down", f"{session.address} is an address of the node itself")
    meetings = calls.between(session)
    meeting = meetings.of(session) if meetings is not None else None
    if meeting is not None and meeting.how != "refused":
        return _met(turns, session, meeting, remote)
    if turns.known.settings.own_address_alone and session.address != remote.address(session.family):
        return Status("down", f"{session.address} {_AT_ONE_ADDRESS}")
    own = caller(session) if meetings is not None else session.local.address(session.family)
    if meeting is not None and meeting.other.address != own:
        other = meeting.other
        unlike = _unlike(turns.secured(session.form), turns.secured(other.form))
        return unlike if agree(session, other) else _refused(session, remote, [other])
    answers = turns.between(remote, own)
    if not answers:
        if not session.at_home and known_caller(session) is None:
            near = _nodes([session.local.name])
            return _unknown(f"from which address {near} calls", f"the routes and addresses of {near}")
        if session.remote is not None and session.form.remote_as != remote.as_number:
            return _mismatch(session, remote.as_number)
        return Status("half-open", f'node "{remote.name}" has no peering with {own}')
    unsure = next((one for one in answers if not one.selected), None)
    if unsure is not None:
        return _unselected(unsure)
    agreed = turns.agreeing(session, answers)
    if not agreed:
        return _refused(session, remote, turns.first_ones(answers, answers))
    secured = turns.secured(session.form)
    alike = [one for one in agreed if turns.secured(one.form) == secured]
    if not alike:
        return _unlike(secured, turns.secured(agreed[0].form))
    if meetings is None and (session.calls or any(one.calls for one in alike)):
        return None
    return Status("down", _missed(turns, session, alike, remote))


def _met(turns: Turns, session: Session, meeting: Meeting, remote: Speaker) -> Status | None:
    """Of two nodes of which one has several sessions with the other, or calls from another address."""
    other = meeting.other
    if not other.selected:
        return _unselected(other)
    if meeting.how == "met":
        mine, theirs = turns.secured(session.form), turns.secured(other.form)
        return _unlike(mine, theirs) if mine != theirs else None
    if meeting.how == "chance":
        both = _nodes(sorted([session.local.name, remote.name]))
        return _unknown("whether it comes up", f"which of {both} calls first")
    if meeting.how == "taken":
        why = f'node "{remote.name}" has one session for it and that with {other.address}, and each call ends the other'
        return Status("down", why, ends=True)
    if meeting.how == "torn":
        why = f'node "{remote.name}" calls it by several sessions, and each call ends the one before'
        return Status("down", why, ends=True)
    return Status("down", f'node "{remote.name}" has its session with {other.address} by a call to another address')


def _missed(turns: Turns, session: Session, answers: list[Session], remote: Speaker) -> str:
    """Why no call of one end reaches the session of the other one."""
    local = session.local
    if session.passive and all(one.passive for one in answers):
        return "both ends wait for the other one to connect"
    if session.misdialled:
        return f'node "{remote.name}" listens on port {remote.port or BGP_PORT}'
    caller, called, back = (local, remote, answers[0]) if session.calls else (remote, local, session)
    if not session.calls and not any(one.calls for one in answers):
        return f'node "{called.name}" waits to be called, and listens on port {called.port or BGP_PORT}'
    first = _called(turns.first(back, turns.between(back.local, back.address)))
    return f'node "{called.name}" takes each call of node "{caller.name}" for one of the session of {first}'


def _refused(session: Session, remote: Speaker, running: list[Session]) -> Status:
    """Which AS one end expects that the other one does not have."""
    form = session.form
    other = next((one for one in running if one.form.local_as != form.remote_as), running[0])
    if other.form.local_as != form.remote_as:
        return _mismatch(session, other.form.local_as)
    expected = "no AS" if other.form.remote_as is None else f"AS {other.form.remote_as}"
    return Status("as-mismatch", f'node "{remote.name}" expects {expected}, not {form.local_as}')


def _unlike(one: Secured, other: Secured) -> Status:
    """What keeps two ends apart; what two Secrets hold nobody tells."""
    (mine, secured), (theirs, also) = one, other
    if secured != also or mine is None or theirs is None:
        return Status("down", f"the ends differ in {'the password' if mine != theirs else 'ttlSecurity'}")
    return _unknown("whether the passwords are the same", f"{_key(mine)} and {_key(theirs)}")


def _key(secret: tuple[str, str]) -> str:
    name, key = secret
    return f'key "{key}" of Secret "{name}"'


def _mismatch(session: Session, actual: int) -> Status:
    return Status("as-mismatch", f"{session.far_end} is in AS {actual}, not {session.form.remote_as}")


def _unknown(what: str, fact: str) -> Status:
    return Status("unknown", f"{what} is not known" if not what.startswith("whether") else f"unknown {what}", fact)


def _nodes(names: list[str]) -> str:
    return " and ".join(dict.fromkeys("other nodes" if name == ANY else f'node "{name}"' for name in names))


def _address_of(speaker: Speaker, family: Family) -> str:
    return f"the IPv{family} BGP address of {_nodes([speaker.name])}"
