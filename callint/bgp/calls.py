"""Sessions of two nodes of which one is called at further addresses, too: which of them meet, by who calls whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Literal

from callint.bgp.nodes import Speaker
from callint.bgp.peering import Peering
from callint.bgp.session import Session
from callint.bgp.turns import Turns, agree
from callint.calico.defaults import BGP_PORT
from callint.facts.ways import size, source_towards
from callint.net.address import Address, Family
from callint.record import NamedTuple
from callint.steps import Answer, Steps

# What a call takes each time it is looked at
_OF_CALL = 10

_Key = tuple[str, object, Address | None]
_Call = tuple[Session, Session]
"""Who calls, and the session for which the far end takes it."""

Further = Callable[[Speaker, Speaker, Family], Sequence[Peering]]
"""The sessions that one node has with another one at addresses besides its BGP address."""


class Meeting(NamedTuple):
    """What becomes of a session, by another one: `met` has this one, `given` could have it and has a third instead.

    `taken`: both call the same session again and again; `torn`: the other one is one of several that call this one.
    """

    how: Literal["met", "given", "taken", "torn"]
    other: Session


class Meetings:
    """Who gets whom, where every end has one session at a time.

    With graceful restart, which all of Calico's sessions have, an end that has a session takes a new call for the same
    session in place of the old one (proto/bgp/bgp.c bgp_incoming_connection); it calls nobody itself meanwhile.
    """

    def __init__(self, calls: list[_Call], steps: Steps) -> None:
        """Those settle that nobody else disturbs, which may leave others in peace."""
        self._of: dict[_Key, Meeting] = {}
        every = calls
        while calls:
            steps.spend(_OF_CALL * len(calls))
            into: dict[_Key, list[Session]] = {}
            for caller, called in calls:
                into.setdefault(_key(called), []).append(caller)
            settled = [call for call in calls if _alone(call, into)]
            for caller, called in settled:
                self._of[_key(caller)], self._of[_key(called)] = Meeting("met", called), Meeting("met", caller)
            contested = {end for end, callers in into.items() if len(callers) > 1} or set(into)
            for caller, called in calls if not settled else ():
                if _key(called) in contested:
                    rival = next((one for one in into[_key(called)] if one is not caller), called)
                    self._of.setdefault(_key(caller), Meeting("taken", rival))
                    self._of.setdefault(_key(called), Meeting("torn", caller))
            calls = [call for call in calls if not any(_key(end) in self._of for end in call)]
        for one, other in every:
            self._of.setdefault(_key(one), Meeting("given", other))
            self._of.setdefault(_key(other), Meeting("given", one))

    def of(self, session: Session) -> Meeting | None:
        """What becomes of one; None where no call is one for it."""
        return self._of.get(_key(session))


def _alone(call: _Call, into: Mapping[_Key, list[Session]]) -> bool:
    """Whether both ends are called by nobody but each other."""
    caller, called = call
    return len(into[_key(called)]) == 1 and all(_key(each) == _key(called) for each in into.get(_key(caller), ()))


def _key(session: Session) -> _Key:
    return session.local.name, session.form, session.address


class Calls:
    """The calls of nodes of which one has sessions with further addresses of the other one."""

    def __init__(self, turns: Turns, further: Further) -> None:
        """`further` finds such sessions."""
        self._turns = turns
        self._further = further
        self._met: dict[tuple[str, str, Family], Answer[Meetings]] = {}
        self._steps = Steps(turns.known.cluster, "BGP sessions with the same neighbour")

    def between(self, session: Session) -> Meetings | None:
        """What becomes of all sessions between the ends of one; None where addresses are those of the ends alone.

        Raises TooManyStepsError.
        """
        one, other, family = session.local, self._turns.far_node(session), session.family
        if other is None or other is one:
            return None
        if one.name > other.name:
            one, other = other, one
        mine, theirs = self._further(one, other, family), self._further(other, one, family)
        if not mine and not theirs:
            return None
        key = (one.name, other.name, family)
        if key not in self._met:
            here = [each.session(one, None) for each in mine] + [*self._turns.between(one, other.address(family))]
            there = [each.session(other, None) for each in theirs] + [*self._turns.between(other, one.address(family))]
            self._met[key] = Answer(partial(self._meetings, one, other, here, there))
        return self._met[key].get()

    def _meetings(self, one: Speaker, other: Speaker, mine: list[Session], theirs: list[Session]) -> Meetings:
        calls = [*self._calls(mine, other, theirs), *self._calls(theirs, one, mine)]
        return Meetings(calls, self._steps)

    def _calls(self, some: list[Session], far: Speaker, theirs: list[Session]) -> Iterator[_Call]:
        """Of sessions with one address the first one by name is heard, and one of those with one port calls."""
        heard: dict[Address | None, Session] = {}
        for each in sorted(theirs, key=self._order):
            heard.setdefault(each.address, each)
        calling: dict[tuple[Address | None, int], list[_Call | None]] = {}
        for session in sorted(some, key=self._order):
            called = None if session.passive else heard.get(caller(session, self._steps))
            call = (session, called) if called is not None else None
            calling.setdefault((session.address, session.form.port or BGP_PORT), []).append(call)
        for (address, port), several in calling.items():
            listens = not self._turns.known.settings.own_address_alone or address in (far.address(4), far.address(6))
            # One that ends at the AS gives way to the next one.
            call = next((one for one in several if one is None or agree(*one)), several[0])
            if call is not None and listens and port == (far.port or BGP_PORT):
                yield call

    def _order(self, session: Session) -> tuple[int, str]:
        return self._turns.order(session.form)


def caller(session: Session, steps: Steps | None = None) -> Address | None:
    """The address from which a session calls, its BGP address where nobody knows what the kernel takes."""
    own, facts, address = session.source, session.local.facts, session.address
    if own is None and facts is not None and address is not None:
        if steps is not None:
            steps.spend(size(facts))
        own = source_towards(facts, address)
    return own or session.local.address(session.family)
