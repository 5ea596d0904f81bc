"""The objects of documents, each judged by itself: shape first, then values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from callint.calico import Target
from callint.finding import Problem
from callint.objects import Resource, resources
from callint.record import NamedTuple
from callint.source import Limits

if TYPE_CHECKING:
    from callint.schema.from_crds import Crds
    from callint.source import Document


class Judged(NamedTuple):
    """An object with its gaps, and what is wrong with it."""

    resource: Resource
    problems: tuple[Problem, ...]


class Measure(NamedTuple):
    """What files and objects are held against, besides a target: bounds, and a cluster's own CRDs for callint's."""

    limits: Limits = Limits()
    crds: Crds | None = None


MEASURE = Measure()
_NOT_THERE = ("field-too-new", "field-removed")
Judge = Callable[[Iterable["Document"], Target], Iterable[Judged]]


def judge(documents: Iterable[Document], target: Target, measure: Measure = MEASURE) -> Iterator[Judged]:
    """Every object of the documents, in their order, by the schema of its kind and by Calico's own validation."""
    from callint.schema import examine
    from callint.validate import validate

    for document in documents:
        for resource in resources(document):
            road = target.road_of(resource.api_version)
            examined = examine(resource.document, resource.base, resource.plain, target, road, measure.crds)
            resource.gaps = examined.gaps
            validated = validate(resource, target, road, measure.limits)
            resource.gaps += validated.gaps
            problems = (*examined.problems, *_untold(examined.problems, validated.problems))
            resource.sound = document.complete and not problems and not resource.gaps
            yield Judged(resource, problems)


def _untold(told: tuple[Problem, ...], problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """What is left to say where the release has no such field: of its value nothing, for it is not to be there."""
    strange = {problem.path for problem in told if problem.kind in _NOT_THERE} if problems else ()
    if not strange:
        return problems
    return tuple(one for one in problems if not any(one.path[: len(path)] == path for path in strange))


def unjudged(documents: Iterable[Document]) -> list[Judged]:
    """The same objects, before anything was found wrong with one."""
    return [Judged(resource, ()) for document in documents for resource in resources(document)]
