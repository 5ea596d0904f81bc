"""Policies that only deny, in a tier that passes on what others get."""

from __future__ import annotations

from typing import Any

import pytest

from manifests import calico, cluster_of
from shipped_rules import told_by

TIER = calico("Tier", "security", {"order": 100})
DENY = {"action": "Deny", "source": {"nets": ["198.51.100.0/24"]}}
PASS = {"action": "Pass"}


def policy(name: str, namespaces: str, *rules: dict[str, Any], tier: str = "security", **spec: Any) -> dict[str, Any]:
    whole = {"tier": tier, "namespaceSelector": namespaces, "types": ["Ingress"], "ingress": list(rules), **spec}
    return calico("GlobalNetworkPolicy", f"{tier}.{name}", whole)


def pod(namespace: str) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [{"name": "a"}]}}


EVERY = "has(projectcalico.org/name)"
BLOCK, SHOP = policy("block", EVERY, DENY), "projectcalico.org/name == 'shop'"


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ((BLOCK, policy("pass", SHOP, PASS), pod("monitoring")), True),
        ((BLOCK, policy("pass", SHOP, PASS), pod("shop")), False),
        ((BLOCK, policy("pass", EVERY, PASS), pod("monitoring")), False),
        ((BLOCK, policy("pass", "has(team)", PASS), pod("monitoring")), False),  # its namespace may have the label
        ((BLOCK, policy("pass", SHOP, PASS)), False),
        ((BLOCK, policy("pass", SHOP, {**PASS, "protocol": "TCP"}), pod("monitoring")), False),  # closed on purpose
        ((BLOCK, policy("pass", SHOP, PASS), policy("more", EVERY, {"action": "Allow"}), pod("monitoring")), False),
        ((policy("block", EVERY, {"action": "Deny"}), policy("pass", SHOP, PASS), pod("monitoring")), False),
        ((policy("block", EVERY, DENY, PASS), policy("pass", SHOP, PASS), pod("monitoring")), False),
        ((policy("block", EVERY), policy("pass", SHOP, PASS), pod("monitoring")), False),
    ],
)
def test_a_pod_that_is_left_out(objects: tuple[dict[str, Any], ...], told: bool) -> None:
    found = told_by(cluster_of([TIER, *objects]), "POL041")
    assert bool(found) is told


def test_a_tier_that_passes_at_its_end_and_the_default_one() -> None:
    passing = calico("Tier", "security", {"order": 100, "defaultAction": "Pass"})
    assert not told_by(cluster_of([passing, BLOCK, policy("pass", SHOP, PASS), pod("monitoring")]), "POL041")
    last = (policy("block", EVERY, DENY, tier="default"), policy("pass", SHOP, PASS, tier="default"))
    assert not told_by(cluster_of([*last, pod("monitoring")]), "POL041")


def test_it_is_told_once() -> None:
    """Of what nothing in the tier opens, and of a pod in it."""
    block = policy("block", "projectcalico.org/name == 'monitoring'", DENY)
    (found,) = told_by(cluster_of([TIER, block, policy("pass", SHOP, PASS), pod("monitoring")]), "POL041")
    assert 'no policy of tier "security" allows any' in found.message
