"""One BGP session as one node's BIRD has it, and what can be said about its coming up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from callint.bgp.filtering import Filters, filters_of
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.route import Passage, PeerType
from callint.calico.defaults import BGP_PORT
from callint.net.address import Address, Family
from callint.objects.bgp import BGPPeer
from callint.record import NamedTuple, known_by_itself

Kind = Literal["global", "workload", "mesh", "node"]
"""The order is that of confd's protocol names Global_, Local_Workload_, Mesh_ and Node_."""

State = Literal["up", "half-open", "as-mismatch", "no-such-node", "unreachable", "idle", "down", "unknown"]

LIVE = ("up", "unknown")
"""States of sessions over which routes may go."""


class Status(NamedTuple):
    """Whether a session comes up. For `unknown`, `missing` names the fact that would decide it.

    `up`: both ends agree, or the far end is not part of the cluster and nothing here speaks against it; `half-open`:
    only this end is configured; `idle`: another protocol holds the neighbour; `down`: the ends contradict each other.
    `ends`: it does come up, and ends again each time.
    """

    state: State
    why: str = ""
    missing: str = ""
    ends: bool = False


Secured = tuple[tuple[str, str] | None, bool]
"""The Secret of the password with its key, and whether TTL security is on."""


@known_by_itself
class Form(NamedTuple):
    """What sessions have in common that differ in nothing but the two nodes; `remote_as` None is refused by BIRD.

    `passage` decides whether routes go from it to other sessions of the node, and back.
    """

    kind: Kind
    family: Family
    peer: BGPPeer | None
    reverse: bool
    local_as: int
    remote_as: int | None
    port: int | None
    passage: Passage

    @property
    def peer_type(self) -> PeerType:
        """Internal if both AS numbers are the same."""
        return self.passage.peer_type

    @property
    def rr_client(self) -> bool:
        """Whether the far end is a client of the node, which is a route reflector."""
        return self.passage.client

    @property
    def filters(self) -> Filters:
        """The names of its BGPFilters; the mesh has none."""
        return filters_of(self.peer) if self.peer else ()

    @property
    def by_address(self) -> bool:
        """Whether the BGPPeer names the far end by address and this is not its reverse."""
        return self.peer is not None and not self.reverse and self.peer.peer_selector is None

    @property
    def allowed_local_as(self) -> int:
        """How often the own AS may occur in a path; only honoured for `peerIP` (bgp_processor.go)."""
        return (self.peer.allowed_local_as or 0) if self.peer and self.by_address else 0

    @property
    def next_hop(self) -> Literal["self", "keep", "default"]:
        """The next-hop mode; the old field counts only on eBGP and without the new one."""
        if self.peer is None or self.kind == "workload":
            return "default"
        if self.peer.next_hop_mode:
            modes: dict[str, Literal["self", "keep"]] = {"Self": "self", "Keep": "keep"}
            return modes.get(self.peer.next_hop_mode, "default")
        return "keep" if self.peer.keep_original_next_hop and self.peer_type == "eBGP" else "default"

    @property
    def secured(self) -> Secured:
        """What the peer says of it."""
        if self.peer is None or self.kind == "workload":
            return None, False
        return self.peer.password_secret, bool(self.peer.ttl_security)


Judge = Callable[["Session"], Status]
"""Tells whether a session comes up, from what is known of all the others."""


class Session:
    """A session of node `local`; `remote` is the far end where it is a node of the cluster.

    `address` None: the far end's address is not known. `selected` is False where it is not known that the session
    exists, because a selector reads labels that no manifest gives.
    """

    __slots__ = ("_judge", "_status", "address", "form", "local", "remote", "selected")

    def __init__(
        self,
        judge: Judge,
        local: Speaker,
        remote: Speaker | None,
        address: Address | None,
        form: Form,
        selected: bool = True,
    ) -> None:
        """`judge` is asked once, for the status."""
        self._judge = judge
        self.local = local
        self.remote = remote
        self.address = address
        self.form = form
        self.selected = selected
        self._status: Status | None = None

    @property
    def family(self) -> Family:
        """The address family of its routes and of its ends."""
        return self.form.family

    @property
    def peer(self) -> BGPPeer | None:
        """The BGPPeer that it comes from, in its own or the reverse direction; None for the mesh."""
        return self.form.peer

    @property
    def peer_type(self) -> PeerType:
        """Internal or external."""
        return self.form.peer_type

    @property
    def source(self) -> Address | None:
        """The address that it is bound to; None is the kernel's choice, or not known."""
        if self.form.kind == "workload" or (self.peer is not None and self.peer.source_address == "None"):
            return None
        return self.local.address(self.family)

    @property
    def passive(self) -> bool:
        """Whether this end waits to be called: of two Calico nodes the one with the lesser text of its address.

        So it is in the mesh and where a BGPPeer about all nodes names a node by address; by `peerSelector` both ends
        call (client.go, which knows a Calico node at a `peerIP` alone).
        """
        form = self.form
        if form.kind == "workload":
            return True
        if not self.at_home or not (form.kind == "mesh" or (form.kind == "global" and form.by_address)):
            return False
        own = self.local.address(self.family)
        return own is not None and self.address is not None and str(self.address) > str(own)

    @property
    def at_home(self) -> bool:
        """Whether the far end is a node at its BGP address, not at a further one of which facts tell."""
        return self.remote is not None and self.address == self.remote.address(self.family)

    @property
    def misdialled(self) -> bool:
        """Whether the far end is a node that listens on another port than the one that is called."""
        return self.remote is not None and (self.form.port or BGP_PORT) != (self.remote.port or BGP_PORT)

    @property
    def calls(self) -> bool:
        """Whether this end calls the port on which the far end listens."""
        return not self.passive and not self.misdialled

    @property
    def far_end(self) -> str:
        """The far end for people: its name and address, as far as they are known."""
        if self.remote is not None and self.remote.name == ANY:
            return f"{self.address} (another node)" if self.address is not None else "other nodes"
        name = f'node "{self.remote.name}"' if self.remote is not None else ""
        port = f" port {self.form.port}" if self.form.port else ""
        return f"{self.address}{port}{f' ({name})' if name else ''}" if self.address else name or "workloads"

    @property
    def status(self) -> Status:
        """Whether it comes up."""
        if self._status is None:
            self._status = self._judge(self)
        return self._status

    def __repr__(self) -> str:
        return f"<Session {self.form.kind} {self.local.name} to {self.far_end}>"
