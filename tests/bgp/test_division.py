"""Sessions that are alike are put together in little work for each pair of nodes."""

from __future__ import annotations

from typing import Any

import pytest

from callint.bgp.profile import Profile
from callint.bgp.routes import Engine, engine
from calls import calls
from hostile_bgp import advertised, nodes
from manifests import cluster_of

COUNT = 40


@pytest.fixture
def model() -> Engine:
    """Nodes of which each has a network of its own."""
    return engine(cluster_of(advertised() + nodes(COUNT)))


def test_what_nodes_export_is_never_compared(model: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Profiles hold as many networks as there are for services, and equal ones are the same object."""
    model.profiles.of(model.network.speakers["n0"], 4)

    def compared(*_: Any) -> bool:
        raise AssertionError

    monkeypatch.setattr(Profile, "__eq__", compared)
    assert sum(group.size for group in model.division.groups()) == COUNT * COUNT


def test_a_pair_of_nodes_takes_few_calls(model: Engine) -> None:
    assert len(list(model.network)) == COUNT * COUNT
    assert calls(lambda: list(model.division.groups())) < 25 * COUNT * COUNT
