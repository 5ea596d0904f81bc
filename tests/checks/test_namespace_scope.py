"""Rules of namespaced policies that mean something outside: what is known there and what at home."""

from __future__ import annotations

import pytest

from callint.checks import find
from manifests import cluster_of, hosts

POLICY = """
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: app == 'web'
  types: [Ingress]
  ingress: [{action: Allow, source: {selector: app == 'prometheus'}}]
"""
OF_LAN = POLICY.replace("app == 'prometheus'", "zone == 'lan'") + "---\n"
HOME = """
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: []}
"""
AWAY = """
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: prometheus, namespace: monitoring}
spec: {template: {metadata: {labels: {app: prometheus}}, spec: {containers: []}}}
"""
OF_SHOP = AWAY.replace("namespace: monitoring", "namespace: shop")
UNPLACED = AWAY.replace(", namespace: monitoring", "")
ON_HOST = AWAY.replace("spec: {containers", "spec: {hostNetwork: true, containers")


@pytest.mark.parametrize(
    ("manifests", "named"),
    [
        (POLICY + HOME + AWAY, 'Deployment "monitoring/prometheus"'),
        (POLICY + AWAY, None),  # whoever is in the namespace is kept elsewhere
        (POLICY + HOME, None),
        (POLICY + HOME + AWAY + OF_SHOP, None),
        (POLICY + HOME + AWAY + UNPLACED, None),  # it may be of the namespace
        (POLICY + HOME + UNPLACED, None),
        (POLICY + HOME + ON_HOST, None),
        (POLICY.replace(", namespace: shop", "") + HOME + AWAY, None),
        (POLICY.replace("app == 'prometheus'", "app != 'x'") + HOME + AWAY, None),
        (POLICY.replace("source: {", "source: {namespaceSelector: all(), ") + HOME + AWAY, None),
        (POLICY.replace("kind: Net", "kind: StagedNet") + HOME + AWAY, None),
        (OF_LAN + hosts(lan="10.0.0.1") + HOME, 'HostEndpoint "lan"'),
        (OF_LAN + hosts(lan="10.0.0.1"), None),
        (OF_LAN + hosts(lan="10.0.0.1").replace(", expectedIPs: [10.0.0.1]", "") + HOME, None),  # it has no address
    ],
)
def test_what_is_meant(manifests: str, named: str | None) -> None:
    found = list(find("namespace_scope")(cluster_of(manifests), {}))
    assert [named is not None and f"by labels of {named}," in one.message for one in found] == [True] * bool(named)


def test_the_cure_names_the_namespace() -> None:
    (found,) = find("namespace_scope")(cluster_of(POLICY + HOME + AWAY), {})
    assert found.help == "add `namespaceSelector: projectcalico.org/name == 'monitoring'` beside the selector"
    assert found.path == ("spec", "ingress", 0, "source", "selector")
