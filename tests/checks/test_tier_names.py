"""Policies that are called after a tier in which they are not."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from manifests import calico, cluster_of
from shipped_rules import told_by

OPEN = {"selector": "app == 'web'", "types": ["Ingress"], "ingress": [{"action": "Allow"}]}
TIER = calico("Tier", "platform", {"order": 100})


@pytest.mark.parametrize(
    ("name", "more", "told"),
    [
        ("platform.web", {}, True),
        ("platform.web", {"tier": "platform"}, False),
        ("platform.web", {"tier": "default"}, False),  # somebody wants it there
        ("platform-web", {}, False),
        ("platforms.web", {}, False),
        ("default.web", {}, False),
    ],
)
def test_who_is_called_after_a_tier(name: str, more: dict[str, Any], told: bool) -> None:
    found = told_by(cluster_of([TIER, calico("GlobalNetworkPolicy", name, {**OPEN, **more})]), "POL062")
    assert [one.path for one in found] == [("metadata", "name")] * told


def test_a_tier_that_nobody_wrote_and_a_release_that_refuses_the_name() -> None:
    policy = calico("GlobalNetworkPolicy", "platform.web", OPEN)
    assert not told_by(cluster_of([policy]), "POL062")
    assert not told_by(cluster_of([TIER, policy], target=Target((3, 31))), "POL062")
