"""A check that is not asked, because none of its kinds occurs, would have said nothing."""

from __future__ import annotations

import pytest

from callint import config, rule
from callint.checks import CheckError
from callint.checks.registry import CHECKS, concerns, find
from callint.engine import Plan
from callint.lint import Options, describe
from callint.objects import Cluster
from callint.source import load

CATALOGUE = rule.load()


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> list[Cluster]:
    """What all examples of all rules describe."""
    found = []
    patch = pytest.MonkeyPatch()
    for one in CATALOGUE:
        for number, example in enumerate(rule.explanation(one).examples):
            folder = tmp_path_factory.mktemp(f"{one.id}-{number}")
            patch.chdir(folder)
            files = {"callint.yaml": example.config, "facts.yaml": example.facts, f"m.{example.format}": example.bad}
            for name, text in files.items():
                (folder / name).write_bytes(text.encode(example.encoding))
            settings = config.load("callint.yaml")
            facts = ("facts.yaml",) if example.facts else ()
            sources = load([f"m.{example.format}"], limits=settings.limits)
            found += describe(sources, settings, Options(facts=facts), Plan(CATALOGUE)).clusters
    patch.undo()
    return found


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_refuses_a_problem_that_it_does_not_know(name: str) -> None:
    with pytest.raises(CheckError, match="problem"):
        list(find(name)(Cluster(()), {"problem": "no such thing"}))


def test_what_is_not_asked_has_nothing_to_say(clusters: list[Cluster]) -> None:
    asked = dict.fromkeys(CHECKS, 0)
    for one in CATALOGUE:
        if one.staged:
            continue
        for cluster in clusters:
            if concerns(one.check, cluster):
                asked[one.check] += 1
            else:
                assert list(find(one.check)(cluster, one.parameters)) == [], (one.id, cluster.all)
    used = {one.check for one in CATALOGUE if not one.staged}
    assert {name for name in used if not asked[name]} == set()


@pytest.mark.parametrize(
    ("identifier", "parameter", "said"),
    [
        ("BGP007", "everywhere", "must be true or false"),
        ("HEP014", "governed", "must be true or false"),
        ("BGP001", "unless_unknown", "must be true or false"),
        ("BGP001", "kind", "is needed, as text"),
    ],
)
@pytest.mark.parametrize("value", [5, None, [True], "", {}])
def test_a_parameter_of_another_type_is_refused(identifier: str, parameter: str, said: str, value: object) -> None:
    one = CATALOGUE.get(identifier)
    assert one is not None
    with pytest.raises(CheckError, match=f'"{parameter}" {said}') as caught:
        list(find(one.check)(Cluster(()), {**one.parameters, parameter: value}))
    assert caught.value.parameter == parameter
