"""Policies that close egress by their types alone: which of them are told, and what else lets their pods send."""

from __future__ import annotations

import pytest

from callint.checks import find
from manifests import cluster_of

POLICY = """
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {selector: app == 'web', types: [Ingress, Egress], ingress: [{action: Allow}]}
"""
KUBERNETES = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress], ingress: [{ports: [{port: 80}]}]}
"""
OF_CLUSTER = """
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: web}
spec: {namespaceSelector: all(), selector: app == 'web', types: [Ingress, Egress], ingress: [{action: Allow}]}
"""
OTHER = """
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: names, namespace: shop}
spec: {selector: WHOM, types: [Egress], egress: [{action: ACTION, protocol: UDP, destination: {ports: [53]}}]}
"""
PASSING = """
---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: first}
spec: {order: 100, defaultAction: Pass}
"""


def other(whom: str, action: str = "Allow") -> str:
    return OTHER.replace("WHOM", whom).replace("ACTION", action)


@pytest.mark.parametrize(
    ("manifests", "field"),
    [
        (POLICY, "types"),
        (KUBERNETES, "policyTypes"),
        (OF_CLUSTER, "types"),
        (OF_CLUSTER.replace("namespaceSelector: all(), ", ""), None),  # host endpoints have failsafe ports
        (POLICY.replace("ingress: [{action: Allow}]", "egress: []"), None),
        (POLICY.replace("ingress:", "egress: [], ingress:"), None),
        (POLICY.replace("ingress:", "egress: [{action: Allow}], ingress:"), None),
        (POLICY.replace("types: [Ingress, Egress]", "types: [Ingress]"), None),
        (POLICY.replace("Allow", "Deny"), None),
        (POLICY.replace("app == 'web'", "all()"), None),
        (POLICY.replace("name: web", "name: isolate-web"), None),
        (POLICY.replace("kind: Net", "kind: StagedNet"), None),
        (KUBERNETES.replace("matchLabels: {app: web}", ""), None),
        (KUBERNETES.replace("name: web", "name: deny-web"), None),
        (POLICY + other("app == 'web'"), None),
        (POLICY + other("tier == 'front'"), None),  # some of the pods may have it
        (POLICY + other("app == 'db'"), "types"),
        (POLICY + other("app == 'web'", "Deny"), "types"),
        (POLICY.replace("name: web", "name: first.web").replace("{selector", "{tier: first, selector") + PASSING, None),
    ],
)
def test_who_sends_nothing(manifests: str, field: str | None) -> None:
    found = list(find("unsaid_egress")(cluster_of(manifests), {}))
    assert [one.path[-1] for one in found] == [field] * (field is not None)


def test_what_is_to_be_written() -> None:
    (found,) = find("unsaid_egress")(cluster_of(KUBERNETES), {})
    assert found.message == (
        'NetworkPolicy "shop/web" lets its pods send nothing, not even questions for names: "policyTypes" names '
        "Egress, and there are no egress rules"
    )
    assert found.help == 'leave Egress out of "policyTypes", or write "egress: []" if nothing is to be sent'
