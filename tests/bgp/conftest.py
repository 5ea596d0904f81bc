"""Clusters from YAML text, for the tests of the BGP engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from callint.bgp.network import Network, network
from callint.calico import Target
from callint.objects import Cluster
from manifests import cluster_of

MakeCluster = Callable[..., Cluster]


@pytest.fixture(scope="session")
def make_cluster() -> MakeCluster:
    """A cluster from the text of manifests and facts."""

    def make(text: str, facts: str = "", release: tuple[int, int] = (3, 32), **how: Any) -> Cluster:
        return cluster_of(text, Target(release), facts=facts, **how)

    return make


@pytest.fixture
def made(make_cluster: Any) -> Any:
    def make(*objects: Any, **options: Any) -> Network:
        return network(make_cluster("---\n".join(json.dumps(one) + "\n" for one in objects), **options))

    return make
