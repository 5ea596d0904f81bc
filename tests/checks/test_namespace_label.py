"""Labels of namespaces that selectors ask of pods: where no pod can have them, and where none does."""

from __future__ import annotations

import pytest

from callint.calico import Target
from callint.checks import Breach, find
from manifests import cluster_of, pod

CALICO = """
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: web}
spec: {SUBJECT, types: [Ingress], ingress: [{action: Allow, source: {PEER}}]}
"""
KUBERNETES = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {SUBJECT}, policyTypes: [Ingress], ingress: [{from: [{PEER}], ports: [{port: 80}, {port: 443}]}]}
"""
ADMIN = """
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: web}
spec: {tier: Admin, priority: 1, subject: {SUBJECT}, ingress: [{action: Deny, from: [{PEER}]}]}
"""
NAME = "kubernetes.io/metadata.name"
LABELS = f"podSelector: {{matchLabels: {{{NAME}: a}}}}"
OUT = f"{{key: {NAME}, operator: NotIn, values: [a]}}"
TERMS = f"podSelector: {{matchExpressions: [{{key: app, operator: Exists}}, {OUT}]}}"
ANY = "namespaceSelector: {}"
SET = f"""
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {{name: odd, labels: {{{NAME}: a}}}}
spec: {{nets: [192.0.2.0/24]}}
"""
SHOP = """
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: sales}}
"""
OPS = SHOP.replace("shop", "monitoring").replace("sales", "ops")
PODS = "---\n" + pod("web", "shop", "10.1.0.1", "a", app="web")
OF_NAMESPACE = CALICO.replace("Global", "").replace("name: web", "name: web, namespace: shop")


def policy(form: str, subject: str = "selector: app == 'web'", peer: str = "nets: [192.0.2.0/24]") -> str:
    return form.replace("SUBJECT", subject).replace("PEER", peer)


def told(manifests: str) -> list[Breach]:
    return list(find("namespace_label")(cluster_of(manifests, Target((3, 32))), {}))


def network(peer: str = "podSelector: {matchLabels: {team: ops}}", subject: str = "matchLabels: {app: web}") -> str:
    return policy(KUBERNETES, subject, peer)


@pytest.mark.parametrize(
    ("manifests", "path", "out"),
    [
        (policy(CALICO, f"selector: {NAME} == 'a'"), "spec selector", False),
        (policy(CALICO, f"selector: has(app) && {NAME} != 'a'"), "spec selector", True),
        (policy(CALICO, f"selector: \"{NAME} not in {{'a'}}\""), "spec selector", True),
        (policy(CALICO, f"selector: \"{NAME} in {{'a'}}\""), "spec selector", False),
        (policy(CALICO, f"selector: '!has({NAME})'"), "spec selector", False),
        (policy(CALICO, "selector: projectcalico.org/name == 'a'"), "spec selector", False),
        (policy(CALICO, "selector: projectcalico.org/namespace == 'a'"), "", False),
        (policy(CALICO, f"selector: pcns.{NAME} == 'a'"), "", False),
        (policy(CALICO, f"namespaceSelector: {NAME} == 'a'"), "", False),
        (policy(CALICO, "serviceAccountSelector: projectcalico.org/name == 'a'"), "", False),
        (policy(CALICO, peer=f"selector: {NAME} == 'a'"), "spec ingress 0 source selector", False),
        (policy(CALICO, peer=f"namespaceSelector: {NAME} == 'a'"), "", False),
        (policy(CALICO, f"selector: {NAME} == 'a'") + SET, "", False),
        (network(LABELS), f"spec ingress 0 from 0 podSelector matchLabels {NAME}", False),
        (network(f"{LABELS}, {ANY}"), f"spec ingress 0 from 0 podSelector matchLabels {NAME}", False),
        (network(TERMS), "spec ingress 0 from 0 podSelector matchExpressions 1 key", True),
        (network(LABELS.replace("pod", "namespace")), "", False),
        (network(ANY, f"matchLabels: {{{NAME}: a}}"), f"spec podSelector matchLabels {NAME}", False),
        (network(LABELS) + "---\n" + pod("odd", "shop", "10.1.0.1", "a", **{NAME: "a"}), "", False),
        (
            policy(ADMIN, f"pods: {{{LABELS}}}", "namespaces: {}"),
            f"spec subject pods podSelector matchLabels {NAME}",
            False,
        ),
        (
            policy(ADMIN, "namespaces: {}", f"pods: {{{LABELS}}}"),
            f"spec ingress 0 from 0 pods podSelector matchLabels {NAME}",
            False,
        ),
    ],
)
def test_a_namespace_by_its_name(manifests: str, path: str, out: bool) -> None:
    found = told(manifests)
    assert [" ".join(map(str, one.path)) for one in found] == ([path] if path else [])
    assert ["leaves none out" in one.message for one in found] == ([out] if path else [])


@pytest.mark.parametrize(
    ("manifests", "meant"),
    [
        (network() + SHOP + OPS + PODS, True),
        (policy(OF_NAMESPACE, peer="selector: team == 'ops'") + SHOP + OPS + PODS, True),
        (policy(OF_NAMESPACE, peer="notSelector: team == 'ops'") + SHOP + OPS + PODS, False),
        (
            policy(CALICO, peer="selector: team == 'ops'") + SHOP + OPS + PODS,
            False,
        ),  # pods of any namespace may have it
        (network() + SHOP + OPS, False),  # pods are kept elsewhere
        (network() + SHOP + PODS, False),
        (network() + OPS + PODS, False),  # the namespace may have it as well, and its pods from there
        (network() + SHOP.replace("sales", "ops") + OPS + PODS, False),
        (network(subject="matchLabels: {team: ops}", peer=ANY) + SHOP + OPS + PODS, False),
        (network(f"podSelector: {{matchLabels: {{team: ops}}}}, {ANY}") + SHOP + OPS + PODS, False),
        (network("podSelector: {matchLabels: {team: ops, app: web}}") + SHOP + OPS + PODS, False),
        (
            network("podSelector: {matchExpressions: [{key: team, operator: NotIn, values: [a]}]}") + SHOP + OPS + PODS,
            False,
        ),
        (
            network("podSelector: {matchExpressions: [{key: team, operator: In, values: [ops]}]}") + SHOP + OPS + PODS,
            True,
        ),
        (network() + SHOP + OPS + PODS.replace("app: web", "app: web, team: it"), False),
        (network() + SHOP + OPS + PODS.replace("namespace: shop", "namespace: mail"), False),
        (network() + SHOP.replace("sales", "'${TEAM}'") + OPS + PODS, False),
        (network().replace(", namespace: shop", "") + SHOP + OPS + PODS, False),
        (
            network()
            + SHOP
            + OPS
            + PODS
            + "---\napiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: a}\n",
            False,
        ),
        (
            network() + SHOP + OPS + PODS + "---\napiVersion: a.io/v1\nkind: A\nmetadata: {name: a, namespace: shop}\n",
            False,
        ),
        (
            network() + SHOP + OPS + PODS + "---\napiVersion: a.io/v1\nkind: A\nmetadata: {name: a, namespace: b}\n",
            True,
        ),
        (network() + SHOP + OPS + PODS + "---\napiVersion: a.io/v1\nkind: A\nmetadata: {name: a}\n", False),
    ],
)
def test_another_namespace_by_its_label(manifests: str, meant: bool) -> None:
    assert ['namespace "monitoring" has and no pod' in one.message for one in told(manifests)] == [True] * meant
