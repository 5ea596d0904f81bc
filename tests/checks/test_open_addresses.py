"""What a peer with a variable may call is looked up among the addresses of nodes, not searched for in each."""

from __future__ import annotations

import json

import pytest

from callint.bgp.network import network
from callint.checks.bgp.unsettled import unsettled
from callint.facts import NodeFacts
from callint.steps import Steps
from manifests import calico, cluster_of

NODES = range(1, 7)
ADDRESSES = NodeFacts.addresses


def reads(peers: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often the addresses of a node are gone through to tell which sessions of the mesh are settled."""
    objects = [calico("Node", f"n{one}", {"bgp": {"ipv4Address": f"10.0.0.{one}/24"}}) for one in NODES]
    for number in range(peers):
        about = {"nodeSelector": "all()", "peerIP": f"10.8.0.{number + 1}", "asNumber": "${AS}"}
        objects.append(calico("BGPPeer", f"p{number}", about))
    facts = [
        {"version": 1, "node": f"n{one}", "interfaces": [{"name": "wg0", "addresses": [f"10.9.0.{one}/24"]}]}
        for one in NODES
    ]
    cluster = cluster_of(objects, facts="---\n".join(json.dumps(one) + "\n" for one in facts), judged=True)
    count = 0

    def counted(self: NodeFacts) -> object:
        nonlocal count
        count += 1
        return ADDRESSES.__get__(self)

    monkeypatch.setattr(NodeFacts, "addresses", property(counted))
    steps = Steps(cluster, "sessions")
    concerned = [unsettled(cluster).concerns(one, steps) for one in network(cluster).kinds(4) if one.form.peer is None]
    assert concerned
    assert not any(concerned)
    return count


def test_each_node_is_gone_through_once_however_many_peers_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reads(20, monkeypatch) == reads(2, monkeypatch)
