"""Rules for what hosts forward in policies that are not asked about it, where facts tell what is local."""

from __future__ import annotations

import pytest

from callint.checks import find
from manifests import cluster_of, hosts, pod

HOSTS = hosts(lan="10.0.0.1")
POLICY = """
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: rack}
spec:
  selector: zone == 'lan'
  types: [Ingress]
  ingress: [{action: Deny, destination: {nets: [10.1.0.0/24]}}]
"""
EGRESS = POLICY.replace("Ingress", "Egress").replace("ingress", "egress").replace("destination", "source")
OTHER = "\n---\n" + hosts(lan="10.1.0.1").replace("router", "second").replace("name: lan,", "name: second,")
POD = "\n---\n" + pod("web", "shop", "10.244.0.5", "router", zone="lan")
FACTS = """
version: 1
node: router
interfaces: [{name: lan0, addresses: [10.0.0.1/24, "fd00::1/64"]}, {name: wan0, addresses: [192.0.2.7/28]}]
"""


@pytest.mark.parametrize(
    ("manifests", "facts", "told"),
    [
        (HOSTS + POLICY, FACTS, True),
        (HOSTS + EGRESS, FACTS, True),
        (HOSTS + POLICY.replace("10.1.0.0/24", "fd01::/64"), FACTS, True),
        (HOSTS + POLICY.replace("10.1.0.0/24", "'no network'"), FACTS, False),
        (HOSTS + POLICY, "", False),
        (HOSTS + POLICY, FACTS.split("interfaces")[0], False),
        (HOSTS + POLICY, FACTS.replace("192.0.2.7/28", "10.1.0.1/24"), False),
        (HOSTS + POLICY.replace("10.1.0.0/24", "10.0.0.254/32"), FACTS, False),  # it may wander
        (HOSTS + POLICY.replace("10.1.0.0/24", "10.1.0.0/24, 10.0.0.1/32"), FACTS, False),
        (HOSTS + POLICY.replace("10.1.0.0/24", "224.0.0.18/32"), FACTS, False),
        (HOSTS + POLICY.replace("10.1.0.0/24", "10.0.0.0/8"), FACTS, False),
        (HOSTS + POLICY.replace("destination", "source"), FACTS, False),  # whoever sends to the node
        (HOSTS + POLICY.replace("types:", "applyOnForward: true\n  types:"), FACTS, False),
        (HOSTS + POLICY.replace("zone == 'lan'", "all()"), FACTS, False),
        (HOSTS + POLICY.replace("zone == 'lan'", "has(zone) || has(app)"), FACTS, True),
        (HOSTS + POD + POLICY, FACTS, False),
        (HOSTS + OTHER + POLICY, FACTS, False),  # nobody knows the other's addresses
        (HOSTS + POLICY.replace("kind: Global", "kind: StagedGlobal"), FACTS, False),
    ],
)
def test_what_is_not_asked(manifests: str, facts: str, told: bool) -> None:
    found = list(find("forwarded_rule")(cluster_of(manifests, facts=facts), {}))
    assert len(found) == told
    if told:
        assert "without applyOnForward the policy is not asked" in found[0].message
