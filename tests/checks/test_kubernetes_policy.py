"""Rules about Kubernetes policies: what another policy of the same pods makes good."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import kubernetes_policy
from manifests import cluster_of

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


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (policy("dns", {}, UDP), False),
        (policy("dns", WEB, UDP), False),
        (policy("dns", {"matchLabels": {"app": "db"}}, UDP), True),
        (policy("dns", {}, UDP, "elsewhere"), True),
        (policy("dns", {}, {"ports": [{"port": 53, "protocol": "TCP"}]}), True),
        (policy("dns", {}, {"ports": [{"protocol": "UDP"}]}), False),
        (policy("dns", {}, {"to": [{"podSelector": {}}]}), False),
    ],
)
def test_names_are_asked_for_where_another_policy_lets_the_pods(other: dict[str, Any], told: bool) -> None:
    cluster = cluster_of([policy("web", WEB, BARE), other])
    found = kubernetes_policy.check(cluster, {"problem": "dns-over-tcp-alone"})
    assert [breach.object.name for breach in found if breach.object] == (["web"] if told else [])
