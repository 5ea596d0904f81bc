"""Fields of BGPPeers that count for other kinds of peers only, where a variable or nothing stands in them."""

from __future__ import annotations

import pytest

from callint.checks import find
from manifests import cluster_of

NODE = "{apiVersion: projectcalico.org/v3, kind: Node, metadata: {name: a}, spec: {bgp: {ipv4Address: 10.0.0.1/24}}}"
PEER = "{apiVersion: projectcalico.org/v3, kind: BGPPeer, metadata: {name: p}, spec: {%s}}"
KEPT = "peerIP: 10.0.0.9, keepOriginalNextHop: true"


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("peerSelector: all(), localASNumber: 65000, numAllowedLocalASNumbers: 1", 2),
        ('peerSelector: all(), localASNumber: "${AS}"', 0),
        ('peerSelector: "${NODES}", localASNumber: 65000', 1),
        ('peerSelector: all(), peerIP: "${TOR}", localASNumber: 65000', 0),
        ('peerSelector: all(), localWorkloadSelector: "${PODS}", localASNumber: 65000', 0),
        ("localWorkloadSelector: all(), asNumber: 65000, reachableBy: 10.0.0.1, ttlSecurity: 1", 2),
        ('localWorkloadSelector: all(), asNumber: 65000, reachableBy: "", password: {}', 0),
        ('localWorkloadSelector: all(), asNumber: 65000, ttlSecurity: "${TTL}"', 0),
        ('localWorkloadSelector: all(), password: {secretKeyRef: {name: "${SECRET}", key: a}}', 1),
        ('localWorkloadSelector: "${PODS}", peerIP: 10.0.0.9, asNumber: 65000, reachableBy: 10.0.0.1', 0),
        ('localWorkloadSelector: "${PODS}", asNumber: 65000, reachableBy: 10.0.0.1', 1),
        (f"{KEPT}, asNumber: 64512", 1),
        (f'{KEPT}, asNumber: "${{AS}}"', 0),
        (f'{KEPT}, asNumber: 64512, localASNumber: "${{AS}}"', 0),
    ],
)
def test_what_a_variable_may_leave_out_is_not_told(spec: str, told: int) -> None:
    cluster = cluster_of(f"{NODE}\n---\n{PEER % spec}", judged=True)
    assert len(list(find("peer_field")(cluster, {"problem": "ignored"}))) == told


def test_in_which_as_a_node_is_may_be_left_open() -> None:
    peer = PEER % f"{KEPT}, asNumber: 64512"
    node = NODE.replace("10.0.0.1/24", '10.0.0.1/24, asNumber: "${AS}"')
    for about, told in ((NODE, 1), (node, 0)):
        cluster = cluster_of(f"{about}\n---\n{peer}", judged=True)
        assert len(list(find("peer_field")(cluster, {"problem": "ignored"}))) == told
