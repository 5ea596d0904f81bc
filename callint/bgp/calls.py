"""Sessions of two nodes that have several, or are called from or at further addresses: who meets whom, by who calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Literal

from callint.bgp.nodes import Speaker
from callint.bgp.peering import Peering
from callint.bgp.session import Session
from callint.bgp.turns import Turns, called_port
from callint.calico.defaults import BGP_PORT
from callint.facts.ways import size, source_towards
from callint.net.address import Address, Family
from callint.record import NamedTuple
from callint.selector.values import Budget
from callint.steps import FREE, Answer, Steps

# What a call takes each time it is looked at
_OF_CALL = 10

_Key = tuple[str, object, Address | None]
_Call = tuple[Session, Session]
"""Who calls, and the session for which the far end takes it."""

Further = Callable[[Speaker, Speaker, Family], Sequence[Peering]]
"""The sessions that one node has with another one at addresses besides its BGP address."""


class Meeting(NamedTuple):
    """What becomes of a session, by another one: `met` has this one, `given` could have it and has a third instead.

    `taken`: both call the same session again and again; `torn`: the other one is one of several that call this one;
    `refused`: calls between both end at the AS or TTL; `idle`: the other one has the same neighbour and goes first;
    `chance`: both come up if one calls the other before this one calls somebody else, at whom its call ends.
    """

    how: Literal["met", "given", "taken", "torn", "refused", "idle", "chance"]
    other: Session


class Locks:
    """The sessions of both ends that may run: one for each neighbour and port, by name until one ends at the AS or TTL.

    Then BIRD has both ends of the call start again, behind those that wait for the same neighbour and port.
    """

    def __init__(self, turns: Turns, both: Sequence[Session]) -> None:
        """Everybody waits in the order of names."""
        self._waiting: dict[tuple[str, Address | None, int], list[Session]] = {}
        self._heard: dict[tuple[str, Address | None], Session] = {}
        for one in sorted(both, key=lambda session: turns.order(session.form)):
            self._waiting.setdefault(_lock(one), []).append(one)
            # Whose a call is BIRD tells by the address alone: it is the first one's by name (bgp.c bgp_find_proto).
            self._heard.setdefault((one.local.name, one.address), one)
        self._first = {_key(several[0]): None for several in self._waiting.values()}

    @property
    def running(self) -> list[Session]:
        """Those that have the lock."""
        return [several[0] for several in self._waiting.values()]

    def heard(self, far: Speaker, source: Address | None) -> Session | None:
        """For which session a node takes a call; None where it takes none, which waits or is not there."""
        first = self._heard.get((far.name, source))
        return first if first is not None and self._waiting[_lock(first)][0] is first else None

    def ahead(self, session: Session) -> Session | None:
        """The first one by name with the same neighbour and port, where that is another one."""
        if _key(session) in self._first:
            return None
        several = self._waiting[_lock(session)]
        return next((one for one in several if _key(one) in self._first), None)

    def give_way(self, ended: Sequence[_Call]) -> bool:
        """Whether any of the ends of such calls has others behind it, and goes there."""
        several = {_lock(end): end for call in ended for end in call}
        moved = [lock for lock, end in several.items() if len(self._waiting[lock]) > 1]
        for lock in moved:
            self._waiting[lock].append(self._waiting[lock].pop(0))
        return bool(moved)

    def state(self) -> tuple[_Key, ...]:
        """Which ones have their turn."""
        return tuple(map(_key, self.running))


class Meetings:
    """Who gets whom, where every end has one session at a time.

    With graceful restart, which all of Calico's sessions have, an end that has a session takes a new call for the same
    session in place of the old one (proto/bgp/bgp.c bgp_incoming_connection); it calls nobody itself meanwhile.
    """

    def __init__(self, turns: Turns, both: Sequence[Session], calls: Callable[[Locks], list[_Call]], steps: Steps):
        """`calls` are those of the sessions that have their turn."""
        locks = Locks(turns, both)
        self._of: dict[_Key, Meeting] = {}
        refused: dict[_Key, Session] = {}
        first: list[_Call] | None = None
        seen: set[tuple[_Key, ...]] = set()
        while True:
            steps.spend(_OF_CALL * len(both))
            every = calls(locks)
            ended = [call for call in every if not turns.fit(*call)]
            if first is None:
                # Who has a session calls nobody, so that its own call never ends.
                callers = {_key(caller) for caller, _ in ended}
                first = [call for call in every if _key(call[1]) in callers and turns.fit(*call)]
            for caller, called in ended:
                refused.setdefault(_key(caller), called)
                refused.setdefault(_key(called), caller)
            seen.add(locks.state())
            if not locks.give_way(ended) or locks.state() in seen:
                break
        # Who is called by one of another AS is stopped again and again.
        stopped = {_key(called): caller for caller, called in ended}
        fit = [call for call in every if turns.fit(*call)]
        self._settle([call for call in fit if not any(_key(end) in stopped for end in call)], steps)
        for one, other in (pair for caller, called in fit for pair in ((caller, called), (called, caller))):
            if _key(one) in stopped:
                self._of.setdefault(_key(one), Meeting("torn", stopped[_key(one)]))
            elif _key(other) in stopped:
                self._of.setdefault(_key(one), Meeting("taken", stopped[_key(other)]))
        for caller, called in first:
            for one, other in ((caller, called), (called, caller)):
                if self._of.get(_key(one)) != Meeting("met", other):
                    self._of[_key(one)] = Meeting("chance", other)
        for one in both:
            before, far = locks.ahead(one), refused.get(_key(one))
            if before is not None:
                self._of.setdefault(_key(one), Meeting("idle", before))
            elif far is not None:
                self._of.setdefault(_key(one), Meeting("refused", far))

    def _settle(self, calls: list[_Call], steps: Steps) -> None:
        """Those settle that nobody else disturbs, which may leave others in peace."""
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


def _lock(session: Session) -> tuple[str, Address | None, int]:
    return session.local.name, session.address, called_port(session)


class Calls:
    """The calls of nodes of which one has several sessions with the other one."""

    def __init__(self, turns: Turns, further: Further) -> None:
        """`further` finds sessions with further addresses."""
        self._turns = turns
        self._further = further
        self._met: dict[tuple[str, str, Family], Answer[Meetings]] = {}
        self._steps = Steps(turns.known.cluster, "BGP sessions with the same neighbour")

    def between(self, session: Session) -> Meetings | None:
        """What becomes of all sessions between the ends of one; None where each end has one with the other's address.

        Raises TooManyStepsError.
        """
        one, other, family = session.local, self._turns.far_node(session), session.family
        if other is None or other is one or one.address(family) is None or other.address(family) is None:
            return None
        if one.name > other.name:
            one, other = other, one
        key = (one.name, other.name, family)
        if key not in self._met:
            both = [*self._sessions(one, other, family), *self._sessions(other, one, family)]
            if len(both) < 3 and all(each.at_home and self._at_home(each) for each in both):
                return None
            self._met[key] = Answer(partial(self._meetings, both))
        return self._met[key].get()

    def _sessions(self, local: Speaker, far: Speaker, family: Family) -> Iterator[Session]:
        for peering in self._further(local, far, family):
            yield peering.session(local, far)
        yield from self._turns.between(local, far.address(family))

    def _at_home(self, session: Session) -> bool:
        """Whether a session is called from the BGP address of its node."""
        return session.source is not None or caller(session, self._steps) == session.local.address(session.family)

    def _meetings(self, both: list[Session]) -> Meetings:
        return Meetings(self._turns, both, self._calls, self._steps)

    def _calls(self, locks: Locks) -> list[_Call]:
        """Of sessions that run, as far as they reach one that does; with another password none does."""
        found = []
        for session in locks.running:
            far, turns = self._turns.far_node(session), self._turns
            if far is None or session.passive or called_port(session) != (far.port or BGP_PORT):
                continue
            if turns.known.settings.own_address_alone and session.address not in (far.address(4), far.address(6)):
                continue
            heard = locks.heard(far, caller(session, self._steps))
            if heard is not None and turns.has_password(session) == turns.has_password(heard):
                found.append((session, heard))
        return found


def caller(session: Session, steps: Budget = FREE) -> Address | None:
    """The address from which a session calls, its BGP address where nobody knows what the kernel takes."""
    return known_caller(session, steps) or session.local.address(session.family)


def known_caller(session: Session, steps: Budget = FREE) -> Address | None:
    """The address from which a session calls; None where the kernel takes it and facts do not tell which."""
    own, facts, address = session.source, session.local.facts, session.address
    if own is None and facts is not None and address is not None:
        steps.spend(size(facts))
        own = source_towards(facts, address)
    return own
