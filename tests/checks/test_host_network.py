"""Selectors that match nothing but pods on the network of their host."""

from __future__ import annotations

import pytest

from callint.checks import find
from manifests import cluster_of

EDGE = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: edge, namespace: edge}
spec: {template: {metadata: {labels: {app: edge}}, spec: {hostNetwork: true, containers: []}}}
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: edge, namespace: edge, labels: {app: edge}}
spec: {hostNetwork: true, containers: []}
"""
ORDINARY = "---" + POD.replace("hostNetwork: true, ", "").replace("name: edge,", "name: other,")
RULE = """
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: web}
spec: {selector: app == 'web', types: [Ingress], ingress: [{action: Allow, source: {selector: app == 'edge'}}]}
"""
SUBJECT = """
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: edge, namespace: edge}
spec: {selector: app == 'edge', types: [Ingress], ingress: [{action: Allow}]}
"""
SET = """
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {name: edge, labels: {app: edge}}
spec: {nets: [192.0.2.0/24]}
"""
OF_NAMESPACE = RULE.replace("{selector: app == 'edge'}", "{selector: app == 'edge', namespaceSelector: NS}")


@pytest.mark.parametrize(
    ("manifests", "told"),
    [
        (EDGE + RULE, True),
        (EDGE + SUBJECT, True),
        (POD + RULE, True),
        (POD + SUBJECT, True),
        (EDGE + ORDINARY + RULE, False),
        (EDGE + ORDINARY + SUBJECT, False),
        (EDGE + SET + RULE, False),
        (EDGE + SET + SUBJECT, True),  # no policy applies to a network set
        (EDGE.replace("hostNetwork: true, ", "") + RULE, False),
        (EDGE + RULE.replace("app == 'edge'", "app != 'web'"), False),
        (EDGE + RULE.replace("app == 'edge'", "app == 'edges'"), False),
        (EDGE + RULE.replace("app == 'edge'", "\"app in {'edge', 'proxy'}\""), False),  # proxies nobody knows
        (EDGE + RULE.replace("app == 'edge'", "app == 'edge' || app == 'proxy'"), False),
        (EDGE + RULE.replace("app == 'edge'", "has(app)"), False),
        (EDGE + RULE.replace("app == 'edge'", "app starts with 'edge'"), False),
        (EDGE + RULE.replace("app == 'edge'", "\"app in {'edge'}\""), True),
        (EDGE + RULE.replace("app == 'edge'", "app == 'edge' && !has(exempt) && tier != 'x'"), True),
        (EDGE + SUBJECT.replace("namespace: edge", "namespace: shop"), False),
        (EDGE.replace(", namespace: edge", "") + SUBJECT, False),  # whichever it is in
        (EDGE + OF_NAMESPACE.replace("NS", "projectcalico.org/name == 'edge'"), True),
        (EDGE + OF_NAMESPACE.replace("NS", "kubernetes.io/metadata.name == 'edge'"), True),
        (EDGE + OF_NAMESPACE.replace("NS", "team == 'edge'"), False),
        (EDGE + OF_NAMESPACE.replace("NS", "global()"), False),
    ],
)
def test_what_is_known(manifests: str, told: bool) -> None:
    found = list(find("selection")(cluster_of(manifests), {"problem": "host-network"}))
    assert len(found) == told
    if told:
        assert 'edge", which runs on the network of its host' in found[0].message


def test_a_set_without_labels_is_no_matter_of_kubernetes_policies() -> None:
    kubernetes = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}
"""
    lone = SET.replace(", labels: {app: edge}", "")
    assert [
        list(find("selection")(cluster_of(lone + one), {"problem": "unlabelled-set"})) != []
        for one in (
            RULE,
            kubernetes,
        )
    ] == [True, False]


API = RULE.replace("app == 'edge'", "component == 'kube-apiserver'")
IN_SYSTEM = "namespaceSelector: projectcalico.org/name == 'kube-system'"


@pytest.mark.parametrize(
    ("manifests", "told"),
    [
        (API, True),
        (API.replace("kube-apiserver'", "kube-apiserver', " + IN_SYSTEM), True),
        (API.replace("kube-apiserver'", "kube-apiserver' && tier == 'control-plane'"), True),
        (API.replace("kube-apiserver'", "kube-apiserver' && tier == 'web'"), False),
        (API.replace("component == 'kube-apiserver'", "tier == 'control-plane'"), False),
        (API.replace("kube-apiserver'", "kube-apiserver', " + IN_SYSTEM.replace("kube-", "vcluster-")), False),
        (API.replace("component == 'kube-apiserver'", "component == 'gateway'"), False),
        (API.replace("component == 'kube-apiserver'", "\"component in {'kube-apiserver', 'gateway'}\""), False),
        (
            SUBJECT.replace("edge,", "api,")
            .replace("namespace: edge", "namespace: kube-system")
            .replace("app == 'edge'", "k8s-app == 'kube-proxy'"),
            True,
        ),
        (SUBJECT.replace("app == 'edge'", "k8s-app == 'kube-proxy'"), False),
        (API + ORDINARY.replace("app: edge", "component: kube-apiserver"), False),  # a control plane made of pods
        (API + SET.replace("app: edge", "component: kube-apiserver"), False),
    ],
)
def test_pods_that_every_cluster_has(manifests: str, told: bool) -> None:
    found = list(find("selection")(cluster_of(manifests), {"problem": "host-network"}))
    assert ["the pods of kube-" in one.message for one in found] == [True] * told
