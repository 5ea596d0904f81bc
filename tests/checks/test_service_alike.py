"""What nodes need that policy treats alike, and that loses it by different rules."""

from __future__ import annotations

from callint.checks import find
from manifests import calico, cluster_of

ADDRESSES = {"a": "10.0.0.1", "b": "10.0.0.2", "c": "10.0.0.3"}
NEED = {"name": "quotes", "at": [{"listener": {"ports": 99}}], "direction": "in", "peers": ["somebody"]}


def test_nodes_that_anybody_may_ask_are_told_of_by_the_rule_that_drops_theirs() -> None:
    ends = [
        calico("HostEndpoint", name, {"node": name, "interfaceName": "eth0", "expectedIPs": [address]})
        for name, address in ADDRESSES.items()
    ]
    deny = [{"action": "Deny", "destination": {"nets": [f"10.0.0.{number}/32"]}} for number in (1, 2)]
    closed = calico("GlobalNetworkPolicy", "hosts", {"selector": "all()", "types": ["Ingress"], "ingress": deny})
    facts = "---\n".join(
        f"version: 1\nnode: {name}\ninterfaces: [{{name: eth0, addresses: [{address}/24]}}]\n"
        f"listening: [{{protocol: udp, port: 99, address: {address}}}]\n"
        for name, address in ADDRESSES.items()
    )
    breaches = list(
        find("flow-required")(cluster_of([*ends, closed], facts=facts), {**NEED, "protocol": "UDP", "ports": 99})
    )
    assert [(breach.message.partition('" at')[0], breach.path) for breach in breaches] == [
        ('quotes to node "a', ("spec", "ingress", 0, "action")),
        ('quotes to node "b', ("spec", "ingress", 1, "action")),
        ('quotes to node "c', ("spec", "ingress")),
    ]
