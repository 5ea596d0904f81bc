"""Whether a session comes up: what both ends say of each other, as far as manifests and facts tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from callint.bgp.inventory import Inventory
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.session import Form, Kind, Secured, Session, Status
from callint.calico.defaults import BGP_PORT
from callint.net.address import Address, Family
from callint.net.read import address as read_address
from callint.objects import fields

# confd sorts protocols by name from v3.32 on, before that the mesh comes first (bgp_processor.go, bird.cfg.template)
SORTED = (3, 32)
_KINDS: tuple[Kind, ...] = ("global", "workload", "mesh", "node")

Between = Callable[[Speaker, Address | None], Sequence[Session]]
"""The sessions that a node has with an address."""


def status(known: Inventory, between: Between, session: Session) -> Status:
    """The first of the things that keep a session down, in the order in which an operator would look for them."""
    return (
        _local_end(known, session)
        or _never_called(known, session)
        or _far_end_known(session)
        or _one_of_several(known, between, session)
        or _reachable(known, session)
        or _both_ends(known, between, session)
        or Status("up", "" if session.remote else "the far end is not part of the cluster, and taken to agree")
    )


def _local_end(known: Inventory, session: Session) -> Status | None:
    local, form = session.local, session.form
    if not local.described and known.listed:
        return Status("no-such-node", f'no node is called "{local.name}"')
    if form.remote_as is None:
        return Status("down", "the peer has no asNumber, and BIRD refuses the whole configuration")
    if known.settings.mesh is None and form.kind == "mesh":
        return _unknown("whether the mesh is on", "spec.nodeToNodeMeshEnabled of BGPConfiguration/default")
    if not session.selected:
        nodes = [one.name for one in (local, session.remote) if one is not None and one.labels is None]
        return _unknown("whether the selectors match", f"labels of {_nodes(nodes)}")
    if local.speaks(session.family) is None:
        return _unknown(f"the address of {_nodes([local.name])}", _address_of(local, session.family))
    return None


def _never_called(known: Inventory, session: Session) -> Status | None:
    """Workloads call the node, at an address that is in the configuration and need not be the one it listens on."""
    default, family = known.settings.default, session.family
    if session.form.kind != "workload" or default is None or not known.settings.own_address_alone:
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


def _one_of_several(known: Inventory, between: Between, session: Session) -> Status | None:
    ahead = _ahead(known, session, between(session.local, session.address))
    if ahead is None:
        return None
    return Status("idle", f"the session of {_called(ahead)} has the same neighbour and goes first")


def agreeing(known: Inventory, between: Between, session: Session, answers: Sequence[Session]) -> list[Session]:
    """The sessions of the far end with this one's node that agree on the ASes and run.

    One that another goes ahead of has its turn when that one ends at the AS, unless this end takes turns as well.
    """
    own, other = session.form.local_as, session.form.remote_as
    agreed = [one for one in answers if one.form.local_as == other and one.form.remote_as == own]
    found = [one for one in agreed if _ahead(known, one, answers) is None]
    return found if found or len(between(session.local, session.address)) > 1 else agreed


def _running(known: Inventory, several: Sequence[Session]) -> list[Session]:
    """Of the sessions that a node has with one address those that run."""
    return [one for one in several if _ahead(known, one, several) is None]


def _ahead(known: Inventory, session: Session, several: Sequence[Session]) -> Session | None:
    """BIRD locks address and port: of several protocols to one neighbour only the first one by name runs.

    A port that the peer names stands at the end of the protocol's name.
    """
    form = session.form
    own = (_precedence(known, form.kind), form.port is not None)
    for other in several:
        rival = other.form
        if rival == form or (rival.port or BGP_PORT) != (form.port or BGP_PORT):
            continue
        if (_precedence(known, rival.kind), rival.port is not None) < own:
            return other
    return None


def _precedence(known: Inventory, kind: Kind) -> int:
    """The place of a kind of session among several with one neighbour: the first one runs."""
    return -1 if kind == "mesh" and known.cluster.target.release < SORTED else _KINDS.index(kind)


def _called(session: Session) -> str:
    return "the mesh" if session.peer is None else f'BGPPeer "{session.peer.resource.name}"'


def _reachable(known: Inventory, session: Session) -> Status | None:
    """Whether the node has any route to the far end; asked only where facts list its interfaces and routes."""
    address = session.address
    if address is None or (session.peer is not None and session.peer.reachable_by is not None):
        return None
    if known.nodes.held.holds(session.local, address) is not False:
        return None
    return Status(
        "unreachable", f'node "{session.local.name}" has neither a network nor a route that leads to {address}'
    )


def _both_ends(known: Inventory, between: Between, session: Session) -> Status | None:
    form = session.form
    remote = session.remote or known.holder(session.address)
    if remote is None or remote is session.local:
        return None
    own = session.local.address(session.family)
    answers = list(between(remote, own))
    # The far end may call the node at another address than the one by which the node calls.
    others = known.held(session.local, session.family)
    answers += [one for other in others for one in between(remote, other)] if not answers else []
    if not answers:
        if form.remote_as != remote.as_number:
            return _mismatch(session, remote.as_number)
        return Status("half-open", f'node "{remote.name}" has no peering with {own}')
    agreed = agreeing(known, between, session, answers)
    if not agreed:
        return _refused(session, remote, _running(known, answers))
    secured = _secured(known, form)
    secrets = [one for one in agreed if _secured(known, one.form) == secured]
    if not secrets:
        return _unlike(secured, _secured(known, agreed[0].form))
    if session.passive and all(one.passive for one in secrets):
        return Status("down", "both ends wait for the other one to connect")
    if session.misdialled:
        # Whose a call is BIRD tells by the address alone.
        several = len(_running(known, between(session.local, session.address))) > 1
        if several or all(one.passive or one.misdialled for one in secrets):
            return Status("down", f'node "{remote.name}" listens on port {remote.port or BGP_PORT}')
    return _heard(known, session, remote, secrets) if known.settings.own_address_alone else None


def _refused(session: Session, remote: Speaker, running: list[Session]) -> Status:
    """Which AS one end expects that the other one does not have."""
    form = session.form
    other = next((one for one in running if one.form.local_as != form.remote_as), running[0])
    if other.form.local_as != form.remote_as:
        return _mismatch(session, other.form.local_as)
    expected = "no AS" if other.form.remote_as is None else f"AS {other.form.remote_as}"
    return Status("as-mismatch", f'node "{remote.name}" expects {expected}, not {form.local_as}')


def _secured(known: Inventory, form: Form) -> Secured:
    """As that of the form, where the mesh has the password of the BGPConfiguration."""
    default = known.settings.default
    return (default.mesh_password_secret, False) if default is not None and form.kind == "mesh" else form.secured


def _unlike(one: Secured, other: Secured) -> Status:
    """What keeps two ends apart; what two Secrets hold nobody tells."""
    (mine, secured), (theirs, also) = one, other
    if secured != also or mine is None or theirs is None:
        return Status("down", f"the ends differ in {'the password' if mine != theirs else 'ttlSecurity'}")
    return _unknown("whether the passwords are the same", f"{_key(mine)} and {_key(theirs)}")


def _key(secret: tuple[str, str]) -> str:
    name, key = secret
    return f'key "{key}" of Secret "{name}"'


def _heard(known: Inventory, session: Session, remote: Speaker, answers: list[Session]) -> Status | None:
    """Where nodes listen on their BGP addresses alone, one end must call the other one there, from where it is known.

    An end without a fixed source address may call from any.
    """
    local, family = session.local, session.family
    called = session.address == remote.address(family)
    for one in answers:
        calls_back = one.address == local.address(family)
        if (called and (calls_back or session.source is None)) or (calls_back and one.source is None):
            return None
    where = (
        f'{session.address} of node "{remote.name}"' if not called else f'{answers[0].address} of node "{local.name}"'
    )
    return Status("down", f"{where} is called, but by bindMode BIRD listens on the BGP address alone")


def _mismatch(session: Session, actual: int) -> Status:
    return Status("as-mismatch", f"{session.far_end} is in AS {actual}, not {session.form.remote_as}")


def _unknown(what: str, fact: str) -> Status:
    return Status("unknown", f"{what} is not known" if not what.startswith("whether") else f"unknown {what}", fact)


def _nodes(names: list[str]) -> str:
    return " and ".join(dict.fromkeys("other nodes" if name == ANY else f'node "{name}"' for name in names))


def _address_of(speaker: Speaker, family: Family) -> str:
    return f"the IPv{family} BGP address of {_nodes([speaker.name])}"
