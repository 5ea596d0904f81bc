"""References that a later step fills in: nothing is said to be missing, or to be unused for want of them."""

from __future__ import annotations

import pytest

from callint import rule
from callint.checks import find
from callint.objects import Intent
from manifests import cluster_of

MANIFESTS = """
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: one, labels: {rack: a}}
---
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: node.%s}
spec: {listenPort: 1790}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: named}
spec: {node: '%s', peerIP: 10.0.0.1, asNumber: 65000}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: selected}
spec: {nodeSelector: rack == '%s', peerSelector: rack == '%s'}
---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: platform}
spec: {order: 10}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: x}
spec: {tier: '%s', selector: app == 'web', types: [Ingress]}
"""
RULES = {one.id: one for one in rule.load()}


@pytest.mark.parametrize(
    ("identifier", "places"),
    [
        ("REF011", [("spec", "node"), ("metadata", "name")]),
        ("REF012", [("spec", "nodeSelector"), ("spec", "peerSelector")]),
        ("REF025", [("spec", "tier")]),
        ("POL044", [("metadata", "name")]),
    ],
)
@pytest.mark.parametrize("left", [True, False])
def test_what_is_left_to_be_filled_in_may_be_anything(identifier: str, places: list[object], left: bool) -> None:
    written = "${NAME}" if left else "other"
    cluster = cluster_of(MANIFESTS % ((written,) * 5), intent=Intent(complete=("Node",)), judged=True)
    one = RULES[identifier]
    assert [breach.path for breach in find(one.check)(cluster, one.parameters)] == ([] if left else places)
