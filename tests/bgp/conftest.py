"""Clusters from YAML text, for the tests of the BGP engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from callint.calico import Target
from callint.objects import Cluster
from manifests import cluster_of

MakeCluster = Callable[..., Cluster]


@pytest.fixture(scope="session")
def make_cluster() -> MakeCluster:
    """A cluster from the text of manifests and facts."""

    def make(text: str, facts: str = "", release: tuple[int, int] = (3, 32), **how: bool) -> Cluster:
        return cluster_of(text, Target(release), facts=facts, **how)

    return make
