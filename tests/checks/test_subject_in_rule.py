"""Rules that name whom the policy was to select: of the whole cluster and of a namespace."""

from __future__ import annotations

import pytest

from callint.checks import find
from manifests import cluster_of

POLICY = """
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  types: [Ingress]
  ingress:
    - {action: Allow, protocol: TCP, destination: {selector: app == 'api', ports: [443]}}
    - {action: Allow, protocol: UDP, destination: {selector: app == 'api', ports: [443]}}
"""
OF_CLUSTER = POLICY.replace("kind: Net", "kind: GlobalNet").replace(", namespace: shop", "")

DEFAULT_DENY = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
DENY_OF_CLUSTER = """
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: closed}
spec: {namespaceSelector: all(), types: [Ingress], ingress: [{action: Deny}]}
"""


@pytest.mark.parametrize(
    ("manifest", "whom"),
    [
        (POLICY, 'every pod of namespace "shop"'),
        (POLICY.replace("spec:", "spec:\n  selector: all()"), 'every pod of namespace "shop"'),
        (OF_CLUSTER, "every endpoint"),
        (POLICY.replace("spec:", "spec:\n  selector: has(app)"), None),
        (POLICY.replace("spec:", "spec:\n  serviceAccountSelector: has(role)"), None),
        (POLICY.replace("UDP, destination: {selector: app == 'api'", "UDP, destination: {selector: app == 'b'"), None),
        (POLICY.replace("UDP, destination: {selector: app == 'api', ", "UDP, destination: {"), None),
        (POLICY.replace("destination", "source"), None),
        (POLICY.replace("kind: Net", "kind: StagedNet"), None),
        (POLICY.replace("app == 'api'", "all()"), None),
        (OF_CLUSTER.replace("app == 'api'", "all()"), None),
        (POLICY + DEFAULT_DENY, None),
        (POLICY + DEFAULT_DENY.replace("shop", "till"), 'every pod of namespace "shop"'),
        (POLICY + DEFAULT_DENY.replace("Ingress", "Egress"), 'every pod of namespace "shop"'),
        (POLICY + DEFAULT_DENY.replace("{}", "{matchLabels: {app: b}}"), 'every pod of namespace "shop"'),
        (POLICY + DEFAULT_DENY.replace("[Ingress]", "[Ingress], ingress: [{}]"), 'every pod of namespace "shop"'),
        (POLICY + DENY_OF_CLUSTER, None),
        (POLICY + DENY_OF_CLUSTER.replace("all()", "kind == 'b'"), 'every pod of namespace "shop"'),
    ],
)
def test_whom_the_policy_selects(manifest: str, whom: str | None) -> None:
    found = list(find("policy_scope")(cluster_of(manifest), {"problem": "subject-in-rule"}))
    assert [one.message.split(",")[0] for one in found] == ([f'policy "api" selects {whom}'] if whom else [])
