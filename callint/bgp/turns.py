"""Several sessions of one node with one neighbour: which of them BIRD runs, and for which it takes a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from callint.bgp.inventory import Inventory
from callint.bgp.nodes import Speaker
from callint.bgp.session import Form, Kind, Secured, Session
from callint.calico.defaults import BGP_PORT
from callint.net.address import Address

# confd sorts protocols by name from v3.32 on, before that the mesh comes first (bgp_processor.go, bird.cfg.template)
SORTED = (3, 32)
_KINDS: tuple[Kind, ...] = ("global", "workload", "mesh", "node")

Between = Callable[[Speaker, Address | None], Sequence[Session]]
"""The sessions that a node has with an address."""


class Turns:
    """Asks all sessions of a cluster."""

    def __init__(self, known: Inventory, between: Between) -> None:
        """`between` finds the sessions."""
        self.known = known
        self.between = between

    def far_node(self, session: Session) -> Speaker | None:
        """The far end, where that is a node, at whatever address it is called."""
        return session.remote or self.known.holder(session.address)

    def answers(self, session: Session) -> Sequence[Session]:
        """The sessions of the far end, where that is a node, with this one's node."""
        remote, local = self.far_node(session), session.local
        if remote is None or remote is local:
            return ()
        return self.between(remote, local.address(session.family))

    def agreeing(self, session: Session, answers: Sequence[Session]) -> list[Session]:
        """The sessions of the far end with this one's node that agree on the ASes and run."""
        agreed = [one for one in answers if agree(session, one)]
        found = self.running(agreed, answers)
        if found or not agreed:
            return found
        several = self.between(session.local, session.address)
        return [one for one in agreed if self.has_turn(one, answers, several)]

    def running(self, some: Iterable[Session], several: Sequence[Session]) -> list[Session]:
        """Some of the sessions that a node has with one address, as far as they run."""
        first: dict[int, tuple[int, str]] = {}
        for one in several:
            port, order = _port(one), self.order(one.form)
            first[port] = min(first.get(port, order), order)
        return [one for one in some if self.order(one.form) <= first[_port(one)]]

    def has_turn(self, session: Session, several: Sequence[Session], answers: Sequence[Session]) -> bool:
        """Whether all sessions that go ahead end at the AS, after which BIRD gives the neighbour to this one.

        It has to call itself, for it is not the first one by name; where sessions take turns at the far end as well,
        both call in vain.
        """
        if len(answers) != 1 or not session.calls:
            return False
        far = answers[0]
        return agree(session, far) and all(
            not agree(one, far) and self.secured(one.form) == self.secured(far.form) and (one.calls or far.calls)
            for one in self.ahead(session, several)
        )

    def meet(self, session: Session, answers: Sequence[Session], some: Sequence[Session]) -> bool:
        """Whether one end calls, and the other one takes it for a call of the session or of some of the answers to it.

        Whose a call is BIRD tells by the address alone: it is the first one's by name (proto/bgp/bgp.c bgp_find_proto).
        """
        called = self.first(session, self.between(session.local, session.address)) == session.form
        heard = {address: self.first(one, answers) for address, one in {one.address: one for one in some}.items()}
        return any((one.calls and called) or (session.calls and heard[one.address] == one.form) for one in some)

    def first(self, session: Session, several: Iterable[Session]) -> Form:
        """The form of the first one by name of those with the same neighbour, on whatever port."""
        forms = (one.form for one in several if one.address == session.address)
        return min(forms, key=self.order, default=session.form)

    def ahead(self, session: Session, several: Iterable[Session]) -> Iterator[Session]:
        """BIRD locks address and port: of several protocols to one neighbour only the first one by name runs."""
        port, order = _port(session), self.order(session.form)
        return (one for one in several if _port(one) == port and self.order(one.form) < order)

    def order(self, form: Form) -> tuple[int, str]:
        """The place among several with one neighbour; a port that the peer names stands at the end of the name."""
        first = form.kind == "mesh" and self.known.cluster.target.release < SORTED
        return -1 if first else _KINDS.index(form.kind), "" if form.port is None else str(form.port)

    def secured(self, form: Form) -> Secured:
        """As that of the form; the mesh has the password of the BGPConfiguration, and what is not found is none."""
        default = self.known.settings.default
        secret, limited = form.secured
        if default is not None and form.kind == "mesh":
            secret = default.mesh_password_secret
        if secret is None:
            return None, limited
        from callint.bgp.secrets import secrets

        return None if secrets(self.known.cluster).missing(*secret) is not None else secret, limited


def _port(session: Session) -> int:
    return session.form.port or BGP_PORT


def agree(one: Session, other: Session) -> bool:
    """Whether two ends say the same of their ASes."""
    return one.form.local_as == other.form.remote_as and one.form.remote_as == other.form.local_as
