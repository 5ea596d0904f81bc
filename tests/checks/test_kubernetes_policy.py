"""Rules about Kubernetes policies: what another policy of the same pods makes good."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks.policy import kubernetes_policy
from manifests import calico, cluster_of

WEB: dict[str, Any] = {"matchLabels": {"app": "web"}}
BARE = {"ports": [{"port": 53}]}
UDP = {"ports": [{"port": 53, "protocol": "UDP"}]}


def policy(name: str, selector: dict[str, Any], rule: dict[str, Any], namespace: str = "shop") -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": selector, "policyTypes": ["Egress"], "egress": [rule]},
    }


def calico_policy(selector: str, rule: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return calico("GlobalNetworkPolicy", "own", {"selector": selector, "types": ["Egress"], "egress": [rule], **spec})


def admin_policy(action: str) -> dict[str, Any]:
    rule = {"action": action, "to": [{"namespaces": {}}]}
    spec = {"priority": 5, "subject": {"namespaces": {}}, "egress": [rule]}
    kind = {"apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy"}
    return {**kind, "metadata": {"name": "admin"}, "spec": spec}


ASK = {"action": "Allow", "protocol": "UDP", "destination": {"ports": [53]}}


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (policy("dns", {}, UDP), False),
        (policy("dns", WEB, UDP), False),
        (policy("dns", {"matchLabels": {"app": "db"}}, UDP), True),
        (policy("dns", {}, UDP, "elsewhere"), True),
        (policy("dns", {}, {"ports": [{"port": 53, "protocol": "TCP"}]}), True),
        (policy("dns", {}, {"ports": [{"protocol": "UDP"}]}), False),
        (policy("dns", {}, {"ports": [{"protocol": "UDP", "port": 1, "endPort": 65535}]}), False),
        (policy("dns", {}, {"ports": [{"protocol": "UDP", "port": "dns"}]}), False),
        (policy("dns", {}, {"ports": [{"protocol": "UDP", "port": 54, "endPort": 60}]}), True),
        (policy("dns", {}, {"to": [{"podSelector": {}}]}), False),
        (calico_policy("app == 'web'", ASK), False),
        (calico_policy("all()", ASK, order=10), False),
        (calico_policy("all()", {"action": "Pass"}), False),
        (admin_policy("Allow"), False),
        (admin_policy("Deny"), True),
        (calico_policy("app == 'db'", ASK), True),
        (calico_policy("has(app)", ASK), False),
        (calico_policy("has(team)", ASK), True),
        (calico_policy("all()", {**ASK, "protocol": "TCP"}), True),
        (calico_policy("all()", {**ASK, "action": "Deny"}, order=10), True),
        (calico_policy("all()", ASK, types=["Ingress"]), True),
    ],
)
def test_names_are_asked_for_where_another_policy_lets_the_pods(other: dict[str, Any], told: bool) -> None:
    cluster = cluster_of([policy("web", WEB, BARE), other], Target(release=(3, 31)))
    found = kubernetes_policy.check(cluster, {"problem": "dns-over-tcp-alone"})
    assert [breach.object.name for breach in found if breach.object] == (["web"] if told else [])


def test_a_policy_without_namespace_is_of_the_default_one() -> None:
    bare = policy("web", WEB, BARE)
    del bare["metadata"]["namespace"]
    (found,) = kubernetes_policy.check(cluster_of([bare]), {"problem": "dns-over-tcp-alone"})
    assert found.message.startswith('NetworkPolicy "default/web" opens port 53')


@pytest.mark.parametrize(
    ("block", "pool", "told"),
    [
        ("10.9.0.5/32", {}, True),
        ("10.9.0.0/16", {}, False),
        ("10.0.0.0/8", {}, False),
        # whoever has such addresses has asked for them
        ("10.9.0.5/32", {"nodeSelector": "!all()"}, False),
        ("10.9.0.5/32", {"assignmentMode": "Manual"}, False),
        ("10.9.0.5/32", {"nodeSelector": "has(zone)"}, True),
        ("10.9.0.5/32", {"disabled": True}, False),
    ],
)
def test_addresses_of_pods_that_others_may_get(block: str, pool: dict[str, Any], told: bool) -> None:
    web = policy("web", WEB, {"to": [{"ipBlock": {"cidr": block}}]})
    cluster = cluster_of([web, calico("IPPool", "pods", {"cidr": "10.9.0.0/16", **pool})])
    found = list(kubernetes_policy.check(cluster, {"problem": "pod-addresses"}))
    assert [one.path for one in found] == [("spec", "egress", 0, "to", 0, "ipBlock", "cidr")] * told


@pytest.mark.parametrize(("block", "told"), [("10.9.0.1/32", False), ("10.9.0.2/32", True), ("10.9.0.0/26", True)])
def test_the_address_of_a_tunnel_is_its_nodes(block: str, told: bool) -> None:
    node: dict[str, Any] = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}}
    node["metadata"]["annotations"] = {"projectcalico.org/IPv4VXLANTunnelAddr": "10.9.0.1"}
    web = policy("web", WEB, {"to": [{"ipBlock": {"cidr": block}}]})
    cluster = cluster_of([web, node, calico("IPPool", "pods", {"cidr": "10.9.0.0/16", "vxlanMode": "Always"})])
    assert bool(list(kubernetes_policy.check(cluster, {"problem": "pod-addresses"}))) is told


NAMED = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: NAME, namespace: shop}
spec: {podSelector: {}, SPEC}
"""


@pytest.mark.parametrize(
    ("name", "spec", "path"),
    [
        ("deny-all", "policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]", ("spec", "ingress", 0)),
        ("default-deny", "policyTypes: [Ingress, Egress], ingress: [], egress: [{}]", None),
        ("default-deny-egress", "policyTypes: [Ingress, Egress], ingress: [], egress: [{}]", ("spec", "egress", 0)),
        ("deny-by-default", "ingress: [{ports: [{port: 80}]}, {}]", ("spec", "ingress", 1)),
        ("deny-all-ingress", "ingress: [{from: []}]", ("spec", "ingress", 0)),
        ("deny-all-ingress", "ingress: [{from: [], ports: [{port: 80}]}]", None),
        ("deny-all-ingress", "ingress: [{from: [{podSelector: {}}]}]", None),
        ("deny-all", "policyTypes: [Ingress]", None),
        ("deny-all", "ingress: [{ports: [{port: 80}]}]", None),
        ("deny-metadata", "policyTypes: [Egress], egress: [{}]", None),  # what it denies is in another policy
        ("allow-all", "policyTypes: [Ingress], ingress: []", ("spec", "ingress")),
        ("allow-all-egress", "policyTypes: [Egress]", ("metadata", "name")),
        ("allow-all-egress", "policyTypes: [Ingress, Egress], egress: [{}]", None),
        ("allow-all", "policyTypes: [Ingress], ingress: [{}]", None),
        ("allow-ingress", "policyTypes: [Ingress], ingress: []", None),
        ("allow-all", "policyTypes: [Ingress, Egress], ingress: [{}]", ("metadata", "name")),
        ("allow-all-ingress", "policyTypes: [Ingress, Egress], ingress: [{}]", None),
        ("allow-all-egress", "egress: []", None),  # of which the API server makes no type
        ("deny-all-ingress", "policyTypes: [Egress], egress: [{}]", None),
        ("allow-deny-all", "policyTypes: [Ingress], ingress: []", None),
    ],
)
def test_names_that_say_the_opposite(name: str, spec: str, path: tuple[str | int, ...] | None) -> None:
    cluster = cluster_of(NAMED.replace("NAME", name).replace("SPEC", spec))
    found = list(kubernetes_policy.check(cluster, {"problem": "belied-name"}))
    assert [one.path for one in found] == ([] if path is None else [path])


@pytest.mark.parametrize(
    ("spec", "denied"),
    [("policyTypes: [Ingress, Ingress]", "ingress"), ("policyTypes: [Ingress, Egress], ingress: [{}]", "egress")],
)
def test_directions_that_are_told(spec: str, denied: str) -> None:
    cluster = cluster_of(NAMED.replace("NAME", "allow-all").replace("SPEC", spec))
    (found,) = kubernetes_policy.check(cluster, {"problem": "belied-name"})
    assert f"denies all {denied}:" in found.message
