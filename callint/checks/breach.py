"""What a check yields, and what a check is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from callint.finding import ObjectRef, Path, Related, Span, Witness, counted, witness
from callint.objects import Cluster, Resource
from callint.record import NamedTuple


class CheckError(Exception):
    """A rule gives a check parameters that it cannot use; the text says which, and what was expected.

    `parameter` is the one that is wrong, if it is one alone.
    """

    def __init__(self, message: str, parameter: str = "") -> None:
        """Raised by whoever reads the parameters; the engine says in which file they stand."""
        super().__init__(message)
        self.parameter = parameter


class Breach(NamedTuple):
    """One place where the cluster breaks a rule, or, with `undecided`, where a missing fact leaves it open.

    `span` is one small node: a key or a scalar; `path` leads to it from the object's root.
    """

    message: str
    span: Span
    object: ObjectRef | None = None
    path: Path = ()
    related: tuple[Related, ...] = ()
    witness: Witness | None = None
    help: str = ""
    undecided: bool = False

    @classmethod
    def at(
        cls,
        resource: Resource,
        path: Path,
        message: str,
        related: tuple[Related, ...] = (),
        witness: Witness | None = None,
        help: str = "",  # noqa: A002  # as the field is called
        *,
        key: bool = False,
        undecided: bool = False,
    ) -> Breach:
        """That of the value at a path of an object, shown there or at its key."""
        return cls(message, resource.span(*path, key=key), resource.ref, path, related, witness, help, undecided)


Check = Callable[[Cluster, Mapping[str, Any]], Iterator[Breach]]
Question = Callable[[Cluster], Iterator[Breach]]
Answering = TypeVar("Answering")


def asked(questions: Mapping[str, Answering], parameters: Mapping[str, Any]) -> Answering:
    """Of several questions about one subject the one that `problem` names; raises CheckError, naming all."""
    problem = parameters.get("problem", "")
    if not isinstance(problem, str):
        raise CheckError('the parameter "problem" must be a text', "problem")
    if problem not in questions:
        raise CheckError(f'the parameter "problem" is needed: {", ".join(questions)}', "problem")
    return questions[problem]


def switched(parameters: Mapping[str, Any], name: str) -> bool:
    """A parameter that is false unless a rule says otherwise; raises CheckError for what is neither true nor false."""
    value = parameters.get(name, False)
    if not isinstance(value, bool):
        raise CheckError(f'the parameter "{name}" must be true or false', name)
    return value


def unanswered(message: str, resource: Resource, cure: str = "") -> Breach:
    """What is left open, at the name of an object."""
    return Breach.at(resource, ("metadata", "name"), message, help=cure, undecided=True)


def unexamined(question: str, resource: Resource, reason: str, further: int = 0) -> Breach:
    """What was not examined of an object, and of so many others, since that would have taken too long."""
    others = f" and {counted(further, 'other')}" if further else ""
    return unanswered(f'{question} {resource.kind} "{resource.name}"{others} was not examined: {reason}', resource)


_MOST_NAMES = 20


def all_names(known: Sequence[str]) -> dict[str, Any]:
    """What a proof tells of the names that there are: all, or of very many the first and how many."""
    if len(known) <= _MOST_NAMES:
        return {"known": tuple(known)}
    return {"known": tuple(known[:_MOST_NAMES]), "known_in_all": len(known)}


def nobody(reference: str, known: Sequence[str]) -> Witness:
    """The proof that nothing bears a name."""
    return witness("reference", reference=reference, **all_names(known))


def object_words(resource: Resource, namespace: str | None) -> str:
    """An object as messages name it where there may be one of its name elsewhere: `NetworkPolicy "web/front"`."""
    scope = "" if namespace is None else f"{namespace}/"
    return f'{resource.kind} "{scope}{resource.name}"'


def rule_words(resource: Resource, path: Path) -> str:
    """A rule of a policy by its path, as messages name it: `rule ingress[2] of GlobalNetworkPolicy "lan"`."""
    _, direction, index = path[:3]
    return f'rule {direction}[{index}] of {resource.kind} "{resource.name}"'


def decision_place(path: Path) -> tuple[Path, bool]:
    """Where a decision by policy is shown: at the action of a rule, else at the key of its list or field."""
    in_rule = bool(path) and isinstance(path[-1], int)
    return ((*path, "action") if in_rule else path), not in_rule


_DECIDERS = {"no profile matched": "the end of all policy, for no profile allows it"}


def decider(resource: Resource | None, path: Path, reason: str) -> str:
    """What decided about a packet, to stand behind "by": a rule by its place, or else the policy engine's reason."""
    if resource is not None and len(path) > 2 and path[1] in ("ingress", "egress"):
        return rule_words(resource, path)
    said = reason.partition(" (")[0]
    tier = ended_tier(reason)
    return _DECIDERS.get(said, said) if tier is None else f'the end of tier "{tier}"'


def ended_tier(reason: str) -> str | None:
    """The tier of which the end decided, if it was one, from the policy engine's reason."""
    _, ended, tier = reason.partition(" (")[0].partition("end of tier ")
    return tier if ended else None
