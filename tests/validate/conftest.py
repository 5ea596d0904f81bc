"""Rows of tables: an object as YAML with the places of its problems marked, and what reports them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from callint.calico import Target, parse_exact
from callint.calico.defaults import LAST_LEGACY_SELECTORS
from callint.calico.kinds import NAMESPACED, V1, V3
from callint.finding import Problem
from callint.intake.judge import judge
from callint.objects import Cluster, Resource, unpack
from callint.policy.admission import refused
from callint.policy.tiers import policies_of
from callint.schema import Examined, examine
from callint.source import parse
from callint.validate import validate

RAW_NAMES = {"IPAMConfiguration": "IPAMConfig"}


class Judged(NamedTuple):
    """Every problem of a text by schema stage and validation together, and the validation alone."""

    problems: list[Problem]
    validated: list[Examined]


def judge_text(text: str, release: str = "v3.32", road: str = "calicoctl") -> Judged:
    target = Target.at(parse_exact(release), "native" if road == "native" else "calicoctl")
    problems: list[Problem] = []
    validated = []
    for document in parse(text, "m.yaml").documents:
        for base, plain in unpack(document):
            resource = Resource(document, base, plain)
            road_ = target.road_of(resource.api_version)
            examined = examine(document, base, plain, target, road_)
            resource.gaps = examined.gaps
            validated.append(validate(resource, target, road_))
            problems += [*examined.problems, *validated[-1].problems]
    return Judged(problems, validated)


def unmarked(text: str) -> tuple[str, list[tuple[int, int, int, int]]]:
    """The text without its marks «...», and the places between them: line, column, end line, end column."""
    plain: list[str] = []
    opened: list[tuple[int, int]] = []
    places = []
    line = column = 1
    for character in text:
        if character == "«":
            opened.append((line, column))
        elif character == "»":
            places.append((*opened.pop(), line, column))
        else:
            plain.append(character)
            line, column = (line + 1, 1) if character == "\n" else (line, column + 1)
    assert not opened, "a mark is not closed"
    return "".join(plain), places


def manifest(kind: str, rest: str, road: str) -> str:
    """`Kind/name` and what follows the metadata as a manifest; a text that begins with apiVersion is one already."""
    if rest.startswith("apiVersion"):
        return rest
    kind, _, name = kind.partition("/")
    place = ", namespace: shop" if kind in NAMESPACED else ""
    api, named = (V1, RAW_NAMES.get(kind, kind)) if road == "crd" else (V3, kind)
    return f"apiVersion: {api}\nkind: {named}\nmetadata: {{name: {name or 'x'}{place}}}\n{rest}"


@pytest.fixture(scope="session", name="judge")
def judge_() -> Callable[..., Judged]:
    """Judge a manifest: `judge(text, release, road)`."""
    return judge_text


@pytest.fixture(scope="session")
def refused_unsaid() -> Callable[..., list[str]]:
    """The policies that Felix or a validator has not, where nothing was found wrong; arguments as for `hold`."""

    def ask(kind: str, rest: str, _: str = "", release: str = "v3.32", road: str = "calicoctl") -> list[str]:
        target = Target.at(parse_exact(release), "native" if road == "native" else "calicoctl")
        text, _ = unmarked(manifest(kind, rest, road))
        judged = list(judge(parse(text, "m.yaml").documents, target))
        resources = [resource for resource, _ in judged]
        if not all(resource.sound for resource in resources) or target.release <= LAST_LEGACY_SELECTORS:
            return []
        assert not any(problems for _, problems in judged)
        for resource in resources:
            resource.sound = False  # else nobody would look
        policies = policies_of(Cluster(resources, target))
        return [one.name for one in policies if refused(one, target.road_of(one.resource.api_version), target)]

    return ask


@pytest.fixture(scope="session")
def hold() -> Callable[..., Judged]:
    """Check one object: Kind/name, marked YAML after the metadata, kinds of problems at the marks, release, road."""

    def check(kind: str, rest: str, kinds: str, release: str = "v3.32", road: str = "calicoctl") -> Judged:
        text, places = unmarked(manifest(kind, rest, road))
        judged = judge_text(text, release, road)
        found = sorted((tuple(problem.span[1:]), problem.kind) for problem in judged.problems)
        expected = kinds.split()
        assert len(places) == len(expected), "a mark for each problem"
        assert found == sorted(zip(places, expected, strict=True)), [problem.message for problem in judged.problems]
        for problem in judged.problems:
            assert "\n" not in problem.message
            assert not problem.message.endswith(".")
        return judged

    return check
