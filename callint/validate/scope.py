"""One object under judgement: who judges it, and what was found.

The roads differ in who refuses: `refuse` says once for each constraint who does, from which release on, and what
becomes of the value where nobody does (libcalico-go/lib/validator/v3 against the CRDs' schemas and CEL rules).
"""

from __future__ import annotations

from collections.abc import Callable

from callint.calico import Release, Road, Target
from callint.finding import Path, Problem, Related, Span, Step
from callint.objects import Resource
from callint.record import NamedTuple
from callint.source import Limits

CEL: Release = (3, 32)
LATE_CEL: Release = (3, 33)
"""The releases whose CRDs took over the first and the other cross-field rules of Go's validator."""

LONGEST = 400
"""How many characters of a message are shown; values have any length."""


class Effect(NamedTuple):
    """What becomes of a value that a road lets in: the kind of problem, and the sentence's end that says it.

    What is `modelled` the policy engine makes of it too, so that the value is no gap.
    """

    kind: str
    text: str
    modelled: bool = False


class Flaw(NamedTuple):
    """What is wrong with a value whoever reads it: the kind of problem, and a sentence without its end."""

    kind: str
    message: str


Verdict = Callable[[str], Flaw | None]
"""Judges one text; cached, for the same few values stand in many objects."""


class Scope:
    """The object, the target, and the problems so far; those `of_values` hold whatever else the object has."""

    __slots__ = ("gaps", "limits", "of_values", "problems", "release", "resource", "road", "target")

    def __init__(self, resource: Resource, target: Target, road: Road, limits: Limits) -> None:
        self.resource = resource
        self.release = target.release
        self.target = target
        self.road = road
        self.limits = limits
        self.problems: list[Problem] = []
        self.of_values: list[Problem] = []
        self.gaps: dict[Path, None] = {}

    @property
    def name(self) -> str:
        """What the object is called; empty where nobody can read that."""
        return "" if self.resource.unreadable("metadata", "name") else self.resource.name

    def say(
        self,
        kind: str,
        path: Path,
        message: str,
        *,
        key: bool = False,
        gap: bool = False,
        span: Span | None = None,
        related: tuple[Related, ...] = (),
        hint: str = "",
    ) -> None:
        """Report the value at `path` (or its key), on every road alike; `gap` tells that nobody can read it.

        What is about an object as a whole, or about a field that it has not, stands at its kind.
        """
        base = self.resource.base
        written = path and path[0] in self.resource.plain
        place = span or (self.resource.span(*path, key=key) if written else self.resource.span("kind"))
        problem = Problem(kind, place, shown(message), related, (*base, *path), hint)
        self.problems.append(problem)
        if gap:
            self.gaps[path] = None
            self.of_values.append(problem)

    def refuse(
        self,
        kind: str,
        path: Path,
        message: str,
        *,
        since: Release | None = None,
        stored: Effect | None = None,
        key: bool = False,
        gap: bool = False,
        span: Span | None = None,
        related: tuple[Related, ...] = (),
        hint: str = "",
    ) -> None:
        """Report what Calico's Go code refuses on the road of calicoctl, and the CRDs on the others from `since` on.

        Where the CRDs let it in, `stored` is what happens then; without it the value does there what it says.
        """
        checked = since is not None and self.release >= since
        modelled = False
        if self.road == "calicoctl":
            if not checked:
                message = f"{message}; calicoctl and the API server refuse it"
        elif not checked:
            if stored is None:
                return
            kind, message = stored.kind, f"{message}; kubectl stores it, and {stored.text}"
            modelled = gap and stored.modelled
        self.say(kind, path, message, key=key, gap=gap and not modelled, span=span, related=related, hint=hint)
        if modelled:
            self.of_values.append(self.problems[-1])

    def related(self, *path: Step, label: str) -> tuple[Related, ...]:
        """The key of another field of the object, as the second place of a problem."""
        return (Related(self.resource.span(*path, key=True), label),)


def shown(message: str) -> str:
    """A message fit for one line, whatever value it quotes."""
    if len(message) > LONGEST:
        message = f"{message[: LONGEST // 2]}…{message[-LONGEST // 2 :]}"
    if message.isprintable():
        return message
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in message)


GARBAGE = frozenset({"bad-address", "wrong-family", "bad-selector", "selector-newline", "bad-pattern", "bad-duration"})
"""Kinds of what no reader can understand, whatever let it in."""


def judge(
    scope: Scope,
    path: Path,
    flaw: Flaw | None,
    *,
    since: Release | None = None,
    stored: Effect | None = None,
    malformed: bool = False,
    span: Span | None = None,
    hint: str = "",
) -> None:
    """Report the flaw of a value at its path, if it has one, and that nobody can read it.

    One that is `malformed` no reader takes, so that it is reported on the roads that nobody guards, too.
    """
    if flaw is None:
        return
    guarded = scope.road == "calicoctl" or (since is not None and scope.release >= since)
    if malformed and not guarded and stored is None:
        if flaw.kind in GARBAGE:
            scope.say(flaw.kind, path, flaw.message, gap=True, span=span, hint=hint)
        return
    scope.refuse(flaw.kind, path, flaw.message, since=since, stored=stored, gap=True, span=span, hint=hint)
