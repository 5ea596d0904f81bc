"""Pools of public addresses that masquerade."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks.pools.public_pool import check
from manifests import calico, cluster_of


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({}, True),
        ({"allowedUses": ["LoadBalancer"]}, False),
        ({"allowedUses": "Tunnel"}, False),
        ({"disabled": "maybe"}, False),
        ({"natOutgoing": False}, False),
        ({"cidr": "10.0.0.0/16"}, False),
        ({"cidr": "2600::/48"}, False),
    ],
)
def test_what_is_told(spec: dict[str, Any], told: bool) -> None:
    """A pool of which a part cannot be read may be one that pods do not use."""
    pool = calico("IPPool", "pods", {"cidr": "11.0.0.0/16", "natOutgoing": True, **spec})
    assert bool(list(check(cluster_of([pool], judged=True), {}))) is told
