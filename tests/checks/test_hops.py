"""Peers with `ttlSecurity` for neighbours: who is one, as facts and `reachableBy` tell."""

from __future__ import annotations

import pytest

from callint.checks import find
from manifests import cluster_of

PEER = """
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: one}
spec: {bgp: {ipv4Address: 10.0.0.2/24}}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: core}
spec: {nodeSelector: all(), peerIP: 10.9.0.1, asNumber: 65001, ttlSecurity: 1}
"""
FACTS = """
version: 1
node: one
interfaces:
  - {name: eth0, addresses: [10.0.0.2/24]}
  - {name: eth1, addresses: [10.8.0.2/24]}
routes:
  - {to: default, via: 10.0.0.1, interface: eth0}
  - {to: 10.0.0.0/24, interface: eth0, protocol: kernel}
"""
BY = PEER.replace("ttlSecurity: 1", "ttlSecurity: 1, reachableBy: 10.0.0.1")


@pytest.mark.parametrize(
    ("manifests", "facts", "router"),
    [
        (PEER, FACTS, "10.0.0.1"),
        (PEER.replace("ttlSecurity: 1", "ttlSecurity: 2"), FACTS, None),
        (PEER.replace(", ttlSecurity: 1", ""), FACTS, None),
        (PEER.replace("10.9.0.1", "10.8.0.1"), FACTS, None),  # in a network of its own
        (PEER.replace("10.9.0.1", "10.0.0.1"), FACTS, None),
        (PEER, FACTS + "  - {to: 10.9.0.1/32, interface: eth1}\n", None),  # a narrower route without a router
        (PEER, FACTS + "  - {to: 10.9.0.0/24, via: 10.9.0.1, interface: eth1}\n", None),  # it is the router
        (PEER, FACTS + "  - {to: 10.9.0.0/24, via: 10.8.0.1, interface: eth1}\n", "10.8.0.1"),
        (PEER, FACTS.partition("routes:")[0], None),
        (PEER, "", None),
        (BY, "", "10.0.0.1"),
        (BY.replace("10.0.0.1", "10.9.0.1"), "", None),
    ],
)
def test_who_is_no_neighbour(manifests: str, facts: str, router: str | None) -> None:
    found = list(find("hops")(cluster_of(manifests, facts=facts), {}))
    assert [one.message.rpartition(" ")[2] for one in found] == [router] * bool(router)
