"""Clusters from YAML text, for the tests of the BGP engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from callint.calico import Target
from callint.facts import read
from callint.objects import Cluster, Resource, unpack
from callint.source.load import parse

MakeCluster = Callable[..., Cluster]


@pytest.fixture(scope="session")
def make_cluster() -> MakeCluster:
    """A cluster from the text of manifests and facts."""

    def make(text: str, facts: str = "", release: tuple[int, int] = (3, 32)) -> Cluster:
        documents = parse(text).documents
        known, problems = read(parse(facts).documents)
        assert not problems
        resources = [Resource(one, path, plain) for one in documents for path, plain in unpack(one)]
        return Cluster(resources, Target(release), facts=known, documents=documents)

    return make
