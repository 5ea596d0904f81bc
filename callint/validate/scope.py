"""One object under judgement: who judges it, what was found, and the small words that the checks of all kinds share.

The roads differ in who refuses: `refuse` says once for each constraint who does, from which release on, and what
becomes of the value where nobody does (libcalico-go/lib/validator/v3 against the CRDs' schemas and CEL rules).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from callint.calico import Release, Road
from callint.finding import Path, Problem, Related, Span, Step
from callint.objects import Resource
from callint.objects.fields import as_text
from callint.record import NamedTuple
from callint.source import Limits

CEL: Release = (3, 32)
LATE_CEL: Release = (3, 33)
"""The releases whose CRDs took over the first and the other cross-field rules of Go's validator."""


LONGEST = 400
"""How many characters of a message are shown; values have any length."""


class Unreadable:
    """Stands where the schema stage found a value that nobody may read: present, of no type, equal to nothing."""

    __slots__ = ()


UNREADABLE = Unreadable()


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

    __slots__ = ("gaps", "limits", "of_values", "problems", "release", "resource", "road")

    def __init__(self, resource: Resource, release: Release, road: Road, limits: Limits) -> None:
        self.resource = resource
        self.release = release
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
        """Report the value at `path` (or its key); `gap` tells that nobody can read it."""
        base = self.resource.base
        place = span or self.resource.span(*path, key=key)
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
        if self.road == "calicoctl":
            if not checked:
                message = f"{message}; calicoctl and the API server refuse it"
        elif not checked:
            if stored is None:
                return
            kind, message = stored.kind, f"{message}; kubectl stores it, and {stored.text}"
            if gap and stored.modelled:
                self.say(kind, path, message, key=key, span=span, related=related, hint=hint)
                self.of_values.append(self.problems[-1])
                return
        self.say(kind, path, message, key=key, gap=gap, span=span, related=related, hint=hint)

    def everywhere(self, kind: str, path: Path, message: str, *, key: bool = False, gap: bool = False) -> None:
        """Report what no road refuses and what works on none, or what is wrong on each alike."""
        self.say(kind, path, message, key=key, gap=gap)

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


Check = Callable[[Scope, Path, Any], None]
"""Judges the value at a path; a value of another type than expected is the schema stage's affair."""


def fields(**table: Check) -> Check:
    """A map: the check of each field that is there."""
    get = table.get

    def check(scope: Scope, path: Path, value: Any) -> None:
        if value.__class__ is dict:
            for name, child in value.items():
                found = get(name)
                if found is not None and child is not None and child is not UNREADABLE:
                    found(scope, (*path, name), child)

    return check


def each(item: Check) -> Check:
    """A list: the check of every item."""

    def check(scope: Scope, path: Path, value: Any) -> None:
        if value.__class__ is list:
            for index, child in enumerate(value):
                if child is not None and child is not UNREADABLE:
                    item(scope, (*path, index), child)

    return check


def entries(item: Check) -> Check:
    """A map of any keys: the check of every value."""

    def check(scope: Scope, path: Path, value: Any) -> None:
        if value.__class__ is dict:
            for name, child in value.items():
                if child is not None and child is not UNREADABLE:
                    item(scope, (*path, name), child)

    return check


def together(*checks: Check) -> Check:
    """One value, several checks."""

    def check(scope: Scope, path: Path, value: Any) -> None:
        for one in checks:
            one(scope, path, value)

    return check


def text(
    verdict: Verdict,
    *,
    since: Release | None = None,
    stored: Effect | None = None,
    malformed: bool = False,
    empty: bool = True,
) -> Check:
    """A text that the verdict judges; an empty one counts as absent (Go's omitempty) unless `empty` is False.

    `malformed`: a value that is plainly no address, selector or duration is reported on the roads that nobody guards,
    too, under its own kind.
    """

    def check(scope: Scope, path: Path, value: Any) -> None:
        said = value if value.__class__ is str else as_text(value)
        if said is None or (empty and not said):
            return
        flaw = verdict(said)
        if flaw is not None:
            judge(scope, path, flaw, since=since, stored=stored, malformed=malformed)

    return check


GARBAGE = frozenset({"bad-address", "wrong-family", "bad-selector", "selector-newline", "bad-pattern", "bad-duration"})
"""Kinds of what no reader can understand, whatever let it in."""


def judge(
    scope: Scope,
    path: Path,
    flaw: Flaw,
    *,
    since: Release | None = None,
    stored: Effect | None = None,
    malformed: bool = False,
    span: Span | None = None,
    hint: str = "",
) -> None:
    """Report the flaw of a value at its path, and that nobody can read it."""
    guarded = scope.road == "calicoctl" or (since is not None and scope.release >= since)
    if malformed and not guarded and stored is None:
        if flaw.kind in GARBAGE:
            scope.say(flaw.kind, path, flaw.message, gap=True, span=span, hint=hint)
        return
    scope.refuse(flaw.kind, path, flaw.message, since=since, stored=stored, gap=True, span=span, hint=hint)


EMPTY: tuple[Any, ...] = ("", [], {})


def has(plain: dict[str, Any], name: str) -> bool:
    """Whether a text, list or map is written, readable and not empty, as Go's zero values are."""
    value = plain.get(name)
    return value is not None and value is not UNREADABLE and value not in EMPTY


def lacks(plain: dict[str, Any], name: str) -> bool:
    """Whether a text, list or map is surely absent or empty; one that is written and unreadable is neither."""
    value = plain.get(name)
    return value is None or value in EMPTY


def on(plain: dict[str, Any], name: str) -> bool:
    """Whether a flag is surely set."""
    return plain.get(name) is True


def off(plain: dict[str, Any], name: str) -> bool:
    """Whether a flag is surely not set."""
    value = plain.get(name)
    return value is None or value is False


def exclusive(scope: Scope, path: Path, plain: dict[str, Any], one: str, other: str, since: Release | None) -> None:
    """Two fields that cannot both be set: reported at the second one that is written."""
    if has(plain, one) and has(plain, other):
        order = list(plain)
        first, second = sorted((one, other), key=order.index)
        scope.refuse(
            "exclusive-fields",
            (*path, second),
            f'"{second}" and "{first}" cannot both be set',
            since=since,
            key=True,
            related=scope.related(*path, first, label="the other one"),
        )


def pruned(plain: dict[str, Any], gaps: tuple[Path, ...]) -> dict[str, Any]:
    """The object with `UNREADABLE` in the place of every gap; only what leads there is copied."""
    copy = dict(plain)
    own: set[int] = set()
    for gap in gaps:
        node: Any = copy
        for step in gap[:-1]:
            child = _at(node, step)
            if not isinstance(child, (dict, list)):
                break
            if id(child) not in own:
                node[step] = child = child.copy()
                own.add(id(child))
            node = child
        else:
            if gap and (isinstance(node, dict) or _at(node, gap[-1]) is not None):
                node[gap[-1]] = UNREADABLE
    return copy


def _at(node: Any, step: Step) -> Any:
    if isinstance(node, dict):
        return node.get(step)
    return node[step] if isinstance(node, list) and isinstance(step, int) and 0 <= step < len(node) else None
