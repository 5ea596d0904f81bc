"""Several sessions of one node with one neighbour: their order, and what each says of the far end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from callint.bgp.inventory import Inventory
from callint.bgp.nodes import ANY, Speaker
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
        return session.remote or self.known.nodes.holder(session.address)

    def calls_itself(self, session: Session) -> bool:
        """Whether the far end is the node itself, at another address than its BGP address."""
        return session.local.name != ANY and self.far_node(session) is session.local

    def agreeing(self, session: Session, answers: Sequence[Session]) -> list[Session]:
        """The sessions of the far end with this one's node that agree on the ASes and are first at their port."""
        return self.first_ones([one for one in answers if agree(session, one)], answers)

    def first_ones(self, some: Iterable[Session], several: Sequence[Session]) -> list[Session]:
        """Some of the sessions that a node has with one address: those that are the first at their port."""
        first: dict[int, tuple[int, str]] = {}
        for one in several:
            port, order = called_port(one), self.order(one.form)
            first[port] = min(first.get(port, order), order)
        return [one for one in some if self.order(one.form) <= first[called_port(one)]]

    def first(self, session: Session, several: Iterable[Session]) -> Form:
        """The form of the first one by name of those with the same neighbour, on whatever port."""
        forms = (one.form for one in several if one.address == session.address)
        return min(forms, key=self.order, default=session.form)

    def ahead(self, session: Session, several: Iterable[Session]) -> Iterator[Session]:
        """BIRD locks address and port: of several protocols to one neighbour only the first one by name runs."""
        port, order = called_port(session), self.order(session.form)
        return (one for one in several if called_port(one) == port and self.order(one.form) < order)

    def order(self, form: Form) -> tuple[int, str]:
        """The place among several with one neighbour; a port that the peer names stands at the end of the name."""
        first = form.kind == "mesh" and self.known.cluster.target.release < SORTED
        return -1 if first else _KINDS.index(form.kind), "" if form.port is None else str(form.port)

    def fit(self, one: Session, other: Session) -> bool:
        """Whether a call between two sessions ends neither at the AS nor for want of packets with the right TTL."""
        return agree(one, other) and self.secured(one.form)[1] == self.secured(other.form)[1]

    def has_password(self, session: Session) -> bool:
        """Whether a session has any: packets with and without one, or signed by another, are no call."""
        return self.secured(session.form)[0] is not None

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


def called_port(session: Session) -> int:
    """The port that a session calls, and that a neighbour's lock is about."""
    return session.form.port or BGP_PORT


def agree(one: Session, other: Session) -> bool:
    """Whether two ends say the same of their ASes."""
    return one.form.local_as == other.form.remote_as and one.form.remote_as == other.form.local_as
