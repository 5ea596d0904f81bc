"""Objects that are defined twice, and names that are none yet."""

from __future__ import annotations

import pytest

from callint.checks.objects.duplicate import check
from manifests import calico, cluster_of

POOL = {"cidr": "10.0.0.0/16"}


@pytest.mark.parametrize(("name", "told"), [("pods", 1), ("${POOL}", 0), ("pods-${ZONE}", 0)])
def test_names_with_a_placeholder_may_become_different_names(name: str, told: int) -> None:
    cluster = cluster_of([calico("IPPool", name, POOL), calico("IPPool", name, POOL)])
    assert len(list(check(cluster, {}))) == told
