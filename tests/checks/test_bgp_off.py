"""Installations without BGP, and what is there for it to do."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import find
from callint.checks.bgp.routed_pools import routed
from callint.net.prefixes import PrefixSet
from manifests import calico, cluster_of, installation

OFF = installation(calicoNetwork={"bgp": "Disabled", "ipPools": [{"cidr": "10.244.0.0/16", "encapsulation": "VXLAN"}]})
PEERS = [calico("BGPPeer", name, {"peerIP": "10.0.0.1", "asNumber": 64512}) for name in ("a", "b")]
RANGE = [{"cidr": "192.0.2.0/24"}]


def announcing(**spec: Any) -> dict[str, Any]:
    return calico("BGPConfiguration", "default", spec)


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        (PEERS[:1], ['BGPPeer "a" has no effect']),
        (PEERS, ['BGPPeer "a" and 1 more have no effect']),
        ([announcing(serviceLoadBalancerIPs=RANGE)], ['BGPConfiguration "default" announces nothing']),
        ([announcing(serviceExternalIPs=RANGE)], ['BGPConfiguration "default" announces nothing']),
        ([announcing(serviceClusterIPs=RANGE)], []),  # Felix drops loops of packets to them
        ([announcing(asNumber=64512, nodeToNodeMeshEnabled=True)], []),
    ],
)
def test_what_is_idle_without_bgp(objects: list[dict[str, Any]], words: list[str]) -> None:
    found = find("backend")(cluster_of([OFF, *objects]), {"problem": "disabled"})
    assert [one.message.partition("any node and ")[2] for one in found] == words


def test_a_pool_is_asked_for_itself_among_many(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    turned = PrefixSet.__invert__

    def turning(one: PrefixSet) -> PrefixSet:
        sizes.append(len(one.starts))
        return turned(one)

    monkeypatch.setattr(PrefixSet, "__invert__", turning)
    pools = [{"cidr": f"10.{number}.0.0/24", "vxlanMode": "Always"} for number in range(50)]
    cluster = cluster_of([calico("IPPool", f"p{number}", one) for number, one in enumerate(pools)])
    assert routed(cluster) == ()
    assert max(sizes, default=0) <= 3
