"""Staged policies: never enforced, and what would become of packets if they were."""

from __future__ import annotations

from typing import Any

import pytest

from callint.objects import Intent
from callint.policy import Model, NodePolicy, Packet, evaluate
from callint.policy.symbolic.engine import Engine
from manifests import calico, cluster_of

HOST = calico("HostEndpoint", "h", {"node": "n", "interfaceName": "eth0"}, labels={"side": "in"})
POD = calico(
    "WorkloadEndpoint",
    "w",
    {
        "node": "n",
        "orchestrator": "k8s",
        "interfaceName": "cali1",
        "ipNetworks": ["10.1.0.1/32"],
        "profiles": ["kns.red"],
    },
    namespace="red",
    labels={"app": "web"},
)
TO_HOST = Packet("eth0", None, "9.9.9.9", "192.0.2.1", "tcp", 40000, 80)
TO_POD = Packet("eth7", "cali1", "9.9.9.9", "10.1.0.1", "tcp", 40000, 80)
ALLOW = [{"action": "Allow", "protocol": "TCP"}]
HOSTS: dict[str, Any] = {"selector": "side == 'in'", "types": ["Ingress"], "ingress": ALLOW}
PODS: dict[str, Any] = {"selector": "app == 'web'", "types": ["Ingress"], "ingress": [{"action": "Deny"}]}
KUBERNETES: dict[str, Any] = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"ports": [{"port": 80}]}]}

OTHER: dict[str, Any] = {"ports": [{"protocol": "UDP"}]}


def kubernetes(name: str, **spec: Any) -> dict[str, Any]:
    about = {"name": name, "namespace": "red"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": about, "spec": KUBERNETES | spec}


@pytest.mark.parametrize(
    ("policies", "packet", "now", "then"),
    [
        ([calico("StagedGlobalNetworkPolicy", "p", HOSTS)], TO_HOST, "drop", "accept"),
        (
            [
                calico("GlobalNetworkPolicy", "p", HOSTS),
                calico("StagedGlobalNetworkPolicy", "p", {**HOSTS, "ingress": [{"action": "Deny"}]}),
            ],
            TO_HOST,
            "accept",
            "drop",
        ),
        (
            [
                calico("GlobalNetworkPolicy", "p", HOSTS),
                calico("StagedGlobalNetworkPolicy", "q", {**HOSTS, "order": 1, "ingress": [{"action": "Deny"}]}),
            ],
            TO_HOST,
            "accept",
            "drop",
        ),
        (
            [
                calico("GlobalNetworkPolicy", "p", HOSTS),
                calico("StagedGlobalNetworkPolicy", "p", {"stagedAction": "Delete"}),
            ],
            TO_HOST,
            "accept",
            "drop",
        ),
        ([calico("StagedNetworkPolicy", "p", PODS, namespace="red")], TO_POD, "accept", "drop"),
        (
            [
                calico("NetworkPolicy", "p", PODS, namespace="red"),
                calico("StagedNetworkPolicy", "p", {"stagedAction": "Delete"}, namespace="red"),
                calico("StagedNetworkPolicy", "p", {"stagedAction": "Delete"}, namespace="blue"),
            ],
            TO_POD,
            "drop",
            "accept",
        ),
        (
            [calico("StagedKubernetesNetworkPolicy", "k", {**KUBERNETES, "ingress": []}, namespace="red")],
            TO_POD,
            "accept",
            "drop",
        ),
        (
            [calico("StagedKubernetesNetworkPolicy", "k", {**KUBERNETES, "ingress": [OTHER]}, namespace="red")],
            TO_POD,
            "accept",
            "drop",
        ),
        (
            [
                kubernetes("k", ingress=[]),
                calico("StagedKubernetesNetworkPolicy", "k", KUBERNETES, namespace="red"),
                calico("StagedNetworkPolicy", "k", {"stagedAction": "Delete"}, namespace="red"),
            ],
            TO_POD,
            "drop",
            "accept",
        ),
        (
            [
                kubernetes("k", ingress=[]),
                calico("StagedKubernetesNetworkPolicy", "k", {"stagedAction": "Delete"}, namespace="red"),
            ],
            TO_POD,
            "drop",
            "accept",
        ),
    ],
)
def test_now_and_then(policies: list[dict[str, Any]], packet: Packet, now: str, then: str) -> None:
    cluster = cluster_of([HOST, POD, *policies], intent=Intent(complete=("Pod",)))
    for staged, expected in ((False, now), (True, then)):
        model = Model(cluster, staged=staged)
        assert evaluate(NodePolicy(model, "n", {"eth0": None, "eth7": None}), packet).outcome == expected
        if packet is TO_HOST:
            web = Engine(model, 4).node("n").went("eth0", None)
            boxes = [box for box in web.of(expected).boxes() if (80, 80) in box.get("destination_port", ((80, 80),))]
            assert boxes
