"""One value of one object replaced by what does not belong there: something may be told, and nothing crashes."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.calico import Release, Road
from callint.config import Calico, Config
from callint.engine import Plan
from callint.lint import Options, lint
from callint.rule import load as load_rules
from callint.source import Sources, load, parse

Steps = tuple[str | int, ...]
OBJECTS: list[Any] = [one.value for one in load([str(Path(__file__).parent / "kinds.yaml")]).documents]
WRONG: list[Any] = [
    *("HTTP", "tcp", "", "\n", "a b", "!has(", "10.0.0.0/33", "::1/64", "x" * 300, "é", "²", "9" * 5000, "true", "1.5"),
    *(-1, 0, 70_000, 10**20, 1.5, True, None, [], {}, ["x"], [None], {"x": "y"}, [{}], [["x"]]),
]
PLAN = Plan(load_rules())
RELEASES: list[Release] = [(3, 26), (3, 30), (3, 32)]
ROADS: list[Road] = ["calicoctl", "native", "crd"]


def places(value: Any, above: Steps = ()) -> Iterator[Steps]:
    """Where a value may be another one."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in items:
        yield (*above, step)
        yield from places(child, (*above, step))


PLACES = [(number, steps) for number, one in enumerate(OBJECTS) for steps in places(one)]


def tree(number: int, steps: Steps, value: Any) -> Sources:
    changed = node = copy.deepcopy(OBJECTS[number])
    for step in steps[:-1]:
        node = node[step]
    node[steps[-1]] = value
    objects = [*OBJECTS[:number], changed, *OBJECTS[number + 1 :]]
    return parse("\n---\n".join(json.dumps(one) for one in objects), "kinds.yaml")


def crashes(sources: Sources, release: Release, road: Road) -> list[str]:
    options = Options(Calico(release, road))
    return [f"{one.rule.id}: {one.reason}" for one in lint(sources, Config(), PLAN, options).crashes]


@given(st.sampled_from(PLACES), st.sampled_from(WRONG), st.sampled_from(RELEASES), st.sampled_from(ROADS))
def test_a_wrong_value_crashes_nothing(place: tuple[int, Steps], value: Any, release: Release, road: Road) -> None:
    assert crashes(tree(*place, value), release, road) == []


@pytest.mark.parametrize(
    ("kind", "steps", "value"),
    [
        ("NetworkPolicy", ("spec", "egress", 0, "ports", 0, "protocol"), "HTTP"),
        ("NetworkPolicy", ("spec", "podSelector", "matchExpressions", 0), "a b"),
        ("NetworkPolicy", ("spec", "podSelector", "matchExpressions", 0, "operator"), ["x"]),
        ("AdminNetworkPolicy", ("spec", "ingress", 0, "ports", 0, "portNumber", "protocol"), "HTTP"),
        ("AdminNetworkPolicy", ("spec", "ingress", 0, "ports", 1, "namedPort"), "\n"),
        ("Pod", ("spec", "containers", 0, "ports", 0, "protocol"), True),
        ("Service", ("spec", "ports", 0, "protocol"), "HTTP"),
        ("Service", ("spec", "ports", 0, "targetPort"), "9" * 5000),
        ("DaemonSet", ("spec", "template", "spec", "containers", 0, "env", 0, "value"), "9" * 5000),
        ("GlobalNetworkPolicy", ("spec", "ingress", 0, "destination", "ports", 1), 1.5),
        ("GlobalNetworkPolicy", ("spec", "ingress", 0, "protocol"), True),
        ("BGPConfiguration", ("spec", "listenPort"), 70_000),
        ("FelixConfiguration", ("spec", "interfacePrefix"), ["x"]),
        ("FelixConfiguration", ("spec", "bpfEnabled"), ["x"]),
        ("KubeControllersConfiguration", ("spec", "controllers", "node", "hostEndpoint"), ["x"]),
    ],
)
@pytest.mark.parametrize("road", ROADS)
def test_what_once_crashed(kind: str, steps: Steps, value: Any, road: Road) -> None:
    number = next(place for place, one in enumerate(OBJECTS) if one["kind"] == kind)
    for release in RELEASES:
        assert crashes(tree(number, steps, value), release, road) == []
