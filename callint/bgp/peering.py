"""Sessions that are alike in all but the nodes at their ends; each is made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import islice

from callint.bgp.alike import Alike
from callint.bgp.nodes import ANY, Speaker
from callint.bgp.session import Form, Judge, Session, State
from callint.net.address import Address, Family

FormOf = Callable[[Speaker, Speaker | None], Form]
"""The form of the session between two nodes, or of a node with somebody else."""


class Peering:
    """The sessions that each node of `here` has with each one of `there`, or with one address, or with workloads."""

    def __init__(
        self,
        status: Judge,
        here: Alike,
        there: Alike | None,
        address: Address | None,
        form_of: FormOf,
        selected: bool,
    ) -> None:
        """`address` is that of a far end which the peer names by it; for the rest as in `Session`."""
        self._status = status
        self.here = here
        self.there = there
        self.address = address
        self.form = form_of(here.first, (there.other_than(here.first) or there.first) if there is not None else None)
        """That of the first session; of the others too, but for numbers that are one node's alone."""
        self.selected = selected
        differ = here.differ or (there is not None and there.differ)
        self._form_of = form_of if differ else None

    @property
    def family(self) -> Family:
        """The address family."""
        return self.form.family

    def forms(self, local: Speaker) -> Iterator[Form]:
        """The forms of the sessions of one node, of those that differ in numbers of the far ends alone only two."""
        if self._form_of is None:
            yield self.form
        else:
            yield from (one.form for one in islice(self.far_ends(local), 2))

    @property
    def local_as_numbers(self) -> set[int]:
        """The ASes in which the near ends are."""
        local = self.here.members if self.here.differ else ()
        return {self.form.local_as, *(one.form.local_as for each in local for one in islice(self.far_ends(each), 1))}

    @cached_property
    def first(self) -> Session:
        """The session that stands for all of them."""
        return next(iter(self))

    @property
    def state(self) -> State:
        """Whether they come up, for they all do or none does."""
        return self.first.status.state

    def far_ends(self, local: Speaker) -> Iterator[Session]:
        """The sessions of one node."""
        for remote in self.there.members if self.there is not None else (None,):
            if remote is not local or local.name == ANY:
                yield self.session(local, remote)

    def session(self, local: Speaker, remote: Speaker | None) -> Session:
        """The session between two nodes, or with the far end that is none."""
        address = self.address
        if address is None and remote is not None:
            address = remote.address(self.family)
        form = self.form if self._form_of is None else self._form_of(local, remote)
        return Session(self._status, local, remote, address, form, self.selected)

    def __iter__(self) -> Iterator[Session]:
        """Every session, those of one node together."""
        for local in self.here.members:
            yield from self.far_ends(local)

    def __len__(self) -> int:
        """How many there are."""
        here = self.here.members
        there = len(self.there.members) if self.there is not None else 1
        return len(here) * (there - (self.there is self.here and here[0].name != ANY))
